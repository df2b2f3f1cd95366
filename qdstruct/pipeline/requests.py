"""What a study asks to be computed at its end, checked at its beginning."""

from __future__ import annotations

import difflib

from qdstruct import building, phases, simulation
from qdstruct.errors import InputError, StudyError
from qdstruct.model import Phase
from qdstruct.pipeline.reproduction import published_numbers
from qdstruct.study import Study

__all__ = ["check_requests", "polar_faces", "zone_phase"]


def check_requests(study: Study, film: Phase, substrate: Phase) -> None:
    """Refuse patterns and published systems that could not be computed when the jobs are done.

    Raises
    ------
    StudyError
        Naming the key of the study that asks for something unknown.
    """
    try:
        simulation.radiation(study.patterns.anode)
    except InputError as error:
        raise StudyError(f"patterns.anode: {error.message}", hint=error.hint) from None
    for index, zone in enumerate(study.patterns.zones):
        try:
            zone_phase(study, zone.phase, film, substrate)
        except InputError as error:
            where = f"patterns.zones, entry {index + 1}"
            raise StudyError(f"{where}: {error.message}", hint=error.hint) from None
    systems = sorted({number.system for number in published_numbers() if number.system})
    for name in study.published:
        if name not in systems:
            near = difflib.get_close_matches(name, systems, n=4, cutoff=0.3) or systems
            raise StudyError(
                f"published: no published number of '{name}'", hint=f"systems: {', '.join(near)}"
            )


def zone_phase(study: Study, name: str, film: Phase, substrate: Phase) -> Phase:
    """Return the crystal of a zone-axis pattern: the study's own as prepared, or a known one.

    Raises
    ------
    PhaseError
        If it is neither.
    """
    own = {study.film: film, study.substrate: substrate}
    return own[name] if name in own else phases.load(name)


def polar_faces(study: Study, film: Phase, substrate: Phase) -> tuple[str, ...]:
    """Say which of the two faces is polar, one sentence each.

    The Tasker type is that of the bulk planes (Tasker, J. Phys. C 12, 4977 (1979)): whichever plane
    ends it, an unreconstructed stoichiometric slab of type III carries a dipole.
    """
    return tuple(
        f"{phase.name} {plane} is polar (Tasker type III): its unreconstructed slab carries a "
        "dipole that grows with the thickness, and its energies and band edges depend on it"
        for phase, plane in ((film, study.planes.film), (substrate, study.planes.substrate))
        if any(one.tasker_type == 3 for one in building.terminations(phase, plane))
    )
