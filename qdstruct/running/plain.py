"""A dependency chain of batch scripts that needs no Python where it runs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from qdstruct.errors import InputError
from qdstruct.files import write_atomically
from qdstruct.model import Job, JobResources
from qdstruct.running.locks import JOB_LOCK
from qdstruct.running.scripts import render_script
from qdstruct.running.slurm import sbatch_options

__all__ = ["PlainJob", "flux_options", "write_plain_scripts"]

JOB_SCRIPT = "plain.sh"
CHAIN_SCRIPT = "submit-all.sh"
ENDS_EARLY = frozenset({"states"})
"""Kinds after which VASP stops without finishing vasprun.xml and OUTCAR."""


@dataclass(frozen=True, kw_only=True)
class PlainJob:
    """What the script of one job needs to know."""

    job: Job
    """As prepared."""
    structure: str
    """``none``, ``whole`` or ``table``: how POSCAR is made from the parent's result."""
    repeat: tuple[int, int, int]
    """How often the parent's cell is repeated."""
    parent_atoms: int
    """Atoms of the parent."""
    species: str
    """Line 6 of POSCAR."""
    counts: str
    """Line 7 of POSCAR."""


def write_plain_scripts(
    root: Path,
    plans: Sequence[PlainJob],
    *,
    executor: str,
    engine: str,
    resources: Callable[[Job], JobResources],
    command: str,
) -> Path:
    """Write ``plain.sh`` into every job's directory and ``submit-all.sh`` into the tree.

    Parameters
    ----------
    root : Path
        The tree.
    plans : sequence of PlainJob
        One for each job, parents before children.
    executor : {"slurm", "flux"}
        Whose scripts.
    engine : str
        Name of the program, for the records.
    resources : callable
        Job → what it gets; its own command wins over `command`.
    command : str
        How the program is started, as typed in a shell.

    Returns
    -------
    Path
        The script that submits everything.

    Raises
    ------
    InputError
        For an executor without batch scripts, or an option that is none.
    DestinationError
        If a script cannot be written.
    """
    if executor not in ("slurm", "flux"):
        raise InputError(
            f"a chain of batch scripts needs a batch system, not '{executor}'",
            hint='write executor = "slurm" or "flux" in the profile',
        )
    root = root.resolve()
    chain = []
    for plan in plans:
        own = resources(plan.job)
        text = _job_script(root, plan, own, engine, own.command or command)
        _write_executable(root / plan.job.name / JOB_SCRIPT, text)
        options = sbatch_options(own) if executor == "slurm" else flux_options(own)
        parents = list(plan.job.parents)
        chain.append({"name": plan.job.name, "parents": parents, "options": options})
    text = render_script("plain/submit-all.sh", root=str(root), executor=executor, jobs=chain)
    _write_executable(root / CHAIN_SCRIPT, text)
    return root / CHAIN_SCRIPT


def _job_script(root: Path, plan: PlainJob, own: JobResources, engine: str, command: str) -> str:
    job = plan.job
    copies = [(job.charge_from, "CHGCAR"), (job.orbitals_from, "WAVECAR")]
    return render_script(
        "plain/job.sh",
        root=str(root),
        name=job.name,
        lock=JOB_LOCK,
        engine=engine,
        structure=plan.structure,
        structure_from=job.structure_from or "",
        result="XDATCAR" if job.frame is not None else "CONTCAR",
        frame=job.frame or 0,
        repeat=" ".join(map(str, plan.repeat)),
        parent_atoms=plan.parent_atoms,
        species=plan.species,
        counts=plan.counts,
        title=f"{job.name} [structure from {job.structure_from}]",
        copies=[(parent, name) for parent, name in copies if parent is not None],
        setup=list(own.shell_lines),
        command=command,
        provides=list(job.provides),
        whole=job.kind not in ENDS_EARLY,
        relaxes=job.kind == "relax",
    )


def _write_executable(path: Path, text: str) -> None:
    write_atomically(path, text)
    path.chmod(0o755)


def flux_options(resources: JobResources) -> list[str]:
    """Return the options of ``flux batch`` that ask for these resources.

    Flux counts a time limit in minutes and has no option for memory. Untested: no Flux was at hand.

    Raises
    ------
    InputError
        When memory is asked for, or a further option is none.
    """
    if resources.memory is not None:
        raise InputError(
            f"memory = {resources.memory!r}: flux batch has no option for memory",
            hint="leave memory out of the profile",
        )
    asked: list[tuple[str, object]] = [
        ("queue", resources.partition),
        ("bank", resources.account),
        ("nodes", resources.nodes),
        ("nslots", resources.tasks),
        ("time-limit", None if resources.walltime is None else f"{_minutes(resources.walltime)}m"),
        *resources.options.items(),
    ]
    found = []
    for name, value in asked:
        if value is False or "=" in name or not name.strip("-"):
            raise InputError(f"'{name}' = {value!r} is not an option of flux batch")
        if value is not None:
            found.append(f"--{name}" if value is True else f"--{name}={value}")
    return found


def _minutes(walltime: str) -> int:
    """Turn Slurm's ways of writing a time into minutes, rounded up."""
    days, dash, clock = walltime.rpartition("-")
    parts = [int(part) for part in clock.split(":")]
    if dash:
        parts += [0] * (3 - len(parts))
        hours, minutes, seconds = parts
    elif len(parts) == 1:
        hours, minutes, seconds = 0, parts[0], 0
    elif len(parts) == 2:
        hours, minutes, seconds = 0, parts[0], parts[1]
    else:
        hours, minutes, seconds = parts
    return (int(days or 0) * 24 + hours) * 60 + minutes + (1 if seconds else 0)
