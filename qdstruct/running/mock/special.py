"""What single kinds of runs write besides: orbitals, core densities and levels, states, optics.

All of it is made from the mock's own densities and levels and means as little as they do.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from qdstruct.errors import InputError
from qdstruct.running.mock.density import core_potentials, gaussians_of
from qdstruct.running.mock.electronic import MockLevels
from qdstruct.running.mock.stamp import MARK
from qdstruct.running.vaspfiles.elements import atomic_number, potential
from qdstruct.running.vaspfiles.grids import grid_file
from qdstruct.running.vaspfiles.inputs import Incar, KpointMesh, PoscarStructure
from qdstruct.running.vaspfiles.settings import Settings

__all__ = [
    "core_levels",
    "dielectric_function",
    "require_orbitals",
    "wants_states",
    "write_all_electron",
    "write_orbitals",
    "write_states",
]

FloatArray = NDArray[np.float64]
_RYDBERG = 13.605693
_SHELLS = (
    ("1s", 1, 2), ("2s", 2, 2), ("2p", 2, 6), ("3s", 3, 2), ("3p", 3, 6), ("3d", 3, 10),
    ("4s", 4, 2), ("4p", 4, 6), ("4d", 4, 10), ("5s", 5, 2), ("5p", 5, 6), ("4f", 4, 14),
)  # fmt: skip
_BROADENING = 0.1
"""Width of an optical transition, eV."""


def wants_states(incar: Incar) -> bool:
    """Whether densities of single states are asked for, from orbitals that are there already."""
    return incar.flag("LPARD", False)


def require_orbitals(directory: Path) -> None:
    """Refuse a run that needs WAVECAR and has none.

    Raises
    ------
    InputError
        If there is no WAVECAR.
    """
    path = directory / "WAVECAR"
    if not path.is_file() or path.stat().st_size == 0:
        raise InputError(
            "ERROR: LPARD needs the orbitals of WAVECAR, and there is none",
            hint="run the self-consistent job with LWAVE = .TRUE. first",
        )


def write_orbitals(directory: Path, incar: Incar) -> None:
    """Write a WAVECAR that says what it is; the mock has no orbitals."""
    if incar.flag("LWAVE", False):
        (directory / "WAVECAR").write_text(f"{MARK}: no orbitals\n")


def write_all_electron(
    directory: Path, structure: PoscarStructure, incar: Incar, grid: tuple[int, int, int],
    valence: FloatArray,
) -> None:  # fmt: skip
    """Write AECCAR0 (core electrons, a narrow Gaussian each) and AECCAR2 (`valence`, e/Å³)."""
    if not incar.flag("LAECHG", False):
        return
    electrons = np.array([_core_electrons(symbol) for symbol in structure.symbols], dtype=float)
    core = gaussians_of(structure, grid, electrons)
    for name, density in (("AECCAR0", core), ("AECCAR2", valence)):
        content = grid_file(structure, [density * structure.volume], MARK)
        (directory / name).write_bytes(content)


def _core_electrons(symbol: str) -> int:
    return atomic_number(symbol) - round(potential(symbol).zval)


def core_levels(structure: PoscarStructure, electrons: FloatArray, incar: Incar) -> str:
    """Return OUTCAR's block of core eigenvalues: hydrogen-like ones, moved by the potential."""
    if incar.integer("ICORELEVEL", 0) == 0:
        return ""
    lines = ["\n the core state eigenenergies are\n"]
    shifts = core_potentials(structure, electrons)
    for number, (symbol, shift) in enumerate(zip(structure.symbols, shifts, strict=True), 1):
        states = [f"{name:>4s} {energy + shift:12.4f}" for name, energy in _core_states(symbol)]
        rows = ["".join(states[start : start + 5]) for start in range(0, len(states), 5)] or [""]
        lines.append(f"{number:4d}-{rows[0]}\n" + "".join(f"     {row}\n" for row in rows[1:]))
    return "".join(lines) + "\n"


def _core_states(symbol: str) -> Iterator[tuple[str, float]]:
    """Yield −Ry (Z − s)²/n² of each full core shell; s counts the electrons further in."""
    charge, left, inner = atomic_number(symbol), _core_electrons(symbol), 0
    for name, n, capacity in _SHELLS:
        if left < capacity:
            return
        yield name, -_RYDBERG * (charge - inner - 0.3) ** 2 / n**2
        left -= capacity
        inner += capacity


