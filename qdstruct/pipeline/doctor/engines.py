"""The programs that calculate, and the queue they may run in."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Sequence

from qdstruct import running
from qdstruct.errors import QdstructError
from qdstruct.model import HealthCheck
from qdstruct.pipeline.doctor.installation import installed_version

__all__ = ["chgnet", "gpaw", "mock", "slurm", "xtb"]

PATIENCE = 10.0
"""s: a dying slurmctld lets its clients hang, and some Pythons import slowly."""
GPAW_VARIABLE = "QDSTRUCT_GPAW_PYTHON"


def _ask(command: Sequence[str], *, patience: float = PATIENCE) -> tuple[bool, str]:
    """Run a program; returns whether it ended well, and the last line that it printed."""
    try:
        done = subprocess.run(
            list(command), capture_output=True, text=True, timeout=patience, check=False,
            stdin=subprocess.DEVNULL,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return False, f"{command[0]}: no answer within {patience:g} s"
    except OSError as error:
        return False, f"{command[0]}: {error.strerror}"
    lines = (done.stdout if done.returncode == 0 else done.stderr or done.stdout).strip()
    return done.returncode == 0, lines.splitlines()[-1] if lines else ""


def slurm() -> Iterable[HealthCheck]:
    """Look whether batch jobs can be submitted and whether a partition takes them."""
    if shutil.which("sbatch") is None:
        yield HealthCheck(
            group="slurm", name="sbatch", state="absent", found="not on this machine",
            fix="log in to the cluster, or run without --executor",
        )  # fmt: skip
        return
    well, words = _ask(["sbatch", "--version"])
    yield HealthCheck(
        group="slurm", name="sbatch", state="fine" if well else "broken", found=words,
        fix="" if well else "ask the cluster's support why sbatch does not start",
    )  # fmt: skip
    yield _partitions()


def _partitions() -> HealthCheck:
    try:
        done = subprocess.run(
            ["sinfo", "-h", "-o", "%R %a %D"], capture_output=True, text=True, timeout=PATIENCE,
            check=False,
        )  # fmt: skip
        problem = done.stderr.strip() if done.returncode else ""
    except (subprocess.TimeoutExpired, OSError) as error:
        problem, done = f"sinfo does not answer: {error}", None
    if problem or done is None:
        return HealthCheck(
            group="slurm", name="partitions", state="broken", found=problem,
            fix="is slurmctld up? try: scontrol ping",
        )  # fmt: skip
    rows = [line.split() for line in done.stdout.splitlines() if len(line.split()) == 3]
    up = [f"{name} ({nodes} nodes)" for name, state, nodes in rows if state == "up"]
    return HealthCheck(
        group="slurm", name="partitions", state="fine" if up else "broken",
        found=", ".join(up) or "no partition is up",
        fix="" if up else "wait, or ask the cluster's support",
    )  # fmt: skip


def mock() -> Iterable[HealthCheck]:
    """Look whether the embedded engine starts."""
    try:
        engine = running.find_engine("mock")
    except QdstructError as error:
        well, words = False, str(error)
    else:
        well, words = _ask([*engine.command, "--help"])
        words = f"starts: {' '.join(engine.command)}" if well else words
    yield HealthCheck(
        group="mock", name="mock VASP", state="fine" if well else "broken", found=words,
        fix="" if well else "pip install --force-reinstall qdstruct",
    )  # fmt: skip


def _package(group: str, name: str, package: str, module: str, fix: str) -> HealthCheck:
    """Look at a Python package that does the calculation: installed, and can be imported."""
    found = installed_version(package)
    if found is None:
        return HealthCheck(
            group=group, name=name, state="absent", found=f"{package} is not installed", fix=fix
        )
    well, words = _ask([sys.executable, "-c", f"import {module}"], patience=6 * PATIENCE)
    return HealthCheck(
        group=group, name=name, state="fine" if well else "broken",
        found=f"{package} {found}" + ("" if well else f" cannot be imported: {words}"),
        fix="" if well else f"pip install --force-reinstall {package}",
    )  # fmt: skip


def xtb() -> Iterable[HealthCheck]:
    """Look for tblite, the program behind GFN1-xTB."""
    yield _package("xtb", "GFN1-xTB", "tblite", "tblite.interface", "pip install 'qdstruct[xtb]'")


def chgnet() -> Iterable[HealthCheck]:
    """Look for CHGNet."""
    fix = "pip install 'qdstruct[chgnet]'"
    yield _package("chgnet", "CHGNet", "chgnet", "chgnet", fix)


def gpaw() -> Iterable[HealthCheck]:
    """Look for a Python that has GPAW: its own environment, or this one."""
    python = os.environ.get(GPAW_VARIABLE)
    if not python and installed_version("gpaw") is None:
        yield HealthCheck(
            group="gpaw", name="GPAW", state="absent", found=f"{GPAW_VARIABLE} is not set",
            fix=f"install GPAW into an environment of its own, then export {GPAW_VARIABLE}="
            "/that/environment/bin/python",
        )  # fmt: skip
        return
    try:  # "mpirun -n 2 /opt/gpaw/bin/python": the last word is the interpreter
        where = running.find_engine("gpaw").command[-1] if python else sys.executable
    except QdstructError as error:
        yield HealthCheck(
            group="gpaw", name="GPAW", state="broken", found=error.message,
            fix=f"let {GPAW_VARIABLE} name the python that can import gpaw",
        )  # fmt: skip
        return
    script = "import gpaw; print(gpaw.__version__)"
    well, words = _ask([where, "-c", script], patience=6 * PATIENCE)
    yield HealthCheck(
        group="gpaw", name="GPAW", state="fine" if well else "broken",
        found=f"{words} ({where})" if well else f"{where}: {words}",
        fix="" if well else f"let {GPAW_VARIABLE} name the python that can import gpaw",
    )  # fmt: skip
