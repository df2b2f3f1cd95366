"""Facts that OUTCAR states, some of them nowhere else: core levels, core potentials, timings."""

from __future__ import annotations

import re
from collections.abc import Callable
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
_CORE_ION = re.compile(r"\s*(\d+)-")
_CORE_STATE = re.compile(r"(?<![\w.])[1-9][spdf](?![a-z])", re.IGNORECASE)
_CORE_LEVEL = re.compile(r"([1-9][spdf])\s*(-?\d+\.\d+|\*+|NaN)", re.IGNORECASE)
_CUT = "the file was cut off or damaged: rerun the job or copy it again"


@dataclass(frozen=True, kw_only=True, eq=False)
class OutcarFacts:
    """What one OUTCAR says; the last value where something is printed in every step."""

    version: str
    """First line: program, version, build."""
    n_ions: int | None
    """NIONS."""
    n_electrons: float | None
    """NELECT."""
    n_ionic_steps: int
    """Ionic steps that were finished (lines LOOP+)."""
    energy: float | None
    """Total energy extrapolated to zero smearing, eV."""
    fermi_level: float | None
    """eV."""
    positions: NDArray[np.float64] | None
    """(N, 3) Å, Cartesian, of the last table of forces."""
    forces: NDArray[np.float64] | None
    """(N, 3) eV/Å, of all coordinates, also fixed ones."""
    core_potentials: NDArray[np.float64] | None
    """(N,) average electrostatic potential at the core of each ion, eV."""
    test_charge_radii: tuple[float, ...]
    """Å, one per element: potentials compare only between runs with the same radii (ENAUG)."""
    core_levels: tuple[dict[str, float], ...] | None
    """For each ion the eigenvalue of each core state (``1s``, ``2p``, …), eV; with ICORELEVEL."""
    elapsed_seconds: float | None
    """Wall time; None when the run did not reach its end."""
    step_seconds: tuple[float, ...]
    """Wall time of each ionic step."""
    memory_kilobytes: float | None
    """Largest memory of a process; None when not stated."""
    finished: bool
    """The closing timing summary is there."""

    def core_level(self, state: str) -> NDArray[np.float64]:
        """Return the eigenvalue of one core state of each ion, eV; NaN where it has none.

        Raises
        ------
        KeyError
            If no ion has that state, or the run did not calculate core levels.
        """
        levels = self.core_levels or ()
        if not any(state in each for each in levels):
            raise KeyError(f"no ion has a core state '{state}' here")
        return np.array([each.get(state, np.nan) for each in levels])


def read_outcar(directory: Path) -> OutcarFacts:
    """Read OUTCAR (plain or compressed) once, line by line.

    Parameters
    ----------
    directory : Path
        A directory with an OUTCAR, or the file itself.

    Raises
    ------
    OutputError
        If the file is missing, empty or binary, or a table of potentials, core levels or forces is
        cut off or holds what is no number (line named).
    """
    path = require_output(Path(directory), "OUTCAR")
    with open_output(path) as stream:
        return _Outcar(TextReader(stream)).facts()