def write_states(
    directory: Path, structure: PoscarStructure, incar: Incar, settings: Settings,
    levels: MockLevels,
) -> None:  # fmt: skip
    """Write PARCHG: of the bands in IBAND one file each, or of all states in EINT together."""
    bands = [round(value) for value in incar.reals("IBAND")]
    if incar.flag("LSEPB", False) and bands:
        if max(bands) > settings.nbands or min(bands) < 1:
            raise InputError(f"INCAR: IBAND = {incar.tags['IBAND']}: there are {settings.nbands}")
        for band in bands:
            energy = float(levels.eigenvalues[0, 0, band - 1])
            weights = _atoms_at(levels, energy - 0.05, energy + 0.05)
            _write_parchg(directory / f"PARCHG.{band:04d}.ALLK", structure, settings, weights)
        return
    window = incar.reals("EINT") or [-0.5, 0.5]
    weights = _atoms_at(levels, levels.fermi + window[0], levels.fermi + window[-1])
    _write_parchg(directory / "PARCHG", structure, settings, weights)


def _atoms_at(levels: MockLevels, low: float, high: float) -> FloatArray:
    """Return the share of each atom in the states between two energies."""
    weights = np.array(
        [
            sum(
                band.states * max(0.0, min(high, band.high) - max(low, band.low))
                / (band.high - band.low)
                for band in own
            )
            for own in levels.bands
        ]
    )  # fmt: skip
    whole = weights.sum()
    return np.asarray(weights / whole) if whole > 0 else np.full(len(weights), 1 / len(weights))


def _write_parchg(
    path: Path, structure: PoscarStructure, settings: Settings, weights: FloatArray
) -> None:
    density = gaussians_of(structure, settings.grid, 2.0 * weights, valence=True)
    path.write_bytes(grid_file(structure, [density * structure.volume], MARK))


def dielectric_function(
    levels: MockLevels, kpoints: KpointMesh, settings: Settings, incar: Incar
) -> str:
    """Return vasprun.xml's ``dielectricfunction``: the joint density of states over E², isotropic.

    The real part follows from Kramers and Kronig's relation on the same axis.
    """
    if not incar.flag("LOPTICS", False):
        return ""
    energies = np.linspace(0.0, _highest_transition(levels), settings.nedos)
    imaginary = _imaginary(levels, kpoints, energies)
    real = _kramers_kronig(energies, imaginary)
    parts = [_table("imag", energies, imaginary), _table("real", energies, real)]
    return (
        '  <dielectricfunction comment="density-density">\n'
        + "".join(parts)
        + "  </dielectricfunction>\n"
    )


def _highest_transition(levels: MockLevels) -> float:
    return float(np.ptp(levels.eigenvalues))


def _imaginary(levels: MockLevels, kpoints: KpointMesh, energies: FloatArray) -> FloatArray:
    step = energies[1] - energies[0]
    joint = np.zeros_like(energies)
    for values, filled in zip(levels.eigenvalues, levels.occupations, strict=True):
        for at_k, occupied, weight in zip(values, filled, kpoints.weights, strict=True):
            gaps = (at_k[occupied < 0.5][:, None] - at_k[occupied >= 0.5][None, :]).ravel()
            places = np.clip((gaps / step).astype(int), 0, len(energies) - 1)
            joint += weight * np.bincount(places, minlength=len(energies)) / step
    reach = int(np.ceil(4 * _BROADENING / step))
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) * step / _BROADENING) ** 2)
    smooth = np.convolve(joint, kernel / kernel.sum(), mode="same")
    return np.where(energies > 0.2, smooth / np.maximum(energies, 0.2) ** 2, 0.0)


def _kramers_kronig(energies: FloatArray, imaginary: FloatArray) -> FloatArray:
    step = energies[1] - energies[0]
    real = np.ones_like(energies)
    for index, energy in enumerate(energies):
        below = energies**2 - energy**2
        below[index] = np.inf
        real[index] += 2 / np.pi * step * float((energies * imaginary / below).sum())
    return real


def _table(name: str, energies: FloatArray, values: FloatArray) -> str:
    fields = "".join(f"      <field>{c}</field>\n" for c in ("energy", *_COMPONENTS))
    rows = "".join(
        f"       <r> {e:10.4f} {v:10.4f} {v:10.4f} {v:10.4f} {0:10.4f} {0:10.4f} {0:10.4f} </r>\n"
        for e, v in zip(energies.tolist(), values.tolist(), strict=True)
    )
    return (
        f'   <{name}>\n    <array>\n     <dimension dim="1">gridpoints</dimension>\n{fields}'
        f"     <set>\n{rows}     </set>\n    </array>\n   </{name}>\n"
    )


_COMPONENTS = ("xx", "yy", "zz", "xy", "yz", "zx")
