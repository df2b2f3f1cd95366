"""Small PROCAR, DOSCAR and EIGENVAL files with known content, in VASP's formats."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from ase import Atoms

LM = ("s", "py", "pz", "px", "dxy", "dyz", "dz2", "dxz", "x2-y2")
SHELLS = ("s", "p", "d")
KPOINTS = np.array([[0.0, 0.0, 0.0], [-0.25, -0.25, 0.5], [0.5, 0.0, -0.125]])
WEIGHTS = np.array([0.25, 0.5, 0.25])


def band_data(
    *, spins: int = 1, tables: int = 1, bands: int = 4, ions: int = 3, orbitals: int = 9
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(energies, occupations) (spin, k, band) and projections (spin, table, k, band, ion, l)."""
    generator = np.random.default_rng(spins + 10 * tables + 100 * ions + orbitals)
    energies = np.sort(np.round(generator.uniform(-9, 9, (spins, 3, bands)), 8), axis=2)
    occupations = np.where(np.arange(bands) < bands // 2, 2.0 / spins if tables == 1 else 1.0, 0.0)
    values = np.round(generator.uniform(0, 0.5, (spins, tables, 3, bands, ions, orbitals)), 3)
    values[:, 1:] *= -1
    return energies, np.broadcast_to(occupations, energies.shape), values


def procar_text(
    energies: np.ndarray,
    occupations: np.ndarray,
    projections: np.ndarray,
    *,
    orbitals: Sequence[str] = LM,
    phases: np.ndarray | None = None,
    old_phases: bool = False,
    stars: bool = False,
) -> str:
    """A PROCAR; `phases` (spin, k, band, ion, orbital) in the format of VASP 5.4.4 or before."""
    title = "PROCAR new format" if len(orbitals) == 3 else "PROCAR lm decomposed"
    text = [title + (" + phase" if phases is not None else "") + "\n"]
    for spin, tables in enumerate(projections):
        n_tables, n_kpoints, n_bands, n_ions, _ = tables.shape
        text.append(
            f"# of k-points:{n_kpoints:5d}         # of bands:{n_bands:4d}         "
            f"# of ions:{n_ions:5d}\n"
        )
        for k in range(n_kpoints):
            place = "".join(f"{x:11.8f}" for x in KPOINTS[k])
            text.append(f"\n k-point {k + 1:4d} :   {place}     weight = {WEIGHTS[k]:.8f}\n\n")
            for band in range(n_bands):
                number = "***" if stars else f"{band + 1:3d}"
                energy, occupation = energies[spin, k, band], occupations[spin, k, band]
                text.append(f"band {number} # energy {energy:12.8f} # occ. {occupation:11.8f}\n \n")
                text.append("ion" + "".join(f"{name:>7s}" for name in (*orbitals, "tot")) + "\n")
                for table in range(n_tables):
                    rows = tables[table, k, band]
                    text += [_row(f"{i + 1:3d}", row) for i, row in enumerate(rows)]
                    text += [_row("tot", rows.sum(axis=0))] if n_ions > 1 else []
                if phases is not None:
                    write = _old_phases if old_phases else _phases
                    text.append(write(orbitals, phases[spin, k, band]))
                text.append(" \n")
    return "".join(text)


def _row(first: str, values: np.ndarray) -> str:
    return first + "".join(f"{v:7.3f}" for v in (*values, values.sum())) + "\n"


def _phases(orbitals: Sequence[str], values: np.ndarray) -> str:
    text = "ion" + "".join(f"{name:>14s}" for name in orbitals) + "\n"
    for i, row in enumerate(values):
        numbers = "".join(f"{v.real:7.3f}{v.imag:7.3f}" for v in row)
        text += f"{i + 1:3d}{numbers}{np.abs(row).sum():7.3f}\n"
    return text + "charge" + "".join(f"{v:14.3f}" for v in np.abs(values).sum(axis=0)) + "\n"


def _old_phases(orbitals: Sequence[str], values: np.ndarray) -> str:
    text = "ion" + "".join(f"{name:>7s}" for name in orbitals) + "\n"
    for i, row in enumerate(values):
        for part in (row.real, row.imag):
            text += f"{i + 1:3d}" + "".join(f"{v:7.3f}" for v in part) + "\n"
    return text


def fortran_e(value: float) -> str:
    """E12.4 as Fortran prints it: 0.1234E+02, and 0.1234-100 where the exponent needs the room."""
    if value == 0:
        return f"{'0.0000E+00':>12s}"
    mantissa, exponent = f"{value:.3E}".split("E")
    sign = "-" if mantissa.startswith("-") else ""
    power = int(exponent) + 1
    letter = "E" if abs(power) < 100 else ""
    digits = mantissa.lstrip("-").replace(".", "")
    return f"{sign}0.{digits}{letter}{power:+03d}".rjust(12)


def doscar_text(
    atoms: Atoms,
    energies: np.ndarray,
    total: np.ndarray,
    projected: np.ndarray | None,
    *,
    fermi: float = 0.5,
    n_components: int | None = None,
) -> str:
    """A DOSCAR; `total` (spin, energy), `projected` (atom, component, energy, orbital)."""
    count, lengths = len(atoms), atoms.cell.lengths() * 1e-10
    components = n_components or (1 if projected is None else projected.shape[1])
    text = [f"{count:4d}{count:4d}{int(projected is not None):4d}{components:4d}\n"]
    text.append(f"{atoms.cell.volume / count:16.7E}" + "".join(f"{x:16.7E}" for x in lengths))
    text.append(f"{5e-16:16.7E}\n  1.000000000000000E-004\n  CAR \n made by a test\n")
    head = f"{energies[-1]:16.8f}{energies[0]:16.8f}{len(energies):5d}{fermi:16.8f}{1.0:16.8f}\n"
    step, rows = energies[1] - energies[0], []
    running = np.cumsum(total, axis=1) * step
    for i, energy in enumerate(energies):
        numbers = "".join(fortran_e(v) for v in (*total[:, i], *running[:, i]))
        rows.append(f"{energy:11.3f}{numbers}\n")
    text += [head, *rows]
    for tables in projected if projected is not None else ():
        text.append(head)
        for i, energy in enumerate(energies):
            numbers = "".join(fortran_e(v) for v in tables[:, i].T.ravel())
            text.append(f"{energy:11.3f}{numbers}\n")
    return "".join(text)


def eigenval_text(
    energies: np.ndarray,
    occupations: np.ndarray | None,
    *,
    n_electrons: int = 8,
    n_ions: int = 3,
) -> str:
    """An EIGENVAL of (spin, k, band) energies; without occupations as VASP before 5.3 wrote it."""
    spins, n_kpoints, n_bands = energies.shape
    text = [f"{n_ions:5d}{n_ions:5d}{1:5d}{spins:5d}\n"]
    text.append("".join(f"{x:16.7E}" for x in (17.64, 4.2e-10, 4.2e-10, 12e-10, 5e-16)) + "\n")
    text.append("  1.000000000000000E-004\n  CAR \n made by a test\n")
    text.append(f"{n_electrons:7d}{n_kpoints:7d}{n_bands:7d}\n")
    for k in range(n_kpoints):
        text.append("\n" + "".join(f"{x:15.7E}" for x in (*KPOINTS[k], WEIGHTS[k])) + "\n")
        for band in range(n_bands):
            text.append(f"{band + 1:5d}" + "".join(f"{x:14.6f}" for x in energies[:, k, band]))
            if occupations is not None:
                text.append("".join(f"{x:10.6f}" for x in occupations[:, k, band]))
            text.append("\n")
    return "".join(text)
