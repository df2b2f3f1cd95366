"""The systems of a prepared tree: roles are the names of its jobs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from qdstruct import outputs
from qdstruct.model import Job
from qdstruct.pipeline.analysing.systems import Settings, System, Workbench
from qdstruct.pipeline.bader import has_bader_files
from qdstruct.pipeline.trajectories import SNAPSHOTS

__all__ = ["tree_bench"]

KINDS = ("static", "difference", "states", "dos")
"""Kinds of jobs whose outputs are analysed here, the best for energies and densities first."""
PART_FOLDERS = ("difference", "adhesion")
"""Folders whose every job is a system of its own."""


def tree_bench(
    root: Path,
    jobs: Sequence[Job],
    states: Mapping[str, str],
    *,
    settings: Settings | None = None,
) -> Workbench:
    """Lay out the outputs of a tree's finished jobs.

    Parameters
    ----------
    root : Path
        The tree.
    jobs : sequence of Job
        Every job, with its regions in POSCAR order.
    states : mapping
        Job name → state.
    settings : Settings, optional
        How the analysis is done.
    """
    known = [job for job in jobs if job.kind in KINDS or _role(job) != job.name.split("/")[0]]
    by_role: dict[str, list[Job]] = {}
    for job in known:
        by_role.setdefault(_role(job), []).append(job)
    systems = {}
    for role, members in by_role.items():
        ordered = sorted(members, key=lambda job: KINDS.index(job.kind) if job.kind in KINDS else 0)
        places = [_files(root / job.name, job.kind) for job in ordered
                  if states.get(job.name) in ("done", "lost")]  # fmt: skip
        if any(places):
            regions = next((job.regions for job in ordered if job.regions), ())
            single = len(set(regions)) < 2
            systems[role] = System(role, tuple(places), () if single else regions)

    def absent(role: str, name: str) -> str:
        return _absent(by_role.get(role, ()), role, name, states)

    done = [job for job in jobs if states.get(job.name) in ("done", "lost")]
    relaxed = [job.name for job in done if job.kind == "relax" and _role(job) == "interface"]
    steps = root / SNAPSHOTS
    return Workbench(
        systems=systems,
        bader_place=_bader_place([root / job.name for job in done if _role(job) == "interface"]),
        relaxation=root / relaxed[0] if relaxed else None,
        trajectory=steps if steps.is_dir() else None,
        absent=absent,
        label=lambda path: _label(root, path),
        settings=settings or Settings(),
    )


def _bader_place(places: Sequence[Path]) -> Path | None:
    """Return the first directory with a density and what its partition needs or gave."""
    return next((place for place in places if has_bader_files(place)), None)


def _role(job: Job) -> str:
    folder = job.name.split("/")[0]
    return job.name if folder in PART_FOLDERS else folder


def _files(directory: Path, kind: str) -> dict[str, Path]:
    found = [each for each in outputs.find_calculations(directory) if each.directory == directory]
    files = dict(found[0].files) if found else {}
    if kind == "states":
        return {name: path for name, path in files.items() if name.startswith("PARCHG")}
    if kind == "dos":
        files.pop("CHGCAR", None)
        files |= {"dos": files["vasprun.xml"]} if "vasprun.xml" in files else {}
    return files


def _label(root: Path, path: Path) -> str:
    try:
        return path.resolve().relative_to(root.resolve()).as_posix()
    except ValueError:
        return str(path)


def _absent(jobs: Sequence[Job], role: str, name: str, states: Mapping[str, str]) -> str:
    kind = "dos" if name == "dos" else None
    makers = [job for job in jobs if job.kind == kind or (kind is None and job.kind != "dos")]
    makers = [job for job in makers if name in (*job.provides, "dos", "vasprun.xml", "OUTCAR")]
    if not makers:
        part = role.split("/")[0].split("-")[0]
        return f"{role} (not in this tree: calculation.include without '{part}')"
    job = makers[0]
    state = states.get(job.name, "not started")
    return f"{job.name} (done, but without {name})" if state == "done" else f"{job.name} ({state})"
