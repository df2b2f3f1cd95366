"""What single kinds of jobs must have written beyond what every job writes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from qdstruct.model import Job
from qdstruct.outputs.streams import find_output, open_output
from qdstruct.outputs.vasprun_parts import Vasprun

__all__ = ["kind_problems"]

MARKS = {
    "core-levels": ("OUTCAR", b"the core state eigen", "core eigenvalues (ICORELEVEL)"),
    "optics": ("vasprun.xml", b"<dielectricfunction", "dielectric function (LOPTICS)"),
}
"""Kind → file, what must stand in it, and what that is."""
CHUNK = 1 << 20


def kind_problems(directory: Path, run: Vasprun, job: Job) -> Iterator[str]:
    """Yield one sentence for each thing that this kind of job should have left and did not."""
    if job.kind in MARKS:
        name, mark, what = MARKS[job.kind]
        path = find_output(directory, name)
        if path is not None and not _holds(path, mark):
            yield f"{path}: holds no {what}."
    steps = int(run.parameters.get("NSW") or 0)
    if job.kind == "md" and run.n_ionic_steps < steps:
        yield f"{run.path}: the dynamics ended after {run.n_ionic_steps} of {steps} steps."


def _holds(path: Path, mark: bytes) -> bool:
    with open_output(path) as stream:
        tail = b""
        while chunk := stream.read(CHUNK):
            if mark in tail + chunk:
                return True
            tail = chunk[-len(mark) :]
    return False