class _Outcar:
    """The file as it streams past: marks in lines → what they announce."""

    def __init__(self, reader: TextReader) -> None:
        self.reader = reader
        self.n_ions: int | None = None
        self.numbers: dict[str, float | None] = {}
        self.positions: NDArray[np.float64] | None = None
        self.forces: NDArray[np.float64] | None = None
        self.potentials: NDArray[np.float64] | None = None
        self.radii: tuple[float, ...] = ()
        self.levels: tuple[dict[str, float], ...] | None = None
        self.steps: list[float] = []
        self.finished = False
        self.handlers: tuple[tuple[str, Callable[[str], None]], ...] = (
            ("NIONS =", self._on_ions),
            ("NELECT =", self._number("electrons", r"NELECT =\s*(\S+)")),
            ("E-fermi", self._number("fermi", r"E-fermi\s*:\s*(\S+)")),
            ("energy(sigma->0)", self._number("energy", r"energy\(sigma->0\)\s*=\s*(\S+)")),
            ("POSITION", self._on_forces),
            ("average (electrostatic) potential at core", self._on_potentials),
            ("the core state eigenenerg", self._on_levels),
            ("LOOP+:", self._on_step),
            ("General timing and accounting", self._on_end),
            ("Elapsed time (sec):", self._number("elapsed", r":\s*(\S+)")),
            ("Maximum memory used (kb):", self._number("memory", r":\s*(\S+)")),
        )

    def facts(self) -> OutcarFacts:
        version = ""
        while (line := self.reader.readline()) is not None:
            if not self.reader.was_whole:
                break  # cut off within this line: its numbers may lack digits
            if not version and line.strip():
                version = line.strip()
                continue
            for mark, handler in self.handlers:
                if mark in line:
                    handler(line)
                    break
        tables = (self.positions, self.potentials, self.levels)
        if not (version.startswith("vasp") or self.n_ions or self.numbers or self.steps) and all(
            table is None for table in tables
        ):
            raise self.reader.error(
                "this is no OUTCAR: no version of VASP, ions or energies in it",
                hint="is it the right file? was it cut off or emptied?",
            )
        return OutcarFacts(
            version=version,
            n_ions=self.n_ions,
            n_electrons=self.numbers.get("electrons"),
            n_ionic_steps=len(self.steps),
            energy=self.numbers.get("energy"),
            fermi_level=self.numbers.get("fermi"),
            positions=self.positions,
            forces=self.forces,
            core_potentials=self.potentials,
            test_charge_radii=self.radii,
            core_levels=self.levels,
            elapsed_seconds=self.numbers.get("elapsed"),
            step_seconds=tuple(self.steps),
            memory_kilobytes=self.numbers.get("memory"),
            finished=self.finished,
        )

    def _number(self, name: str, pattern: str) -> Callable[[str], None]:
        compiled = re.compile(pattern)

        def take(line: str) -> None:
            self.numbers[name] = _after(line, compiled)

        return take

    def _on_ions(self, line: str) -> None:
        word = line.split("NIONS =")[1].split()
        if not word or not word[0].isdigit():
            raise self.reader.error(f"'{line.strip()[:60]}' does not state NIONS (line above)")
        self.n_ions = int(word[0])

    def _on_step(self, line: str) -> None:
        found = _after(line, re.compile(r"real time\s*(\S+)"))
        self.steps.append(float("nan") if found is None else found)

    def _on_end(self, _: str) -> None:
        self.finished = True

    def _ions(self, what: str) -> int:
        if self.n_ions is None:
            raise self.reader.error(f"{what} before the number of ions (NIONS)")
        return self.n_ions

    def _on_forces(self, line: str) -> None:
        if "TOTAL-FORCE" not in line:
            return
        count = self._ions("forces")
        self.reader.expect_line("the rule above the forces")
        table = np.empty(6 * count)
        self.reader.read_numbers(table, f"numbers of the forces on {count} ions")
        rest = self.reader.readline()
        after = self.reader.readline()
        if rest is None or rest.strip() or "---" not in (after or ""):
            raise self.reader.error(f"the table of forces is not {count} rows of six", hint=_CUT)
        self.positions, self.forces = np.hsplit(table.reshape(count, 6), 2)

    def _on_potentials(self, _: str) -> None:
        count = self._ions("core potentials")
        while "norm of the test charge" not in (
            line := self.reader.expect_line("the norm of the test charge")
        ):
            if "radii" in line:
                self.radii = tuple(float(x) for x in re.findall(r"\d+\.\d+", line))
        values: list[float] = []
        while len(values) < count:
            line = self.reader.expect_line(f"the potential at core {len(values) + 1} of {count}")
            if not self.reader.was_whole:
                raise self.reader.error("the file ends within the potentials at the cores",
                                        hint=_CUT)  # fmt: skip
            pairs = [line[i : i + _COLUMN] for i in range(0, len(line.rstrip()), _COLUMN)]
            try:
                numbers = [(int(pair[:8]), fortran_float(pair[8:])) for pair in pairs]
            except ValueError:
                numbers = []
            expected = list(range(len(values) + 1, len(values) + 1 + len(numbers)))
            if not numbers or [index for index, _ in numbers] != expected:
                raise self.reader.error(
                    f"'{line.strip()[:60]}' where the potential at core {len(values) + 1} of "
                    f"{count} was expected (line above)"
                )
            values += [value for _, value in numbers]
        if len(values) != count:
            raise self.reader.error(f"{len(values)} core potentials for {count} ions")
        self.potentials = np.array(values)

    def _on_levels(self, _: str) -> None:
        count = self._ions("core levels")
        levels: list[dict[str, float]] = []
        while (line := self.reader.skip_blank()) is not None:
            first, found = _CORE_ION.match(line), _CORE_LEVEL.findall(line)
            if not found and self.reader.next_line_is_whole and not _CORE_STATE.search(line):
                break
            self.reader.readline()
            if not found or not self.reader.was_whole:
                raise self.reader.error(
                    f"'{line.strip()[:60]}' where core levels were expected (line above)", hint=_CUT
                )
            if first is not None:
                if int(first[1]) != len(levels) + 1:
                    raise self.reader.error(
                        f"the core levels of ion {first[1]} where those of ion {len(levels) + 1} "
                        "were expected (line above)",
                        hint=_CUT,
                    )
                levels.append({})
            if not levels:
                raise self.reader.error("core levels without the number of their ion (line above)")
            for state, word in found:
                levels[-1][state.lower()] = self._level(state, word)
        if len(levels) != count or line is None:
            raise self.reader.error(f"core levels of {len(levels)} of {count} ions", hint=_CUT)
        self.levels = tuple(levels)

    def _level(self, state: str, word: str) -> float:
        try:
            return fortran_float(word)
        except ValueError as error:
            raise self.reader.error(f"{error}: the level {state} (line above)") from None


def _after(line: str, pattern: re.Pattern[str]) -> float | None:
    """Return the number that follows; None for ``N/A`` and overflow."""
    found = pattern.search(line)
    try:
        return fortran_float(found[1]) if found else None
    except ValueError:
        return None
