"""INCAR tags behind the choices a user makes in words: dispersion, spin, Hubbard U, cores."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from qdstruct.errors import StudyError
from qdstruct.jobs.poscar import species_of
from qdstruct.jobs.potentials import count_electrons
from qdstruct.jobs.presets import Setting, TagValue
from qdstruct.model import CalculationSettings

if TYPE_CHECKING:
    from ase import Atoms

__all__ = ["chosen_settings", "default_bands"]

DISPERSION = {"none": 0, "D3": 11, "D3-BJ": 12, "D4": 13, "TS": 20}
"""IVDW of each dispersion correction (VASP wiki, IVDW); D4 needs VASP linked with DFT-D4."""
WITHOUT_COUPLING = frozenset({"relax", "displacement", "md"})
"""Kinds on whose geometry or forces spin-orbit coupling would act. The relaxation has none, and
forces belong to the energy surface whose minimum the structure is."""
SHELLS = {"s": 0, "p": 1, "d": 2, "f": 3}


def chosen_settings(
    choices: CalculationSettings, atoms: Atoms, kind: str, points: int
) -> list[Setting]:
    """Translate the user's choices into tags for one job.

    Parameters
    ----------
    choices : CalculationSettings
        What the study asks for.
    atoms : Atoms
        The job's atoms in POSCAR order; lists per atom and per species follow it.
    kind : str
        Kind of job (`qdstruct.jobs.kinds.KINDS`).
    points : int
        Irreducible k-points.

    Raises
    ------
    StudyError
        For an unknown dispersion correction or a shell that cannot be read.
    """
    settings = [*_dispersion(choices), *_hubbard(choices, atoms)]
    if choices.spin_orbit and kind not in WITHOUT_COUPLING:
        settings += _spin_orbit(choices, atoms)
    elif choices.magnetic_moments:
        settings += _collinear(choices, atoms)
    return settings + _parallel(choices, points)


def _chosen(tag: str, value: TagValue, reason: str, field: str) -> Setting:
    return Setting(tag=tag, value=value, reason=reason, origin=f"your study, {field}")


def _dispersion(choices: CalculationSettings) -> list[Setting]:
    name = choices.van_der_waals
    if name is None:
        return []
    if name not in DISPERSION:
        raise StudyError(
            f"calculation.van_der_waals: there is no dispersion correction called '{name}'",
            hint=f"corrections: {', '.join(DISPERSION)}",
        )
    return [_chosen("IVDW", DISPERSION[name], f"Dispersion correction {name}.", "van_der_waals")]


def _hubbard(choices: CalculationSettings, atoms: Atoms) -> list[Setting]:
    if not choices.hubbard_u:
        return []
    shells: dict[str, tuple[int, float]] = {}
    for name, energy in choices.hubbard_u.items():
        element, _, shell = name.partition("-")
        if shell not in SHELLS:
            raise StudyError(
                f"calculation.hubbard_u: '{name}' does not name a shell",
                hint="write element-shell, for example Zn-d: 5.0",
            )
        shells[element] = (SHELLS[shell], energy)
    ordered = [shells.get(element, (-1, 0.0)) for element in species_of(atoms)]
    if all(shell < 0 for shell, _ in ordered):
        return []
    quantum = " ".join(str(shell) for shell, _ in ordered)
    energies = " ".join(f"{energy:g}" for _, energy in ordered)
    zeros = " ".join("0" for _ in ordered)
    why = "Hubbard U of Dudarev's form, species in POSCAR order."
    return [
        _chosen("LDAU", True, why, "hubbard_u"),
        _chosen("LDAUTYPE", 2, "Dudarev: only U − J matters.", "hubbard_u"),
        _chosen("LDAUL", quantum, "Shell of each species; −1 for none.", "hubbard_u"),
        _chosen("LDAUU", energies, why, "hubbard_u"),
        _chosen("LDAUJ", zeros, "U − J is given as U.", "hubbard_u"),
    ]


def _moments(choices: CalculationSettings, atoms: Atoms) -> list[tuple[int, float]]:
    symbols = atoms.get_chemical_symbols()
    return [
        (symbols.count(element), choices.magnetic_moments.get(element, 0.0))
        for element in species_of(atoms)
    ]


def _collinear(choices: CalculationSettings, atoms: Atoms) -> list[Setting]:
    moments = " ".join(f"{count}*{moment:g}" for count, moment in _moments(choices, atoms))
    return [
        _chosen("ISPIN", 2, "Initial moments were given.", "magnetic_moments"),
        _chosen("MAGMOM", moments, "Initial moments, atoms in POSCAR order.", "magnetic_moments"),
    ]


def _spin_orbit(choices: CalculationSettings, atoms: Atoms) -> list[Setting]:
    words = []
    for count, moment in _moments(choices, atoms):
        words += [f"{3 * count}*0"] if moment == 0 else [f"0 0 {moment:g}"] * count
    bands = 2 * default_bands(count_electrons(atoms), len(atoms))
    return [
        _chosen("LSORBIT", True, "Strong for Pb and Bi; needs vasp_ncl.", "spin_orbit"),
        _chosen("GGA_COMPAT", False, "Keeps gradient corrections rotation-free.", "spin_orbit"),
        _chosen("MAGMOM", " ".join(words), "Three components per atom.", "spin_orbit"),
        _chosen("NBANDS", bands, "Twice as many bands: each holds one electron.", "spin_orbit"),
    ]


def default_bands(electrons: float, n_atoms: int) -> int:
    """NBANDS that VASP chooses without spins: max(N_e/2 + N_ions/2, 0.6 N_e), rounded up."""
    return math.ceil(max(electrons / 2 + n_atoms / 2, 0.6 * electrons))


def _parallel(choices: CalculationSettings, points: int) -> list[Setting]:
    """KPAR: largest divisor of the cores up to the k-points; NCORE: up to √(cores per group)."""
    cores = choices.cores
    if cores is None:
        return []
    if cores < 1:
        raise StudyError("calculation.cores: at least one core is needed")
    groups = max(n for n in range(1, min(cores, points) + 1) if cores % n == 0)
    share = cores // groups
    ncore = max(n for n in range(1, math.isqrt(share) + 1) if share % n == 0)
    return [
        _chosen("KPAR", groups, f"{points} k-points on {cores} cores.", "cores"),
        _chosen("NCORE", ncore, f"About the square root of {share} cores per k-point.", "cores"),
    ]
