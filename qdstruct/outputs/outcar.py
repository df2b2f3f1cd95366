"""Facts that only OUTCAR states: core potentials, timings, the version line."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from qdstruct.outputs.calculation import require_output
from qdstruct.outputs.reader import TextReader, fortran_float
from qdstruct.outputs.streams import open_output

__all__ = ["OutcarFacts", "read_outcar"]

_COLUMN = 17
"""Characters of one "ion number, potential" pair: I8, F9.4, which may touch."""


@dataclass(frozen=True, kw_only=True, eq=False)
class OutcarFacts:
    """What one OUTCAR says; the last value where something is printed in every step."""

    version: str
    """First line: program, version, build."""
    n_ions: int | None
    """NIONS."""
    fermi_level: float | None
    """eV."""
    core_potentials: NDArray[np.float64] | None
    """(N,) average electrostatic potential at the core of each ion, eV."""
    elapsed_seconds: float | None
    """Wall time; None when the run did not reach its end."""
    memory_kilobytes: float | None
    """Largest memory of a process; None when not stated."""
    finished: bool
    """The closing timing summary is there."""


def read_outcar(directory: Path) -> OutcarFacts:
    """Read OUTCAR (plain or compressed) once, line by line.

    Parameters
    ----------
    directory : Path
        A directory with an OUTCAR, or the file itself.

    Raises
    ------
    OutputError
        If the file is missing, empty or binary, or a potential is no number (line named).
    """
    path = require_output(Path(directory), "OUTCAR")
    version, n_ions, fermi, cores = "", None, None, None
    elapsed: float | None = None
    memory: float | None = None
    finished = False
    with open_output(path) as stream:
        reader = TextReader(stream)
        while (line := reader.readline()) is not None:
            if not version and line.strip():
                version = line.strip()
            elif "NIONS =" in line:
                n_ions = int(line.split("NIONS =")[1])
            elif "E-fermi" in line:
                fermi = _after(line, r"E-fermi\s*:\s*(\S+)")
            elif "average (electrostatic) potential at core" in line:
                cores = _core_potentials(reader, n_ions)
            elif "General timing and accounting" in line:
                finished = True
            elif "Elapsed time (sec):" in line:
                elapsed = _after(line, r":\s*(\S+)")
            elif "Maximum memory used (kb):" in line:
                memory = _after(line, r":\s*(\S+)")
    return OutcarFacts(
        version=version,
        n_ions=n_ions,
        fermi_level=fermi,
        core_potentials=cores,
        elapsed_seconds=elapsed,
        memory_kilobytes=memory,
        finished=finished,
    )


def _after(line: str, pattern: str) -> float | None:
    """Return the number that follows; None for ``N/A`` and overflow."""
    found = re.search(pattern, line)
    try:
        return fortran_float(found[1]) if found else None
    except ValueError:
        return None


def _core_potentials(reader: TextReader, n_ions: int | None) -> NDArray[np.float64]:
    if n_ions is None:
        raise reader.error("core potentials before the number of ions (NIONS)")
    while "norm of the test charge" not in reader.expect_line("the norm of the test charge"):
        pass
    values: list[float] = []
    while len(values) < n_ions:
        line = reader.expect_line(f"the potential at core {len(values) + 1} of {n_ions}")
        pairs = [line[i : i + _COLUMN] for i in range(0, len(line.rstrip()), _COLUMN)]
        try:
            numbers = [(int(pair[:8]), fortran_float(pair[8:])) for pair in pairs]
        except ValueError:
            numbers = []
        expected = list(range(len(values) + 1, len(values) + 1 + len(numbers)))
        if not numbers or [index for index, _ in numbers] != expected:
            raise reader.error(
                f"'{line.strip()[:60]}' where the potential at core {len(values) + 1} of {n_ions} "
                "was expected (line above)"
            )
        values += [value for _, value in numbers]
    if len(values) != n_ions:
        raise reader.error(f"{len(values)} core potentials for {n_ions} ions")
    return np.array(values)
