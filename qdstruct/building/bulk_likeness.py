"""Whether a region of a structure is still the crystal it was cut from."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations, product
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from qdstruct.building.neighbours import NeighbourPairs, find_molecules, neighbour_pairs
from qdstruct.geometry import space_group
from qdstruct.model import Phase, Problem

if TYPE_CHECKING:
    from ase import Atoms

__all__ = ["handedness_problems", "shortest_bonds", "strain_problems"]

REACH = 5.5
"""Å: radius of the surroundings that are compared with the bulk."""


def shortest_bonds(atoms: Atoms) -> dict[tuple[str, str], float]:
    """Return, for every pair of elements, the shortest distance between them in Å."""
    return {pair: float(values.min()) for pair, values in _distances(atoms).items()}


def _distances(atoms: Atoms) -> dict[tuple[str, str], NDArray[np.float64]]:
    pairs = neighbour_pairs(atoms, REACH)
    symbols = np.array(atoms.get_chemical_symbols())
    first, second, lengths = symbols[pairs.first], symbols[pairs.second], pairs.distances
    kinds = sorted({(str(a), str(b)) for a, b in zip(first, second, strict=True) if a <= b})
    return {(a, b): lengths[(first == a) & (second == b)] for a, b in kinds}


def _region(atoms: Atoms, region: str) -> Atoms:
    return atoms[np.flatnonzero(np.asarray(atoms.arrays["region"]) == region)]


def strain_problems(
    atoms: Atoms, region: str, phase: Phase, max_strain: float
) -> Iterator[Problem]:
    """Compare the nearest distance of every pair of elements in a region with the bulk's.

    Elements that the bulk does not have are a problem of their own. Contacts between a molecule
    and its surroundings are left out: molecules keep their shape under strain, so such contacts
    take up what the molecules do not.
    """
    if "region" not in atoms.arrays or region not in atoms.arrays["region"]:
        yield Problem(kind="composition", message=f"there is no region '{region}'")
        return
    part = _region(atoms, region)
    strange = sorted(set(part.symbols) - set(phase.atoms.symbols))
    if strange:
        yield Problem(
            kind="composition",
            message=f"the {region} holds {', '.join(strange)}, which {phase.name} does not",
        )
    bulk = shortest_bonds(phase.atoms)
    molecular = find_molecules(phase.atoms).ids >= 0
    soft = set(phase.atoms.symbols[molecular])
    here = shortest_bonds(part)
    for pair, length in here.items():
        if pair not in bulk or (soft.intersection(pair) and bulk[pair] > 2.0):
            continue
        strain = length / bulk[pair] - 1
        if abs(strain) > max_strain + 1e-6 and (strain < 0 or bulk[pair] < 4.0):
            yield Problem(
                kind="strain",
                message=f"the shortest {pair[0]}–{pair[1]} distance of the {region} is "
                f"{length:.3f} Å, {100 * strain:+.1f} % off the {bulk[pair]:.3f} Å of "
                f"{phase.name} (at most {100 * max_strain:g} % was asked)",
            )


def handedness_problems(atoms: Atoms, region: str, phase: Phase) -> Iterator[Problem]:
    """Find a chiral crystal that was turned into its mirror image.

    Notes
    -----
    The surroundings of three atoms in the middle of the region are laid over those of the bulk,
    once by rotations and once by rotations with inversion. Where the mirrored surroundings fit
    clearly better, the crystal is the wrong enantiomer. Crystals with an improper operation are
    not chiral and are passed over.
    """
    rotations = space_group(phase.atoms).rotations
    achiral = any(round(np.linalg.det(rotation)) < 0 for rotation in rotations)
    if achiral or "region" not in atoms.arrays or region not in atoms.arrays["region"]:
        return
    part = _region(atoms, region)
    off_centre = np.linalg.norm(part.positions - part.positions.mean(axis=0), axis=1)
    here = neighbour_pairs(part, REACH)
    bulk = neighbour_pairs(phase.atoms, REACH)
    fits = np.zeros(2)
    for centre in np.argsort(off_centre, kind="stable")[:3]:
        fits += _best_fits(_around(part, here, int(centre)), phase.atoms, bulk)
    if fits[1] > fits[0] + 0.3:
        yield Problem(
            kind="handedness",
            message=f"the {region} is the mirror image of {phase.name}, a chiral crystal",
        )


Surroundings = tuple[int, NDArray[np.float64], NDArray[np.int64]]


def _around(atoms: Atoms, pairs: NeighbourPairs, centre: int) -> Surroundings:
    """Element of an atom, vectors to its neighbours (nearest first), and their elements."""
    near = np.flatnonzero(pairs.first == centre)
    near = near[np.argsort(pairs.distances[near], kind="stable")]
    numbers = np.asarray(atoms.numbers[pairs.second[near]], dtype=np.int64)
    return int(atoms.numbers[centre]), pairs.vectors[near], numbers


def _best_fits(here: Surroundings, bulk: Atoms, pairs: NeighbourPairs) -> NDArray[np.float64]:
    """Best fraction of neighbours laid over the bulk's, by a rotation and by its mirror image."""
    element, vectors, numbers = here
    best = np.zeros(2)
    triple = _spanning_triple(vectors)
    if triple is None:
        return best
    for site in np.flatnonzero(bulk.numbers == element):
        _, around, kinds = _around(bulk, pairs, int(site))
        for images in _like_triples(vectors[triple], numbers[triple], around, kinds):
            u, _, vt = np.linalg.svd(vectors[triple].T @ around[images])
            turn = u @ vt
            apart = np.linalg.norm((vectors @ turn)[:, None] - around[None], axis=-1)
            apart[numbers[:, None] != kinds[None]] = np.inf
            fraction = float((apart.min(axis=1) < 0.4).mean())
            hand = int(np.linalg.det(turn) < 0)
            best[hand] = max(best[hand], fraction)
    return best


def _spanning_triple(vectors: NDArray[np.float64]) -> list[int] | None:
    """Three near neighbours that span space best."""
    triples = list(combinations(range(min(len(vectors), 10)), 3))
    if not triples:
        return None
    volumes = np.abs([np.linalg.det(vectors[list(triple)]) for triple in triples])
    return list(triples[int(np.argmax(volumes))]) if volumes.max() > 1.0 else None


def _like_triples(
    vectors: NDArray[np.float64],
    numbers: NDArray[np.int64],
    around: NDArray[np.float64],
    kinds: NDArray[np.int64],
) -> Iterator[list[int]]:
    """Ordered triples of bulk neighbours with the same elements, lengths and mutual distances."""
    lengths = np.linalg.norm(vectors, axis=1)
    alike = [
        np.flatnonzero(
            (kinds == number) & (np.abs(np.linalg.norm(around, axis=1) / length - 1) < 0.06)
        )
        for number, length in zip(numbers, lengths, strict=True)
    ]
    for images in product(*alike):
        chosen = around[list(images)]
        sides = [np.linalg.norm(chosen[i] - chosen[j]) for i, j in ((0, 1), (1, 2), (2, 0))]
        wanted = [np.linalg.norm(vectors[i] - vectors[j]) for i, j in ((0, 1), (1, 2), (2, 0))]
        if np.allclose(sides, wanted, rtol=0.06, atol=0.05):
            yield [int(image) for image in images]
