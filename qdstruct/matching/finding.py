"""Every match of one plane on one plane, or the reason why there is none."""

from __future__ import annotations

from numpy.typing import ArrayLike

from qdstruct.matching.coincidence import DEFAULT_MAX_AREA, DEFAULT_MAX_STRAIN, match_facets
from qdstruct.matching.misses import no_match_error
from qdstruct.matching.surfaces import crystal, surface
from qdstruct.model import CoincidenceMatch, Phase

__all__ = ["find_matches"]


def find_matches(
    film: Phase,
    substrate: Phase,
    film_hkl: ArrayLike,
    substrate_hkl: ArrayLike,
    *,
    max_area: float = DEFAULT_MAX_AREA,
    max_strain: float = DEFAULT_MAX_STRAIN,
) -> tuple[CoincidenceMatch, ...]:
    """Find every coincidence cell of one plane of the film on one plane of the substrate.

    Parameters
    ----------
    film, substrate : Phase
        The crystals. The film lies above, its plane's normal pointing away from the substrate.
    film_hkl, substrate_hkl : three integers
        Miller indices in the cells of the phases' files.
    max_area : float
        Bound on both supercells' areas, Å².
    max_strain : float
        Bound on |principal stretch − 1| of the film deformed onto the substrate, a fraction.

    Returns
    -------
    tuple of CoincidenceMatch
        Smallest area first, then smallest strain. Each is primitive (multiples are left out and
        counted in ``folded``) and distinct under the symmetry of both faces; of equivalent
        matches the one with the smallest rotation is reported.

    Raises
    ------
    MatchError
        If nothing fits: the message names the nearest miss in area and in strain. Also for
        impossible planes and bounds.
    """
    films, substrates = surface(crystal(film), film_hkl), surface(crystal(substrate), substrate_hkl)
    found = match_facets(films, substrates, max_area=max_area, max_strain=max_strain)
    if not len(found):
        raise no_match_error([(films, substrates)], max_area=max_area, max_strain=max_strain)
    return tuple(found.records())
