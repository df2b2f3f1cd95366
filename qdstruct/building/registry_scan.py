"""Scanning the registry of an interface: energy over in-plane shift and gap, resumable."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from qdstruct.building.registry import irreducible_shifts
from qdstruct.errors import BuildError, InputError, QdstructError, RunError
from qdstruct.files import destination_error
from qdstruct.model import Interface, RegistryScan

if TYPE_CHECKING:
    from ase import Atoms
    from xarray import DataArray

__all__ = ["EnergyCalculator", "place_film", "scan_registry"]

EV_PER_A2 = 16.02176634
"""One eV/Å² in J/m²."""

LEAST_VACUUM = 15.0
"""Å: empty height above the film in every point of a scan, at least."""

WEAK = 0.01
"""J/m²: less attraction than this holds nothing together."""

Progress = Callable[[int, int, float], None]


class EnergyCalculator(Protocol):
    """Any ASE calculator that yields an energy."""

    def get_potential_energy(self, atoms: Atoms) -> float:
        """Return the energy in eV."""


def scan_registry(
    interface: Interface,
    calculator: EnergyCalculator,
    *,
    registry_cell: ArrayLike,
    grid: tuple[int, int] = (6, 6),
    gaps: Sequence[float] = tuple(np.arange(2.2, 4.01, 0.2).round(6)),
    use_symmetry: bool = True,
    method: str | None = None,
    warnings: Sequence[str] = (),
    on_progress: Progress | None = None,
    resume_file: Path | None = None,
) -> RegistryScan:
    """Compute the energy of an interface over in-plane shifts and gaps, both slabs rigid.

    Parameters
    ----------
    interface : Interface
        Film on substrate with vacuum, not a sandwich; gives slabs, strain and termination.
    calculator : ASE calculator
        Anything with ``get_potential_energy``.
    registry_cell : (2, 2) array
        Irreducible cell of shifts, rows in fractions of the coincidence cell (see
        `registry_cell`).
    grid : two integers
        Shifts along its two vectors.
    gaps : sequence of floats
        Distances from the highest atom of the substrate to the lowest of the film, Å.
    use_symmetry : bool
        Compute only shifts that no symmetry of the two halves together makes equal
        (`irreducible_shifts`); the others take the energy of their like. For calculators whose
        energy knows more than distances, set it to False.
    method : str, optional
        Name of the method in the result; the calculator's own without it.
    warnings : sequence of str
        Passed on to the result.
    on_progress : callable, optional
        Called after each point with points done, points in all, and its energy in J/m².
    resume_file : Path, optional
        Every energy is appended to this CSV file as soon as it is known; a scan that finds its own
        energies there does not compute them again.

    Returns
    -------
    RegistryScan
        Energies are relative to both slabs alone in the same cell.

    Raises
    ------
    BuildError
        For an interface without vacuum, a sandwich, an empty grid or impossible gaps.
    InputError
        If the resume file belongs to another scan.
    RunError
        If the calculator fails; the message names the point.
    """
    heights = _checked_gaps(gaps)
    if len(grid) != 2 or min(grid) < 1:
        raise BuildError(f"a grid of {grid} shifts does not exist", hint="for example 6x6")
    basis = np.asarray(registry_cell, dtype=float)
    template = _tall(interface, heights[-1])
    name = method or str(getattr(calculator, "name", type(calculator).__name__))
    log = _EnergyLog(resume_file, _fingerprint(template, basis, grid, heights, name))
    scan = _Scan(calculator, log)
    film = template.arrays["region"] != "substrate"
    alone = [scan.energy(label, template[part]) for label, part in
             (("film", film), ("substrate", ~film))]  # fmt: skip
    cell = np.asarray(template.cell)[:2, :2]
    per_area = EV_PER_A2 / abs(float(np.linalg.det(cell)))
    origin = place_film(template, -np.asarray(interface.shift), float(heights[-1]))
    like = (
        irreducible_shifts(origin[film], origin[~film], basis, grid)
        if use_symmetry
        else np.arange(grid[0] * grid[1])
    )
    table = scan.table(origin, basis, grid, heights, np.unique(like), sum(alone), per_area,
                       on_progress)  # fmt: skip
    energies = table[like].reshape(*grid, len(heights))
    best = tuple(int(n) for n in np.unravel_index(np.argmin(energies), energies.shape))
    best_shift = ((best[0] / grid[0], best[1] / grid[1]) @ basis + 1e-9) % 1.0
    relaxed = _parabola(heights, energies[best[0], best[1]], best[2])
    return RegistryScan(
        method=name,
        film=interface.film.phase_name,
        substrate=interface.substrate.phase_name,
        film_hkl=interface.film.hkl,
        substrate_hkl=interface.substrate.hkl,
        film_termination=interface.film.bottom_termination,
        substrate_termination=interface.substrate.top_termination,
        layers=(interface.film.n_layers, interface.substrate.n_layers),
        cell=cell,
        registry_cell=basis,
        energies=_labelled(energies, heights, basis @ cell, name),
        film_energy=alone[0],
        substrate_energy=alone[1],
        best_shift=(round(float(best_shift[0]), 6), round(float(best_shift[1]), 6)),
        best_gap=float(heights[best[2]]),
        best_energy=float(energies[best]) / per_area,
        relaxed_gap=relaxed,
        computed=scan.computed,
        distinct_shifts=len(np.unique(like)),
        warnings=(*warnings, *_warnings(energies, relaxed, heights)),
    )


def place_film(atoms: Atoms, shift: ArrayLike, gap: float) -> Atoms:
    """Return the interface with its film moved as a rigid body.

    Parameters
    ----------
    atoms : Atoms
        With a ``region`` array; everything but the substrate moves.
    shift : two floats
        In-plane displacement in fractions of the cell vectors, from where the film is.
    gap : float
        Distance from the highest atom of the substrate to the lowest that moves, Å.
    """
    placed = atoms.copy()
    film = placed.arrays["region"] != "substrate"
    heights = placed.positions[:, 2]
    cell = np.asarray(placed.cell)[:2, :2]
    rise = heights[~film].max() + gap - heights[film].min()
    placed.positions[film] += [*(np.asarray(shift, dtype=float) @ cell), rise]
    return placed


def _checked_gaps(gaps: Sequence[float]) -> NDArray[np.float64]:
    heights = np.unique(np.asarray(gaps, dtype=float))
    if not len(heights) or not np.isfinite(heights).all() or heights[0] <= 0:
        raise BuildError(
            "a scan needs gaps that are positive lengths in Å", hint="for example 2.2,4.0,0.2"
        )
    return heights


def _tall(interface: Interface, widest: float) -> Atoms:
    """Return the interface in a cell that holds the widest gap and enough vacuum."""
    atoms = interface.atoms.copy()
    film = atoms.arrays["region"] != "substrate"
    heights = atoms.positions[:, 2]
    if interface.vacuum <= 0:
        raise BuildError(
            "a registry scan needs vacuum above the film", hint="build the interface with vacuum"
        )
    if heights[~film].max() > heights[film].max():
        raise BuildError("a registry scan needs one interface, this is a sandwich")
    atoms.set_constraint()
    thick = np.ptp(heights[film]) + np.ptp(heights[~film])
    atoms.positions[:, 2] -= heights.min()
    atoms.cell[2, 2] = thick + widest + max(interface.vacuum, LEAST_VACUUM)
    atoms.pbc = True
    return atoms


@dataclass
class _Scan:
    """Energies from the log where it has them, else from the calculator."""

    calculator: EnergyCalculator
    log: _EnergyLog
    computed: int = 0

    def energy(self, label: str, atoms: Atoms) -> float:
        known = self.log.known.get(label)
        if known is not None:
            return known
        try:
            value = float(self.calculator.get_potential_energy(atoms))
        except QdstructError:
            raise
        except Exception as error:  # any engine, any failure: it is named and passed on
            raise RunError(
                f"the calculator failed at '{label}' (i j gap): {type(error).__name__}: {error}",
                hint="run the same command again to continue from here",
            ) from error
        if not np.isfinite(value):
            raise RunError(f"the calculator returned {value} at '{label}' (i j gap)")
        self.log.append(label, value)
        self.computed += 1
        return value

    def table(
        self,
        origin: Atoms,
        basis: NDArray[np.float64],
        grid: tuple[int, int],
        gaps: NDArray[np.float64],
        distinct: NDArray[np.int64],
        alone: float,
        per_area: float,
        on_progress: Progress | None,
    ) -> NDArray[np.float64]:
        """Return the energies of some shifts of the flattened grid at all gaps, J/m²."""
        energies = np.full((grid[0] * grid[1], len(gaps)), np.nan)
        total = len(distinct) * len(gaps)
        for number, (row, k) in enumerate(product(distinct, range(len(gaps))), start=1):
            i, j = divmod(int(row), grid[1])
            shift = (i / grid[0], j / grid[1]) @ basis
            label = f"{i} {j} {gaps[k]:.6g}"
            energy = self.energy(label, place_film(origin, shift, float(gaps[k])))
            energies[row, k] = per_area * (energy - alone)
            if on_progress is not None:
                on_progress(number, total, float(energies[row, k]))
        return energies


class _EnergyLog:
    """A CSV file of energies that only grows; a torn last line is dropped."""

    def __init__(self, path: Path | None, fingerprint: str) -> None:
        self.path = path
        self.known: dict[str, float] = {}
        header = f"# registry scan {fingerprint}\npoint,energy_eV\n"
        if path is None:
            return
        text = path.read_text(encoding="utf-8") if path.is_file() else ""
        if text and not text.startswith(header):
            raise InputError(
                f"{path}:1: these energies belong to another scan (other slabs, grid, gaps or "
                "calculator)",
                hint="remove the file or choose another output",
            )
        whole = text[: text.rfind("\n") + 1]
        for line in whole[len(header) :].splitlines():
            label, _, value = line.rpartition(",")
            self.known[label] = float(value)
        self._write(whole or header, "w")

    def append(self, label: str, energy: float) -> None:
        """Put one energy on the disk before going on."""
        self.known[label] = energy
        self._write(f"{label},{energy!r}\n", "a")

    def _write(self, text: str, mode: str) -> None:
        if self.path is None:
            return
        try:
            with self.path.open(mode, encoding="utf-8") as stream:
                stream.write(text)
                stream.flush()
                os.fsync(stream.fileno())
        except OSError as error:
            raise destination_error(self.path, error) from error


def _fingerprint(
    atoms: Atoms, basis: NDArray[np.float64], grid: tuple[int, int], gaps: NDArray[np.float64],
    method: str,
) -> str:  # fmt: skip
    digest = hashlib.sha256(f"{method} {tuple(grid)}".encode())
    for array in (atoms.positions, np.asarray(atoms.cell), basis, gaps):
        digest.update(np.round(array, 6).tobytes())
    digest.update(atoms.numbers.tobytes())
    return digest.hexdigest()[:16]


def _parabola(gaps: NDArray[np.float64], energies: NDArray[np.float64], k: int) -> float | None:
    if not 0 < k < len(gaps) - 1:
        return None
    a, b, _ = np.polyfit(gaps[k - 1 : k + 2] - gaps[k], energies[k - 1 : k + 2], 2)
    return float(gaps[k] - b / (2 * a))


def _warnings(
    energies: NDArray[np.float64], relaxed: float | None, gaps: NDArray[np.float64]
) -> tuple[str, ...]:
    said = []
    if energies.min() > -WEAK:
        said.append(
            f"the slabs hardly attract each other anywhere (lowest {energies.min():+.3f} J/m²): "
            "this method gives no registry for these terminations"
        )
    if relaxed is None:
        said.append(
            f"the lowest energy lies at an end of the gaps tried ({gaps[0]:g} to {gaps[-1]:g} Å): "
            "widen the range"
        )
    return tuple(said)


def _labelled(
    energies: NDArray[np.float64], gaps: NDArray[np.float64], vectors: NDArray[np.float64],
    method: str,
) -> DataArray:  # fmt: skip
    import xarray

    i, j = (np.arange(n) / n for n in energies.shape[:2])
    places = i[:, None, None] * vectors[0] + j[None, :, None] * vectors[1]
    length = {"units": "Å"}
    fraction = {"units": "1", "long_name": "fraction of the registry cell vector"}
    return xarray.DataArray(
        energies,
        dims=("i", "j", "gap"),
        coords={
            "i": ("i", i, fraction),
            "j": ("j", j, fraction),
            "gap": ("gap", gaps, {**length, "long_name": "gap"}),
            "x": (("i", "j"), places[..., 0], {**length, "long_name": "shift along x"}),
            "y": (("i", "j"), places[..., 1], {**length, "long_name": "shift along y"}),
        },
        name="adhesion",
        attrs={"units": "J/m2", "long_name": "energy relative to separated slabs",
               "method": method},
    )  # fmt: skip
