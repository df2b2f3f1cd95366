"""Potential profiles of the interface and of the two slabs."""

from __future__ import annotations

from qdstruct import analysis
from qdstruct.errors import InputError, QdstructError
from qdstruct.model import BandEdges, PotentialResult
from qdstruct.pipeline.analysing.systems import System, Workbench

__all__ = ["potential_results"]


def potential_results(bench: Workbench) -> tuple[PotentialResult, ...]:
    """Analyse every LOCPOT whose cell has a normal: interface, slabs, and other slabs found."""
    found = []
    for role, subject in bench.subjects.items():
        result = f"Potential of the {subject}"
        if bench.lacking(result, [(role, "LOCPOT")]):
            continue
        try:
            found.append(_potential(bench, bench.systems[role], subject))
        except QdstructError as error:
            bench.guard(result, error)
    return tuple(found)


def _potential(bench: Workbench, system: System, subject: str) -> PotentialResult:
    average = system.potential
    atoms = average.atoms
    regions = list(system.regions) if len(system.regions) == len(atoms) else []
    periods = _periods(bench, system, subject, regions)
    profile = analysis.potential_profile(
        average.profile,
        atoms,
        periods=periods,
        fermi_level=_fermi_level(bench, system),
        axis=system.axis,
    )
    bench.notes += [f"Potential of the {subject}: {note}." for note in profile.notes]
    bench.cite(f"potential of the {subject}", system.file("LOCPOT"))
    names = regions or [_side(system.role)] * len(atoms)
    sides: list[str] = [name for name in ("substrate", "film") if name in names]
    plain = len(sides) == 1
    extents = {
        name: analysis.slab_extent(atoms, system.axis)
        if plain
        else analysis.region_extent(atoms, names, name, system.axis)
        for name in sides
    }
    plateaus = {}
    if periods:
        plateaus = {name: analysis.plateau(profile.macroscopic, *extents[name]) for name in extents}
    return PotentialResult(
        subject=subject,
        profile=profile,
        extents=extents,
        plateaus=plateaus,
        edges=_edges(bench, system, subject),
    )


def _side(role: str) -> str:
    return role.removeprefix("slab-") if role.startswith("slab-") else "film"


def _periods(
    bench: Workbench, system: System, subject: str, regions: list[str]
) -> tuple[float, ...]:
    """Return the layer repeats for the macroscopic average; none, with a note, where not found."""
    atoms = system.potential.atoms
    sides = {name: [i for i, region in enumerate(regions) if region == name]
             for name in ("substrate", "film")}  # fmt: skip
    stretches = sides if regions else {"": list(range(len(atoms)))}
    periods = []
    for side, members in stretches.items():
        try:
            periods.append(analysis.layer_period(atoms, members, system.axis))
        except InputError as error:
            slab = bench.systems.get(f"slab-{side}")
            found = _slab_period(slab)
            if found is None:
                bench.notes.append(
                    f"Potential of the {subject}: no macroscopic average, because {error.message}."
                )
                return ()
            bench.notes.append(
                f"Potential of the {subject}: the relaxed {side} shows no repeat along the normal; "
                f"the one of its slab is used, {found:.3f} Å."
            )
            periods.append(found)
    return tuple(periods)


def _slab_period(slab: System | None) -> float | None:
    try:
        if slab is None:
            return None
        atoms = slab.facts.atoms
        return analysis.layer_period(atoms, range(len(atoms)), slab.axis)
    except QdstructError:
        return None


def _fermi_level(bench: Workbench, system: System) -> float | None:
    """Return the Fermi level of the run that wrote the potential; None with a note."""
    try:
        return system.facts.fermi_level
    except QdstructError as error:
        bench.notes.append(f"No work function from {system.role}: {error.message}.")
        return None


def _edges(bench: Workbench, system: System, subject: str) -> BandEdges | None:
    """Edges on the scale of the potential, for ionisation energy and electron affinity."""
    try:
        edges = system.edges(subject, bench.settings.threshold)
    except QdstructError:
        return None
    return edges if edges.gap > 0 else None
