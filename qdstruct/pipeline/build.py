"""From names typed by a user to a built structure: phases → matching → building."""

from __future__ import annotations

from typing import Any

import numpy as np

from qdstruct import building, matching, phases
from qdstruct.errors import MatchError
from qdstruct.model import CoincidenceMatch, Interface, Miller, Phase

__all__ = ["build_matched_interface", "chosen_match"]


def chosen_match(
    film: Phase,
    substrate: Phase,
    film_hkl: Miller,
    substrate_hkl: Miller,
    *,
    number: int = 1,
    max_area: float = 200.0,
    max_strain: float = 0.05,
    parallel: tuple[Miller, Miller] | None = None,
    tolerance: float = 1.0,
) -> CoincidenceMatch:
    """Return the coincidence cell with the given number, 1 for the best.

    Parameters
    ----------
    film, substrate : Phase
        The two crystals.
    film_hkl, substrate_hkl : three integers
        The faces that meet.
    number, max_area, max_strain
        Which match, within which bounds (Å², a fraction).
    parallel : two directions [uvw], optional
        In-plane directions of film and substrate that must be parallel; matches that do not keep
        them are not counted.
    tolerance : float
        By how many degrees the two directions may differ.

    Raises
    ------
    MatchError
        If the bounds leave no match, or fewer than `number`.
    """
    matches = matching.find_matches(
        film, substrate, film_hkl, substrate_hkl, max_area=max_area, max_strain=max_strain
    )
    if parallel is not None:
        matches = matching.keep_parallel(
            matches,
            film_direction=np.asarray(parallel[0]) @ np.asarray(film.atoms.cell),
            substrate_direction=np.asarray(parallel[1]) @ np.asarray(substrate.atoms.cell),
            tolerance=tolerance,
            film=film,
            substrate=substrate,
        )
    if not 1 <= number <= len(matches):
        kept = "" if parallel is None else " and keep the directions parallel"
        choice = f"choose 1 to {len(matches)}, or " if matches else ""
        raise MatchError(
            f"there is no match {number}: {len(matches)} lie within {max_area:g} Å² and "
            f"{100 * max_strain:g} %{kept}",
            hint=f"{choice}loosen --max-area or --max-strain"
            f"{'' if parallel is None else ' or --tolerance'}",
        )
    return matches[number - 1]


def build_matched_interface(
    film: str,
    substrate: str,
    film_hkl: Miller,
    substrate_hkl: Miller,
    *,
    number: int = 1,
    max_area: float = 200.0,
    max_strain: float = 0.05,
    parallel: tuple[Miller, Miller] | None = None,
    tolerance: float = 1.0,
    **options: Any,
) -> Interface:
    """Load two crystals, find their match and build the interface.

    Parameters
    ----------
    film, substrate : str
        Phase names or structure files.
    film_hkl, substrate_hkl : three integers
        The faces that meet, each in the cell of its phase.
    number, max_area, max_strain, parallel, tolerance
        Which match, as in `chosen_match`.
    **options
        Passed on to `building.build_interface`.

    Raises
    ------
    PhaseError, MatchError, BuildError
        When the request asks for something that does not exist.
    """
    upper, lower = phases.load(film), phases.load(substrate)
    match = chosen_match(
        upper,
        lower,
        film_hkl,
        substrate_hkl,
        number=number,
        max_area=max_area,
        max_strain=max_strain,
        parallel=parallel,
        tolerance=tolerance,
    )
    return building.build_interface(upper, lower, match, **options)
