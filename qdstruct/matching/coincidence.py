"""Every coincidence cell of two crystals within an area and a strain."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from qdstruct.errors import MatchError
from qdstruct.matching.surfaces import Surface, crystal, inequivalent_facets, surface
from qdstruct.model import CoincidenceMatch, Phase

__all__ = [
    "FacetPairMatches",
    "PreparedFacet",
    "check_bounds",
    "match_facets",
    "prepare",
    "prepare_facets",
    "scan_facets",
    "scan_prepared",
]

DEFAULT_MAX_AREA = 400.0
DEFAULT_MAX_STRAIN = 0.05
LARGEST_INDEX = 4000
"""Superlattices are listed up to this index: about 13 million of them, 0.6 GB."""


@dataclass(frozen=True, kw_only=True, eq=False)
class FacetPairMatches:
    """All matches of one facet of the film with one of the substrate, as plain columns."""

    film: Surface
    """Facet of the film."""
    substrate: Surface
    """Facet of the substrate."""
    film_transforms: NDArray[np.int64]
    """(m, 2, 2) film supercells in primitive plane vectors."""
    substrate_transforms: NDArray[np.int64]
    """(m, 2, 2) substrate supercells; row i of a match coincides with row i of the film's."""
    areas: NDArray[np.float64]
    """(m,) area of the coincidence cell on the substrate, Å²."""
    principal_strains: NDArray[np.float64]
    """(m, 2) eigenvalues of U − 1, the larger magnitude first."""
    strains: NDArray[np.float64]
    """(m, 2, 2) U − 1 in the film's plane frame."""
    rotations: NDArray[np.float64]
    """(m,) degrees."""
    folded: NDArray[np.int64]
    """(m,) further matches folded into each row."""
    numbers: NDArray[np.int64]
    """(m,) position of each row among all matches of the pair, from 1."""

    def __len__(self) -> int:
        return len(self.areas)

    @property
    def film_areas(self) -> NDArray[np.float64]:
        """(m,) area of the coincidence cell on the unstrained film, Å²."""
        return np.asarray(_indices(self.film_transforms) * self.film.plane.area, dtype=float)

    @property
    def max_strains(self) -> NDArray[np.float64]:
        """(m,) largest absolute principal strain of each match."""
        return np.asarray(np.abs(self.principal_strains[:, 0]))

    def select(self, rows: NDArray[Any]) -> FacetPairMatches:
        """Keep some of the rows, in the order given."""
        return FacetPairMatches(
            film=self.film,
            substrate=self.substrate,
            film_transforms=self.film_transforms[rows],
            substrate_transforms=self.substrate_transforms[rows],
            areas=self.areas[rows],
            principal_strains=self.principal_strains[rows],
            strains=self.strains[rows],
            rotations=self.rotations[rows],
            folded=self.folded[rows],
            numbers=self.numbers[rows],
        )

    def records(self) -> Iterator[CoincidenceMatch]:
        """Yield one `CoincidenceMatch` per row."""
        film, substrate = self.film, self.substrate
        film_uvw = self.film_transforms @ film.lattice_directions
        substrate_uvw = self.substrate_transforms @ substrate.lattice_directions
        n_atoms = (
            _indices(self.film_transforms) * film.crystal.n_atoms_primitive
            + _indices(self.substrate_transforms) * substrate.crystal.n_atoms_primitive
        )
        for i in range(len(self)):
            first, second = self.principal_strains[i].tolist()
            yield CoincidenceMatch(
                film_hkl=film.hkl,
                substrate_hkl=substrate.hkl,
                film_plane_vectors=film.plane.vectors,
                substrate_plane_vectors=substrate.plane.vectors,
                film_transform=self.film_transforms[i],
                substrate_transform=self.substrate_transforms[i],
                area=float(self.areas[i]),
                strain=self.strains[i],
                principal_strains=(first, second),
                rotation=float(self.rotations[i]),
                film_directions=film_uvw[i],
                substrate_directions=substrate_uvw[i],
                n_atoms_per_layer_pair=int(n_atoms[i]),
                folded=int(self.folded[i]),
                number=int(self.numbers[i]),
            )


def _indices(transforms: NDArray[np.int64]) -> NDArray[np.int64]:
    return transforms[:, 0, 0] * transforms[:, 1, 1] - transforms[:, 0, 1] * transforms[:, 1, 0]


