"""From names typed by a user to a built structure: phases → matching → building."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from qdstruct import building, matching, phases
from qdstruct.errors import BuildError, MatchError
from qdstruct.geometry import lattice_plane, primitive_lattice
from qdstruct.model import CoincidenceMatch, Interface, Miller, Phase

__all__ = ["MatchedPair", "build_matched_interface", "chosen_match", "load_matched_pair"]


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


@dataclass(frozen=True, kw_only=True, eq=False)
class MatchedPair:
    """Two crystals and the coincidence cell chosen for them."""

    film: Phase
    """The upper crystal."""
    substrate: Phase
    """The lower crystal."""
    match: CoincidenceMatch
    """Their coincidence cell."""

    @property
    def crystals(self) -> dict[str, Phase]:
        """Bulk crystal of each region of an interface."""
        return {"film": self.film, "substrate": self.substrate}


def load_matched_pair(
    film: str, substrate: str, film_hkl: Miller, substrate_hkl: Miller, **bounds: Any
) -> MatchedPair:
    """Load two crystals and choose their match.

    Parameters
    ----------
    film, substrate : str
        Phase names or structure files.
    film_hkl, substrate_hkl : three integers
        The faces that meet, each in the cell of its phase.
    **bounds
        Which match, as in `chosen_match`.

    Raises
    ------
    PhaseError, MatchError
        When a crystal cannot be read or there is no such match.
    """
    upper, lower = phases.load(film), phases.load(substrate)
    match = chosen_match(upper, lower, film_hkl, substrate_hkl, **bounds)
    return MatchedPair(film=upper, substrate=lower, match=match)


def build_matched_interface(
    pair: MatchedPair,
    *,
    strain_on: str = "film",
    stiffness: tuple[ArrayLike, ArrayLike] | None = None,
    film_layers: int = 2,
    substrate_layers: int = 2,
    sandwich: bool = False,
    **options: Any,
) -> Interface:
    """Build the interface of a matched pair.

    Parameters
    ----------
    pair : MatchedPair
        From `load_matched_pair`.
    strain_on : {"film", "substrate", "both", "elastic"}
        Who takes the misfit; "elastic" shares it with the least elastic energy, in proportion to
        the thicknesses of both slabs.
    stiffness : two (6, 6) arrays, optional
        Elastic stiffness of film and substrate in GPa, each in the axes of its file; needed for
        "elastic".
    film_layers, substrate_layers : int
        Repeats of each plane spacing.
    sandwich : bool
        Put the substrate on both sides.
    **options
        Passed on to `building.build_interface`.

    Raises
    ------
    MatchError, BuildError
        When the request asks for something that does not exist.
    """
    share: Any = strain_on
    if stiffness is not None and strain_on != "elastic":
        raise BuildError(
            f"stiffness tensors say nothing when the strain is put on '{strain_on}'",
            hint="share it with --strain-on elastic",
        )
    if strain_on == "elastic":
        heights = [
            layers * lattice_plane(phase.atoms.cell, primitive_lattice(phase.atoms), hkl).spacing
            for layers, phase, hkl in (
                (film_layers, pair.film, pair.match.film_hkl),
                (substrate_layers, pair.substrate, pair.match.substrate_hkl),
            )
        ]
        tensors = stiffness or (None, None)
        share = matching.partition_strain(
            pair.match,
            "elastic",
            film_stiffness=tensors[0],
            substrate_stiffness=tensors[1],
            thickness_ratio=heights[0] / (heights[1] * (1 + sandwich)),
        )
    return building.build_interface(
        pair.film,
        pair.substrate,
        pair.match,
        strain_on=share,
        film_layers=film_layers,
        substrate_layers=substrate_layers,
        sandwich=sandwich,
        **options,
    )
