"""A tree as inputs for quacc: a script, the structures, and keywords of ASE's Vasp calculator."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from qdstruct.errors import InputError
from qdstruct.files import new_directory, write_atomically
from qdstruct.model import Job, JobTree, KPath
from qdstruct.pipeline.prepare import load_tree
from qdstruct.resources import data_folder

__all__ = ["LEFT_OUT", "vasp_keywords", "write_quacc"]

LEFT_OUT = {
    "states": "VASP ends it without closing vasprun.xml, which quacc reads",
    "displacement": "the displaced cells follow from the relaxed one; quacc has a phonon recipe",
    "md": "velocities go from one run to the next, which quacc does not hand on",
    "snapshot": "its structure is a configuration of a trajectory",
}
"""Kinds of jobs that are not exported, and why."""

Keywords = dict[str, Any]


def write_quacc(root: Path, target: Path, *, force: bool = False) -> dict[str, str]:
    """Write a tree as a quacc workflow: ``flow.py``, ``jobs.json`` and ``structures/``.

    quacc need not be installed here. The calculations are those of the tree, with its INCAR tags,
    k-points and potentials; later ones take the structures and files of earlier ones as they do
    in the tree. Our own checks of what VASP leaves are not part of it.

    Parameters
    ----------
    root : Path
        A prepared tree.
    target : Path
        Directory to make.
    force : bool
        Replace it.

    Returns
    -------
    dict
        Jobs that were left out → why.

    Raises
    ------
    InputError
        If `root` is no tree, or nothing of it can be exported.
    DestinationError
        If the directory exists (without `force`) or cannot be written.
    """
    tree = load_tree(root)
    left_out = _left_out(tree)
    jobs = [job for job in tree.jobs if job.name not in left_out]
    if not jobs:
        raise InputError(f"{root}: none of its {len(tree.jobs)} jobs can be handed to quacc")
    document = {
        "study": tree.study,
        "versions": tree.versions,
        "left_out": left_out,
        "jobs": {job.name: _entry(tree, job) for job in jobs},
    }
    with new_directory(target, marker="flow.py", force=force) as beside:
        (beside / "structures").mkdir()
        for job in jobs:
            poscar = (root / job.name / "POSCAR").read_text(encoding="utf-8")
            write_atomically(beside / _structure(job), poscar)
        text = json.dumps(document, indent=1, ensure_ascii=False)
        write_atomically(beside / "jobs.json", text)
        script = data_folder("templates") / "quacc" / "flow.py"
        write_atomically(beside / "flow.py", script.read_text(encoding="utf-8"))
    return left_out


def _left_out(tree: JobTree) -> dict[str, str]:
    found: dict[str, str] = {}
    for job in tree.jobs:
        missing = [parent for parent in job.parents if parent in found]
        if job.kind in LEFT_OUT:
            found[job.name] = LEFT_OUT[job.kind]
        elif missing:
            found[job.name] = f"it needs {missing[0]}"
    return found


def _structure(job: Job) -> str:
    return f"structures/{job.name.replace('/', '-')}.vasp"


def _entry(tree: JobTree, job: Job) -> dict[str, Any]:
    keep = None
    if job.keep_region is not None and job.structure_from is not None:
        regions = tree.job(job.structure_from).regions
        keep = [index for index, region in enumerate(regions) if region == job.keep_region]
    reads = {"CHGCAR*": job.charge_from, "WAVECAR*": job.orbitals_from}
    return {
        "kind": job.kind,
        "subject": job.subject,
        "structure": _structure(job),
        "structure_from": job.structure_from,
        "keep": keep,
        "files_from": job.charge_from or job.orbitals_from,
        "files": [name for name, source in reads.items() if source],
        "keywords": vasp_keywords(job),
    }


def vasp_keywords(job: Job) -> Keywords:
    """Return INCAR, k-points and potentials of a job as keywords of ``ase.calculators.vasp.Vasp``.

    A tag that the calculator does not know goes into its ``custom``. Lists per atom are in the
    order of POSCAR, whose atoms are grouped by species, as the calculator writes them.
    """
    keywords: Keywords = {}
    custom: dict[str, str] = {}
    for tag, entry in job.settings.items():
        kind, value = _kind(tag.lower()), entry["value"]
        if kind == "list":
            keywords[tag.lower()] = _numbers(value)
        elif kind == "one":
            keywords[tag.lower()] = value
        else:
            custom[tag] = _text(value)
    if job.settings.get("LSORBIT", {}).get("value") and "magmom" in keywords:
        custom["MAGMOM"] = _text(keywords.pop("magmom"))
    if custom:
        keywords["custom"] = custom
    elements = {label.partition("_")[0]: label for label in job.potentials}
    keywords["pp"] = "PBE"
    keywords["setups"] = {name: label.removeprefix(name) for name, label in elements.items()}
    return keywords | _kpoints(job)


def _kind(key: str) -> str:
    """Tell whether the calculator takes a tag as one value, as a list, or not at all."""
    from ase.calculators.vasp import create_input as known

    if key in known.list_int_keys or key in known.list_float_keys:
        return "list"
    single = (known.float_keys, known.exp_keys, known.string_keys, known.int_keys,
              known.bool_keys, known.special_keys)  # fmt: skip
    return "one" if any(key in keys for keys in single) else "custom"


def _numbers(value: object) -> list[float]:
    """Write out ``20*0 6*0.5``."""
    if isinstance(value, list):
        return [float(each) for each in value]
    numbers: list[float] = []
    for word in str(value).split():
        count, star, number = word.rpartition("*")
        numbers += [float(number)] * (int(count) if star else 1)
    return [int(number) if number.is_integer() else number for number in numbers]


def _text(value: object) -> str:
    if isinstance(value, bool):
        return ".TRUE." if value else ".FALSE."
    return " ".join(map(str, value)) if isinstance(value, list) else str(value)


def _kpoints(job: Job) -> Keywords:
    if job.kpath is not None:
        return {"kpts": _path_points(job.kpath), "reciprocal": True}
    return {"kpts": list(job.kpoints or (1, 1, 1)), "gamma": True}


def _path_points(path: KPath) -> list[list[float]]:
    """List the points of every line with equal weights, in fractions of the reciprocal axes."""
    last = path.points - 1
    return [
        [round(a + (b - a) * step / last, 10) for a, b in zip(start, end, strict=True)] + [1.0]
        for start, end in path.ends
        for step in range(path.points)
    ]