def check_bounds(max_area: float, max_strain: float) -> None:
    """Refuse bounds that mean nothing.

    Raises
    ------
    MatchError
        Unless 0 < max_area < ∞ and 0 < max_strain < 1.
    """
    if not (np.isfinite(max_area) and max_area > 0):
        raise MatchError(
            f"the largest area must be a positive number of Å², not {max_area}",
            hint="400 Å² is a usual first choice",
        )
    if not 0 < max_strain < 1:
        raise MatchError(
            f"the largest strain must lie between 0 and 1, not {max_strain}",
            hint="it is a fraction: 0.05 means 5 %",
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class PreparedFacet:
    """A facet with its superlattices listed."""

    surface: Surface
    """The facet."""
    basis: NDArray[np.float64]
    """(2, 2) primitive plane vectors in the plane's own frame, rows in Å."""
    inverse: NDArray[np.float64]
    """(2, 2) inverse of `basis`, 1/Å."""
    area: float
    """Area of the primitive plane cell, Å²."""
    operations: NDArray[np.int64]
    """(n, 4) point operations of the face, flat."""
    superlattices: Any
    """Arrays of `qdstruct.matching.kernel.superlattices`."""


def prepare(of: Surface, max_area: float) -> PreparedFacet:
    """List the superlattices of a facet with areas up to `max_area` Å².

    Raises
    ------
    MatchError
        If they would not fit in memory.
    """
    from qdstruct.matching.kernel import superlattices

    basis = np.ascontiguousarray(of.plane.planar)
    area = float(basis[0, 0] * basis[1, 1] - basis[0, 1] * basis[1, 0])
    largest = int(max_area / area * (1 + 1e-9))
    if largest > LARGEST_INDEX:
        raise MatchError(
            f"{of.crystal.name} {of.hkl}: cells up to {max_area:g} Å² are {largest} times the "
            f"primitive one; {largest**2:.1e} superlattices do not fit in memory",
            hint=f"stay below {LARGEST_INDEX * area:.0f} Å²",
        )
    return PreparedFacet(
        surface=of,
        basis=basis,
        inverse=np.ascontiguousarray(np.linalg.inv(basis), dtype=float),
        area=area,
        operations=np.ascontiguousarray(of.operations.reshape(-1, 4)),
        superlattices=superlattices(basis, largest),
    )


def _match(
    film: PreparedFacet, substrate: PreparedFacet, max_area: float, max_strain: float
) -> FacetPairMatches:
    from qdstruct.matching.kernel import search_pair
    from qdstruct.matching.standard import standardise

    integers, stretches = search_pair(
        film.superlattices,
        film.area,
        film.operations,
        substrate.superlattices,
        substrate.area,
        substrate.operations,
        max_strain,
    )
    numbers = standardise(
        integers,
        stretches,
        film.inverse,
        film.area,
        film.operations,
        substrate.basis,
        substrate.area,
        substrate.operations,
        max_area,
    )
    if len(integers) > 1:
        order = np.lexsort((np.abs(numbers[:, 1]).round(12), numbers[:, 0].round(9)))
        integers, numbers = integers[order], numbers[order]
    transforms = integers[:, :8].reshape(-1, 2, 2, 2)
    return FacetPairMatches(
        film=film.surface,
        substrate=substrate.surface,
        film_transforms=transforms[:, 0],
        substrate_transforms=transforms[:, 1],
        areas=numbers[:, 0],
        principal_strains=numbers[:, 1:3],
        strains=numbers[:, [4, 5, 5, 6]].reshape(-1, 2, 2),
        rotations=numbers[:, 3],
        folded=integers[:, 8],
        numbers=np.arange(1, len(integers) + 1),
    )


def match_facets(
    film: Surface,
    substrate: Surface,
    *,
    max_area: float = DEFAULT_MAX_AREA,
    max_strain: float = DEFAULT_MAX_STRAIN,
) -> FacetPairMatches:
    """Find every match of two facets; an empty result is not an error.

    Parameters are those of `find_matches`, with the facets already made.
    """
    check_bounds(max_area, max_strain)
    return _match(prepare(film, max_area), prepare(substrate, max_area), max_area, max_strain)


def prepare_facets(
    phase: Phase,
    *,
    max_index: int = 1,
    facets: Sequence[ArrayLike] | None = None,
    max_area: float = DEFAULT_MAX_AREA,
) -> tuple[PreparedFacet, ...]:
    """List the superlattices of every inequivalent facet of a phase, or of the facets given."""
    of = crystal(phase)
    wanted = inequivalent_facets(of, max_index) if facets is None else facets
    return tuple(prepare(surface(of, hkl), max_area) for hkl in wanted)


def scan_prepared(
    film: Sequence[PreparedFacet],
    substrate: Sequence[PreparedFacet],
    *,
    max_area: float,
    max_strain: float,
) -> Iterator[FacetPairMatches]:
    """Match every pair of prepared facets, one pair at a time."""
    check_bounds(max_area, max_strain)
    for a in film:
        for b in substrate:
            yield _match(a, b, max_area, max_strain)


def scan_facets(
    film: Phase,
    substrate: Phase,
    *,
    max_index: int = 1,
    film_facets: Sequence[ArrayLike] | None = None,
    substrate_facets: Sequence[ArrayLike] | None = None,
    max_area: float = DEFAULT_MAX_AREA,
    max_strain: float = DEFAULT_MAX_STRAIN,
) -> Iterator[FacetPairMatches]:
    """Match every pair of symmetry-inequivalent facets, one pair at a time.

    Parameters
    ----------
    film, substrate : Phase
        The crystals.
    max_index : int
        Largest Miller index, for the crystal whose facets are not given.
    film_facets, substrate_facets : sequences of three integers, optional
        Only these facets.
    max_area, max_strain : float
        Bounds as in `find_matches`.

    Yields
    ------
    FacetPairMatches
        One for every pair, empty ones included, so that a caller can show progress.
    """
    check_bounds(max_area, max_strain)
    yield from scan_prepared(
        prepare_facets(film, max_index=max_index, facets=film_facets, max_area=max_area),
        prepare_facets(substrate, max_index=max_index, facets=substrate_facets, max_area=max_area),
        max_area=max_area,
        max_strain=max_strain,
    )
