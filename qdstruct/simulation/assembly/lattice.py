"""Starting lattices: simple cubic with empty sites, or with rows that have taken them up."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from qdstruct.errors import InputError
from qdstruct.model.assembly import AssemblySettings

__all__ = ["STARTS", "assembly_settings", "starting_positions"]

STARTS = ("localised", "spread", "spread-xyz")
MAX_CUBES = 200_000
MIN_SITES = 4
"""Below this the box is narrower than two diagonals of a cube: nearest images are ambiguous."""


def assembly_settings(
    *,
    cubes: int = 1000,
    packing: float = 0.8,
    well: float = 0.0,
    well_range: float = 1.14,
    vacancies: float = 0.03,
    sweeps: int = 20_000,
    warm_up: int | None = None,
    sample_every: int | None = None,
    seeds: tuple[int, ...] = (1, 2, 3),
    start: str = "localised",
) -> AssemblySettings:
    """Choose the simple-cubic lattice nearest to what is asked, and check it.

    Parameters
    ----------
    cubes : int
        About how many; the lattice has n³ sites with n³(1 − vacancies) nearest to it.
    packing : float
        Packing fraction N σ³/V.
    well, well_range : float
        Energy (kT) and centre-to-centre range (σ) of the square well. The published model has
        1.14 σ and 0, −0.5 and −1 kT (van der Burgt et al., J. Phys. Chem. C 2018,
        doi 10.1021/acs.jpcc.8b02699, Fig. 5).
    vacancies : float
        Part of the sites that is empty.
    sweeps, warm_up, sample_every : int
        Sweeps per seed, those left out of the means (default half), and between samples
        (default a 200th of the sweeps).
    seeds : tuple of int
        One independent run each.
    start : str
        One of `STARTS`: empty sites drawn at random; rows along x that have closed up; such rows
        along x, y and z in equal parts.

    Raises
    ------
    InputError
        If no such crystal exists.
    """
    _check(packing, vacancies, well, well_range, seeds, start)
    if not 1 <= cubes <= MAX_CUBES:
        raise InputError(
            f"{cubes} cubes: between one and {MAX_CUBES:,} fit into the memory and a day",
            hint="the published crystals have about a thousand",
        )
    sites = max(MIN_SITES, round((cubes / (1.0 - vacancies)) ** (1 / 3)))
    empty = round(vacancies * sites**3)
    settings = AssemblySettings(
        sites=sites,
        vacancies=empty,
        packing=packing,
        well=well,
        well_range=well_range,
        sweeps=sweeps,
        warm_up=sweeps // 2 if warm_up is None else warm_up,
        sample_every=max(1, sweeps // 200) if sample_every is None else sample_every,
        seeds=seeds,
        start=start,
    )
    _check_lengths(settings)
    return settings


def _check(
    packing: float,
    vacancies: float,
    well: float,
    well_range: float,
    seeds: tuple[int, ...],
    start: str,
) -> None:
    if start not in STARTS:
        raise InputError(f"unknown start '{start}'", hint=f"known are {', '.join(STARTS)}")
    if not 0.0 < packing < 1.0:
        raise InputError(f"packing fraction {packing:g} is not between 0 and 1")
    if not 0.0 <= vacancies < 0.5:
        raise InputError(f"vacancies {vacancies:g} is not a part of the sites between 0 and 0.5")
    if not np.isfinite(well):
        raise InputError("the well must be a finite energy in kT")
    if not 1.0 <= well_range <= np.sqrt(3.0):
        raise InputError(
            f"well range {well_range:g} σ is outside 1 to √3",
            hint="cubes that touch face to face are 1 σ apart; the published range is 1.14 σ",
        )
    if not seeds or len(set(seeds)) != len(seeds) or min(seeds) < 0:
        raise InputError("seeds must be different whole numbers, zero or above")


def _check_lengths(settings: AssemblySettings) -> None:
    if not 0 <= settings.warm_up < settings.sweeps or settings.sample_every < 1:
        raise InputError(
            f"{settings.sweeps} sweeps with {settings.warm_up} of warm-up leave nothing to average",
            hint="ask for more sweeps, or for a shorter warm-up",
        )
    if settings.sample_every > settings.sweeps - settings.warm_up:
        raise InputError("fewer sweeps after the warm-up than between two samples")
    if settings.lattice_constant <= 1.0:
        raise InputError(
            f"a packing fraction of {settings.packing:g} with {settings.vacancies} of "
            f"{settings.sites**3} sites empty puts neighbours {settings.lattice_constant:.4f} σ "
            "apart: they overlap",
            hint="lower the packing fraction or the vacancies: packing + vacancies must be below 1",
        )
    if settings.start == "spread" and settings.vacancies > settings.sites**2:
        raise InputError("more vacancies than rows: they cannot be spread over one row each")
    if settings.start == "spread-xyz" and settings.vacancies > 3 * (settings.sites // 2) ** 2:
        raise InputError(
            f"{settings.vacancies} vacancies have no rows along all three axes that do not cross",
            hint="use --start spread",
        )


def starting_positions(settings: AssemblySettings, rng: np.random.Generator) -> NDArray[np.float64]:
    """Place the cubes.

    Parameters
    ----------
    settings : AssemblySettings
        Lattice and start.
    rng : numpy.random.Generator
        Chooses the empty sites, or the rows that have one.

    Returns
    -------
    (n, 3) array
        Centres inside the box, σ.
    """
    n, a = settings.sites, settings.lattice_constant
    if settings.start == "localised":
        sites = np.indices((n, n, n)).reshape(3, -1).T
        kept = np.sort(rng.permutation(n**3)[settings.vacancies :])
        return np.ascontiguousarray((sites[kept] + 0.5) * a)
    return _closed_up(n, a, _open_rows(settings, rng))


def _open_rows(settings: AssemblySettings, rng: np.random.Generator) -> list[tuple[int, int, int]]:
    """Draw rows (axis, and the places along the two axes after it) that do not cross.

    Rows along x and y cross where they have the same z. With spread-xyz, those along x have y and z
    in the lower half of the sites, those along y have z in the upper and x in the lower half, those
    along z have x and y in the upper half.
    """
    n, half = settings.sites, settings.sites // 2
    if settings.start == "spread":
        rows = rng.permutation(n * n)[: settings.vacancies]
        return [(0, int(row) // n, int(row) % n) for row in rows]
    halves = {0: (0, 0), 1: (half, 0), 2: (half, half)}
    found = []
    for axis, (first, second) in halves.items():
        count = len(range(axis, settings.vacancies, 3))
        for row in rng.permutation(half * half)[:count].tolist():
            found.append((axis, first + row // half, second + row % half))
    return found


def _closed_up(n: int, a: float, rows: list[tuple[int, int, int]]) -> NDArray[np.float64]:
    """Take one cube out of each row and space the others evenly."""
    loose = np.zeros((n, n, n), dtype=bool)
    spaced = []
    for axis, i, j in rows:
        place = np.empty((n - 1, 3))
        place[:, axis] = (np.arange(n - 1) + 0.5) * (n * a / (n - 1))
        place[:, (axis + 1) % 3], place[:, (axis + 2) % 3] = (i + 0.5) * a, (j + 0.5) * a
        spaced.append(place)
        index: list[slice | int] = [slice(None)] * 3
        index[(axis + 1) % 3], index[(axis + 2) % 3] = i, j
        loose[tuple(index)] = True
    places = np.concatenate([(np.argwhere(~loose) + 0.5) * a, *spaced])
    return places[np.lexsort((places[:, 0], places[:, 2], places[:, 1]))]
