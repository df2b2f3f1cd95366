"""From a study file to the interface it asks for."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from qdstruct import building, matching, phases
from qdstruct.errors import MatchError
from qdstruct.model import CoincidenceMatch, Interface, Phase
from qdstruct.study import Study

__all__ = ["Plan", "build_plan", "plan_study"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Plan:
    """The crystals of a study, every match within its bounds, and the interface built."""

    study: Study
    """As written by the user."""
    film: Phase
    """The upper crystal (beside it, for a lateral junction)."""
    substrate: Phase
    """The lower crystal."""
    matches: tuple[CoincidenceMatch, ...]
    """Coincidence cells within the bounds that keep the asked directions, best first."""
    chosen: int
    """Index of the match that was built; −1 where the junction brings its own cell."""
    interface: Interface
    """As built, not relaxed."""


def plan_study(study: Study, folder: Path = Path()) -> Plan:
    """Find the phases and their match, and build the interface.

    Parameters
    ----------
    study : Study
        What is asked.
    folder : Path
        Where structure files named in the study are looked for: the study file's own folder.

    Raises
    ------
    PhaseError, MatchError, BuildError
        When the study asks for something that does not exist.
    """
    film, substrate = _load(study.film, folder), _load(study.substrate, folder)
    if study.geometry == "lateral":
        interface = _lateral(study, film, substrate)
        matches: tuple[CoincidenceMatch, ...] = (
            () if interface.match is None else (interface.match,)
        )
        return Plan(
            study=study, film=film, substrate=substrate, matches=matches,
            chosen=len(matches) - 1, interface=interface,
        )  # fmt: skip
    matches = _matches(study, film, substrate)
    chosen = study.match.choose - 1
    if chosen >= len(matches):
        raise MatchError(
            f"match.choose is {study.match.choose}, but only {len(matches)} matches lie within "
            f"{study.match.max_area:g} Å² and {100 * study.match.max_strain:g} %",
            hint="choose a smaller number or loosen match.max_area or match.max_strain",
        )
    interface = _vertical(study, film, substrate, matches[chosen])
    return Plan(
        study=study, film=film, substrate=substrate, matches=matches, chosen=chosen,
        interface=interface,
    )  # fmt: skip


def build_plan(study: Study, plan: Plan) -> Interface:
    """Build the interface of a plan again, as `study` says; the match stays."""
    return _vertical(study, plan.film, plan.substrate, plan.matches[plan.chosen])


def _load(name: str, folder: Path) -> Phase:
    beside = folder / name
    return phases.load(beside if beside.is_file() else name)


def _matches(study: Study, film: Phase, substrate: Phase) -> tuple[CoincidenceMatch, ...]:
    matches = matching.find_matches(
        film,
        substrate,
        study.planes.film,
        study.planes.substrate,
        max_area=study.match.max_area,
        max_strain=study.match.max_strain,
    )
    wanted = study.directions
    if wanted is None:
        return matches
    kept = matching.keep_parallel(
        matches,
        film_direction=np.asarray(wanted.film) @ np.asarray(film.atoms.cell),
        substrate_direction=np.asarray(wanted.substrate) @ np.asarray(substrate.atoms.cell),
        tolerance=wanted.tolerance,
        film=film,
        substrate=substrate,
    )
    if not kept:
        raise MatchError(
            f"{len(matches)} coincidence cells fit within the bounds, but none keeps "
            f"{list(wanted.film)} of {film.name} within {wanted.tolerance:g}° of "
            f"{list(wanted.substrate)} of {substrate.name}",
            hint="loosen match.max_area, match.max_strain or directions.tolerance",
        )
    return kept


def _vertical(study: Study, film: Phase, substrate: Phase, match: CoincidenceMatch) -> Interface:
    build = study.build
    return building.build_interface(
        film,
        substrate,
        match,
        film_layers=build.film_layers,
        substrate_layers=build.substrate_layers,
        film_termination=build.film_termination,
        substrate_termination=build.substrate_termination,
        strain_on=build.strain_on,
        gap=build.gap,
        shift=build.shift,
        vacuum=build.vacuum,
    )


def _lateral(study: Study, film: Phase, substrate: Phase) -> Interface:
    build = study.build
    return building.build_lateral(
        film,
        substrate,
        film_hkl=study.planes.film,
        substrate_hkl=study.planes.substrate,
        film_layers=build.film_layers,
        substrate_layers=build.substrate_layers,
        max_area=study.match.max_area,
        max_strain=study.match.max_strain,
        strain_on=build.strain_on,
        vacuum=build.vacuum,
    )
