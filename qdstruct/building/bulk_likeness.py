"""Whether the parts of a structure are still the crystals they were cut from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from qdstruct.building.bodies import Body, bodies
from qdstruct.building.bulk_sites import Bulk
from qdstruct.building.crystal_fit import CrystalFit, fit_crystal
from qdstruct.building.part_comparison import CONNECTED, LEAST_ON_SITES, PartComparison
from qdstruct.building.strain import left_strain
from qdstruct.errors import BuildError
from qdstruct.geometry.neighbours import find_molecules, neighbour_pairs
from qdstruct.model import CrystalPart, Phase, Problem

if TYPE_CHECKING:
    from ase import Atoms

    from qdstruct.geometry.neighbours import NeighbourPairs

__all__ = ["RegionComparison", "compare_regions"]

MOST_PARTS = 20
"""Of a region in many parts, as of a superlattice, the largest are compared."""

AS_STATED = 0.003
"""By how much a measured in-plane strain may differ from the stated one."""


@dataclass(frozen=True, kw_only=True)
class RegionComparison:
    """What a comparison with the bulk measured, and what it found wrong."""

    parts: tuple[CrystalPart, ...]
    """One for every connected part of every region."""
    problems: tuple[Problem, ...]
    """Empty when every part is its crystal."""


def compare_regions(
    atoms: Atoms,
    regions: Mapping[str, Phase],
    *,
    max_strain: float,
    stated_strains: Mapping[str, ArrayLike] | None = None,
    pairs: NeighbourPairs | None = None,
) -> RegionComparison:
    """Lay every connected part of every region (of many the 20 largest) over its bulk crystal.

    Parameters
    ----------
    atoms : Atoms
        With a ``region`` array.
    regions : mapping
        The bulk crystal of each region, ``{"film": phase}``.
    max_strain : float
        Largest principal strain, and largest relative difference of a mean bond length. Where a
        larger strain is stated, that.
    stated_strains : mapping, optional
        (2, 2) in-plane strains U − 1 that the regions are said to carry, in the frame whose x axis
        is the first cell vector (as `Interface.film_strain` is). The measured in-plane strain must
        then agree within 0.003.
    pairs : NeighbourPairs, optional
        All neighbours within 4.6 Å, found if not given.

    Returns
    -------
    RegionComparison
        Strain in the plane and along the normal, bonds, coordination and symmetry of each part,
        and the problems.

    Raises
    ------
    BuildError
        If a stated strain is no symmetric (2, 2) array.

    Notes
    -----
    The deformation gradient is measured (`fit_crystal`), not taken from how the structure was
    made. Molecules keep their shape when a crystal is strained, so the framework alone is compared
    where there is one.
    """
    known = np.asarray(atoms.arrays.get("region", np.full(len(atoms), "")))
    pairs = neighbour_pairs(atoms, CONNECTED) if pairs is None else pairs
    molecular = find_molecules(atoms).ids >= 0
    parts: list[CrystalPart] = []
    problems: list[Problem] = []
    for region, phase in regions.items():
        chosen = np.flatnonzero(known == region)
        if not len(chosen):
            problems.append(Problem(kind="composition", message=f"there is no region '{region}'"))
            continue
        problems += _strange_elements(atoms, chosen, region, phase)
        bulk = Bulk.of(phase)
        stated = _stated(stated_strains, region)
        bound = max_strain if stated is None else max(max_strain, _largest(stated) + AS_STATED)
        for body in islice(bodies(atoms, chosen, pairs), MOST_PARTS):
            compared = ~molecular[body.members] if _has_framework(phase) else np.ones(
                len(body.members), dtype=bool)  # fmt: skip
            if not compared.any():
                continue
            laid = _laid(body, compared, bulk)
            if laid is None:
                problems += _unfitted(body, compared, region, phase)
                continue
            comparison = PartComparison(atoms, body, compared, bulk, laid, region)
            part = comparison.part()
            parts.append(part)
            problems += comparison.site_problems()
            problems += _part_problems(part, bound, stated)
    return RegionComparison(parts=tuple(parts), problems=tuple(problems))


def _stated(strains: Mapping[str, ArrayLike] | None, region: str) -> NDArray[np.float64] | None:
    """Return V − 1 in the plane of the structure, from the U − 1 that is stated."""
    if strains is None or region not in strains:
        return None
    stated = np.asarray(strains[region], dtype=float)
    if stated.shape != (2, 2) or not np.allclose(stated, stated.T, atol=1e-6):
        raise BuildError(f"the strain of the {region} is a symmetric 2 x 2 matrix")
    return left_strain(stated)


def _largest(strain: NDArray[np.float64]) -> float:
    return float(np.abs(np.linalg.eigvalsh(strain)).max())


def _has_framework(phase: Phase) -> bool:
    return bool((find_molecules(phase.atoms).ids < 0).any())


def _strange_elements(
    atoms: Atoms, chosen: NDArray[np.int64], region: str, phase: Phase
) -> Iterator[Problem]:
    strange = sorted(set(atoms.symbols[chosen]) - set(phase.atoms.symbols))
    if strange:
        yield Problem(
            kind="composition",
            message=f"the {region} holds {', '.join(strange)}, which {phase.name} does not",
        )


def _laid(body: Body, compared: NDArray[np.bool_], bulk: Bulk) -> CrystalFit | None:
    """Fit the crystal; a chiral one also as its mirror image where that is clearly better."""
    fit = fit_crystal(body, compared, bulk, mirrored=False)
    if bulk.chiral and (fit is None or fit.share < LEAST_ON_SITES or fit.rms > 0.1):
        other = fit_crystal(body, compared, bulk, mirrored=True)
        if fit is None or (other is not None and other.quality > fit.quality + 0.05):
            return other
    return fit


def _unfitted(
    body: Body, compared: NDArray[np.bool_], region: str, phase: Phase
) -> Iterator[Problem]:
    """Pass over a part too small to have an orientation; any other is a problem."""
    points = body.positions[compared]
    spreads = np.linalg.svd(points - points.mean(axis=0), compute_uv=False)
    if len(points) > 12 and spreads.min() / np.sqrt(len(points)) > 0.5:
        yield Problem(
            kind="crystal",
            message=f"no orientation of {phase.name} fits the {region} ({len(points)} atoms)",
        )


def _part_problems(
    part: CrystalPart, max_strain: float, stated: NDArray[np.float64] | None
) -> Iterator[Problem]:
    """Say what is wrong with a part as a whole."""
    if part.mirrored:
        yield Problem(
            kind="handedness",
            message=f"the {part.region} is the mirror image of {part.phase}, a chiral crystal",
        )
    if part.n_on_sites < LEAST_ON_SITES * part.n_atoms:
        yield Problem(
            kind="crystal",
            message=f"only {part.n_on_sites} of {part.n_atoms} atoms of the {part.region} lie on "
            f"sites of {part.phase}",
        )
        return
    yield from _strain_problems(part, max_strain, stated)
    if part.space_group and part.space_group != part.bulk_space_group:
        yield Problem(
            kind="symmetry",
            message=f"the atoms of the {part.region}, averaged into one cell, have the space group "
            f"{part.space_group}; those of {part.phase} have {part.bulk_space_group}",
        )


def _strain_problems(
    part: CrystalPart, max_strain: float, stated: NDArray[np.float64] | None
) -> Iterator[Problem]:
    strain = part.strain
    known = strain[:2, :2] if part.flat else strain
    worst = _largest(known)
    if worst > max_strain + 1e-4:
        along = "" if part.flat else f", along z {100 * strain[2, 2]:+.1f} %"
        yield Problem(
            kind="strain",
            message=f"the {part.region} is strained by up to {100 * worst:.1f} % against "
            f"{part.phase}: in the plane {100 * strain[0, 0]:+.1f} % and "
            f"{100 * strain[1, 1]:+.1f} %{along} (at most {100 * max_strain:g} % was asked)",
        )
    elif stated is not None and np.abs(strain[:2, :2] - stated).max() > AS_STATED:
        words = [
            ", ".join(f"{name} {100 * tensor[i, j]:+.2f} %" for name, i, j in
                      (("xx", 0, 0), ("yy", 1, 1), ("xy", 0, 1)))
            for tensor in (strain, stated)
        ]  # fmt: skip
        yield Problem(
            kind="strain",
            message=f"the {part.region} has the in-plane strain {words[0]}, but {words[1]} is "
            "stated",
        )
    for bond in part.bonds:
        change = bond.length / bond.bulk_length - 1
        if worst <= max_strain + 1e-4 and abs(change) > max_strain + 1e-4:
            yield Problem(
                kind="strain",
                message=f"the {bond.pair[0]}–{bond.pair[1]} bonds of the {part.region} are "
                f"{bond.length:.3f} Å long on average, {100 * change:+.1f} % off the "
                f"{bond.bulk_length:.3f} Å of {part.phase}",
            )
