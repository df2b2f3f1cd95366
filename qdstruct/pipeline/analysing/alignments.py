"""Band alignment by every route for which there are calculations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from qdstruct import analysis
from qdstruct.errors import InputError, OutputError, QdstructError
from qdstruct.model import BandAlignment, BandEdges, PotentialResult
from qdstruct.pipeline.analysing.systems import System, Workbench

__all__ = ["alignments"]

SIDES = ("film", "substrate")


def alignments(
    bench: Workbench, edges: Sequence[BandEdges], potentials: Sequence[PotentialResult]
) -> tuple[BandAlignment, ...]:
    """Align film and substrate by vacuum level, average potential, core levels and local DOS.

    A route without its calculations is noted with the job that is missing.
    """
    found: list[BandAlignment] = []
    by_name = {edge.group: edge for edge in edges}
    if set(SIDES) <= set(by_name):
        source = bench.sources.get("dos", "")
        found.append(
            analysis.align_by_edges(by_name["film"], by_name["substrate"], sources=(source,))
        )
        bench.sources["alignment by local DOS"] = source
    by_subject = {each.subject: each for each in potentials}
    routes = (
        ("Alignment by vacuum levels", _by_vacuum),
        ("Alignment by average potentials", _by_potential),
        ("Alignment by core levels", _by_cores),
    )
    for result, route in routes:
        try:
            aligned = route(bench, result, by_subject)
        except QdstructError as error:
            bench.guard(result, error)
        else:
            found += [aligned] if aligned is not None else []
    if bench.is_mock:
        found = [replace(each, label=f"{each.label or each.method} (MOCK)") for each in found]
    return tuple(found)


def _by_vacuum(
    bench: Workbench, result: str, potentials: dict[str, PotentialResult]
) -> BandAlignment | None:
    """Two free slabs at the vacuum levels of the faces that would touch."""
    if bench.lacking(result, [(f"slab-{side}", name) for side in SIDES
                              for name in ("LOCPOT", "vasprun.xml")]):  # fmt: skip
        return None
    levels, uncertainty = {}, 0.0
    for side, face in (("film", "below"), ("substrate", "above")):
        potential = potentials.get(f"{side} slab")
        facing = [v for v in potential.profile.vacuum_levels if v.side == face] if potential else []
        if not facing:
            raise OutputError(f"the slab of the {side} has no vacuum level {face} it")
        levels[side] = facing[0].level
        uncertainty = max(uncertainty, facing[0].uncertainty)
    systems = [bench.systems[f"slab-{side}"] for side in SIDES]
    sources = bench.cite(
        result.lower(), *(s.file(n) for s in systems for n in ("LOCPOT", "vasprun.xml"))
    )
    return analysis.align_by_vacuum(
        *(
            system.edges(side, bench.settings.threshold)
            for side, system in zip(SIDES, systems, strict=True)
        ),
        film_vacuum=levels["film"],
        substrate_vacuum=levels["substrate"],
        uncertainty=uncertainty,
        sources=sources,
    )


def _by_potential(
    bench: Workbench, result: str, potentials: dict[str, PotentialResult]
) -> BandAlignment | None:
    """Bulk edges over the average potential, and its step across the interface."""
    needs = [(f"bulk-{side}", name) for side in SIDES for name in ("LOCPOT", "dos")]
    if bench.lacking(result, [("interface", "LOCPOT"), *needs]):
        return None
    potential = potentials.get("interface")
    if potential is None or not set(SIDES) <= set(potential.plateaus):
        raise OutputError("the potential of the interface has no plateau in film and substrate")
    bulks = {side: _crystal(bench, side) for side in SIDES}
    references = {side: float(bulk.potential.profile.mean()) for side, bulk in bulks.items()}
    files = [system.file(name) for system in bulks.values() for name in ("LOCPOT", "vasprun.xml")]
    (film, du_film), (substrate, du_substrate) = (potential.plateaus[side] for side in SIDES)
    return analysis.align_by_reference(
        *(bulks[side].edges(side, bench.settings.threshold) for side in SIDES),
        film_bulk_reference=references["film"],
        substrate_bulk_reference=references["substrate"],
        film_interface_reference=film,
        substrate_interface_reference=substrate,
        uncertainty=max(du_film, du_substrate),
        sources=bench.cite(result.lower(), bench.systems["interface"].file("LOCPOT"), *files),
    )


def _by_cores(
    bench: Workbench, result: str, potentials: dict[str, PotentialResult]
) -> BandAlignment | None:
    """Bulk edges over the potential at cores of one element each, and its step."""
    del potentials
    needs = [(f"bulk-{side}", name) for side in SIDES for name in ("OUTCAR", "dos")]
    if bench.lacking(result, [("interface", "OUTCAR"), ("interface", "vasprun.xml"), *needs]):
        return None
    interface = bench.systems["interface"]
    if not interface.regions:
        raise OutputError("it is not known which atoms are film and which substrate")
    bulks = {side: _crystal(bench, side) for side in SIDES}
    chosen = {side: _steadiest_element(interface, bulks[side], side) for side in SIDES}
    levels = analysis.core_potential_levels(
        _cores(interface), interface.atoms, interface.regions,
        (chosen["substrate"], chosen["film"]), axis=interface.axis,
    )  # fmt: skip
    references, spreads = {}, [levels[side][1] for side in SIDES]
    for side, bulk in bulks.items():
        values = _cores(bulk)[np.array(bulk.atoms.get_chemical_symbols()) == chosen[side]]
        references[side] = float(values.mean())
    sources = bench.cite(
        result.lower(), interface.file("OUTCAR"), *(bulk.file("OUTCAR") for bulk in bulks.values())
    )
    bench.notes.append(
        f"{result}: cores of {chosen['film']} (film) and {chosen['substrate']} (substrate), whose "
        f"potentials vary by ± {spreads[0]:.2f} and ± {spreads[1]:.2f} eV in the middle of their "
        "region."
    )
    return analysis.align_by_reference(
        *(bulks[side].edges(side, bench.settings.threshold) for side in SIDES),
        film_bulk_reference=references["film"],
        substrate_bulk_reference=references["substrate"],
        film_interface_reference=levels["film"][0],
        substrate_interface_reference=levels["substrate"][0],
        uncertainty=max(spreads),
        method="core levels",
        sources=sources,
    )


def _crystal(bench: Workbench, side: str) -> System:
    """Return the bulk crystal strained as in the interface where there is one."""
    strained = bench.systems.get(f"strained-{side}")
    if strained is not None and strained.file("LOCPOT") and strained.file("dos"):
        return strained
    return bench.systems[f"bulk-{side}"]


def _cores(system: System) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    values = system.cores.core_potentials
    if values is None or len(values) != len(system.facts.atoms):
        raise OutputError(
            f"{system.role}: OUTCAR and vasprun.xml do not describe the same number of atoms"
        )
    return np.asarray(values, dtype=np.float64)


def _steadiest_element(interface: System, bulk: System, side: str) -> str:
    """Return the element of a crystal whose core potential varies least in its region's middle."""
    spreads = {}
    for element in dict.fromkeys(bulk.atoms.get_chemical_symbols()):
        try:
            level = analysis.core_potential_level(
                _cores(interface), interface.atoms, interface.regions, side, element,
                axis=interface.axis,
            )  # fmt: skip
        except InputError:
            continue
        spreads[element] = level[1]
    if not spreads:
        raise OutputError(
            f"the middle of the {side} holds no atom of an element of its bulk crystal",
            hint="a thicker slab is needed",
        )
    return str(min(spreads, key=lambda element: spreads[element]))
