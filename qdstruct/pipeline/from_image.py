"""From an orientation relationship seen in an image to the study that computes its interface."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from qdstruct.errors import InputError
from qdstruct.geometry import reduce_miller
from qdstruct.study import Study

if TYPE_CHECKING:
    from qdstruct.model.patterns import ImagedRelation, ParallelPlanes

__all__ = ["chosen_planes", "study_of_image"]

Miller = tuple[int, int, int]


def chosen_planes(relation: ImagedRelation, row: int) -> ParallelPlanes:
    """Return one of the proposed pairs of planes, counted from 1.

    Raises
    ------
    InputError
        If there are not so many.
    """
    if not 1 <= row <= len(relation.planes):
        raise InputError(
            f"there is no pair {row} of parallel planes",
            hint=f"choose 1 to {len(relation.planes)}",
        )
    return relation.planes[row - 1]


def study_of_image(relation: ImagedRelation, row: int, *, image: str) -> str:
    """Write the study of the interface along one proposed pair of parallel planes.

    Parameters
    ----------
    relation : ImagedRelation
        From `imaged_relation`. The first crystal becomes the substrate, the second the film.
    row : int
        Which pair of planes is the interface, from 1.
    image : str
        What the relation was read from, for the description.

    Returns
    -------
    str
        YAML that `load_study` reads. The zone axes are the in-plane directions that must be
        parallel: they lie in every plane that is edge-on in the image.

    Raises
    ------
    InputError
        As `chosen_planes`.
    """
    planes = chosen_planes(relation, row)
    substrate, film = relation.phases
    on_film, on_substrate = reduce_miller(planes.second), reduce_miller(planes.first)
    name = f"{film}-on-{substrate}".replace("/", "-")
    document = {
        "name": name,
        "description": f"read from {image}",
        "film": film,
        "substrate": substrate,
        "planes": {"film": on_film, "substrate": on_substrate},
        "directions": {"film": relation.zones[1], "substrate": relation.zones[0]},
    }
    Study.model_validate(document)
    misfit = "no planes cross it in both"
    if planes.misfit is not None:
        misfit = f"planes that cross it differ by {100 * planes.misfit:+.2f} %"
    lines = [
        f"# {film} on {substrate} as they lie in {image}:",
        f"# {_text(planes.second)} of {film} ∥ {_text(planes.first)} of {substrate} "
        f"({abs(planes.angle):.1f}° apart), {misfit};",
        f"# zone axes {_list(relation.zones[1])} ∥ {_list(relation.zones[0])}, to the observer.",
        f"name: {name}",
        f"description: read from {image}",
        "",
        f"film: {film}",
        f"substrate: {substrate}",
        "",
        "geometry: vertical",
        "planes:",
        f"  film: {_list(on_film)}",
        f"  substrate: {_list(on_substrate)}",
        "directions:                 # these two in-plane directions must be parallel",
        f"  film: {_list(relation.zones[1])}",
        f"  substrate: {_list(relation.zones[0])}",
        "  tolerance: 2.0            # degrees",
        "",
        "match:",
        "  max_area: 400",
        "  max_strain: 0.05",
        "",
        "patterns:",
        "  zones:",
        f"    - {{phase: {substrate}, zone: {_list(relation.zones[0])}}}",
        f"    - {{phase: {film}, zone: {_list(relation.zones[1])}}}",
    ]
    return "\n".join(lines) + "\n"


def _text(indices: Sequence[int]) -> str:
    return "(" + " ".join(map(str, indices)) + ")"


def _list(indices: Miller) -> str:
    return "[" + ", ".join(map(str, indices)) + "]"
