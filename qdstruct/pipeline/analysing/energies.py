"""Energies per area: adhesion or separation, ligand binding, strain, formation."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from qdstruct import analysis
from qdstruct.errors import QdstructError
from qdstruct.model import EnergyPerArea, FinishedCalculation
from qdstruct.pipeline.analysing.systems import System, Workbench

if TYPE_CHECKING:
    from xarray import DataArray

__all__ = ["SIDES", "crystal", "energy_results", "interfaces", "surfaces"]

SIDES = ("film", "substrate")


def energy_results(bench: Workbench) -> tuple[tuple[EnergyPerArea, ...], DataArray | None]:
    """Compute every energy per area for which the calculations are there."""
    found: list[EnergyPerArea] = []
    for result, make in (
        ("Energy of separation", _separation),
        ("Energy of adhesion with relaxed parts", _adhesion),
        ("Ligand binding energy", _binding),
        ("Strain energy of the film", lambda b, r: _strain(b, r, "film")),
        ("Strain energy of the substrate", lambda b, r: _strain(b, r, "substrate")),
        ("Interface formation energy", _formation),
    ):
        found += _tried(bench, result, make)
    return tuple(found), _line(bench)


def _tried(
    bench: Workbench, result: str, make: Callable[[Workbench, str], EnergyPerArea | None]
) -> list[EnergyPerArea]:
    try:
        energy = make(bench, result)
    except QdstructError as error:
        bench.guard(result, error)
        return []
    return [] if energy is None else [energy]


def _separation(bench: Workbench, result: str) -> EnergyPerArea | None:
    parts = bench.parts
    names = dict.fromkeys(("film", "substrate", *parts))
    needs = [(f"difference/{name}", "vasprun.xml") for name in names]
    if bench.lacking(result, [("interface", "vasprun.xml"), *needs]):
        return None
    whole = bench.systems["interface"]
    energy = analysis.separation_energy(
        whole.facts, {name: system.facts for name, system in parts.items()},
        n_interfaces=interfaces(bench), axis=whole.axis,
    )  # fmt: skip
    files = (whole, *parts.values())
    bench.cite(f"{energy.name} energy", *(system.file("vasprun.xml") for system in files))
    return energy


def _adhesion(bench: Workbench, result: str) -> EnergyPerArea | None:
    """Compare with the parts relaxed on their own, where the tree has them."""
    if not any(role.startswith("adhesion/") for role in bench.systems):
        return None
    needs = [(f"adhesion/{side}", "vasprun.xml") for side in SIDES]
    if bench.lacking(result, [("interface", "vasprun.xml"), *needs]):
        return None
    whole, *parts = (bench.systems[r] for r in ("interface", *(name for name, _ in needs)))
    energy = analysis.adhesion_energy(
        whole.facts, parts[0].facts, parts[1].facts,
        n_interfaces=interfaces(bench), axis=whole.axis,
    )  # fmt: skip
    files = [system.file("vasprun.xml") for system in (whole, *parts)]
    bench.cite("adhesion energy, parts relaxed", *files)
    return replace(energy, name="adhesion, parts relaxed")


def interfaces(bench: Workbench) -> int:
    """Return 1 for a cell with a vacuum, 2 for a periodic stack."""
    whole = bench.systems["interface"]
    return 1 if analysis.vacuum_gap(whole.facts.atoms, whole.axis) is not None else 2


def _binding(bench: Workbench, result: str) -> EnergyPerArea | None:
    """Bind the ligand layer: whole against the interface without it and the layer alone."""
    ligand = bench.systems.get("difference/ligand") or bench.systems.get("ligand")
    bare = bench.systems.get("bare")
    if ligand is None and bare is None:
        return None
    needs = [("bare", "vasprun.xml"), ("difference/ligand", "vasprun.xml")]
    if bench.lacking(result, needs if ligand is None or bare is None else []):
        return None
    if ligand is None or bare is None:
        return None
    whole = bench.systems["interface"]
    count = (len(whole.facts.atoms) - len(bare.facts.atoms)) / max(len(ligand.facts.atoms), 1)
    energy = analysis.binding_energy(
        whole.facts, bare.facts, ligand.facts, n_ligands=round(count), axis=whole.axis
    )
    bench.cite("ligand binding energy", *(s.file("vasprun.xml") for s in (whole, bare, ligand)))
    return energy


def _strain(bench: Workbench, result: str, side: str) -> EnergyPerArea | None:
    """Compare a crystal strained as in the interface with the strain-free one."""
    strained = bench.systems.get(f"strained-{side}")
    if strained is None:
        return None
    if bench.lacking(
        result, [(f"bulk-{side}", "vasprun.xml"), (f"strained-{side}", "vasprun.xml")]
    ):
        return None
    whole, relaxed = bench.systems["interface"], bench.systems[f"bulk-{side}"]
    bench.cite(f"strain energy of the {side}", strained.file("vasprun.xml"),
               relaxed.file("vasprun.xml"))  # fmt: skip
    layer = whole.facts.atoms[[i for i, name in enumerate(whole.regions) if name == side]]
    return analysis.layer_strain_energy(layer, strained.facts, relaxed.facts, axis=whole.axis)


def _bulks(bench: Workbench, result: str) -> dict[str, FinishedCalculation] | None:
    needs = [(f"bulk-{side}", "vasprun.xml") for side in SIDES]
    if bench.lacking(result, [("interface", "vasprun.xml"), *needs]):
        return None
    return {f"bulk {side}": crystal(bench, side).facts for side in SIDES}


def crystal(bench: Workbench, side: str) -> System:
    """Return the crystal strained as in the interface where it was calculated, or the free one."""
    strained = bench.systems.get(f"strained-{side}")
    if strained is not None and strained.file("vasprun.xml") is not None:
        return strained
    return bench.systems[f"bulk-{side}"]


def _strain_note(bench: Workbench, result: str) -> str:
    """Say against which crystals an interface is counted, and what strain is left in it."""
    free = [side for side in SIDES if crystal(bench, side) is bench.systems[f"bulk-{side}"]]
    strained = [side for side in SIDES if side not in free]
    words = []
    if strained:
        words.append(
            f"counted against the {' and the '.join(strained)} strained as in the interface, "
            "so that its strain energy is not in it"
        )
    if free:
        words.append(
            f"the {' and the '.join(free)} counts against the bulk-{' and bulk-'.join(free)} "
            "crystal; where the layer is strained, strain energy that grows with its thickness "
            f"stays in the value (calculate strained-{' and strained-'.join(free)} to leave it out)"
        )
    return f"{result}: {'; '.join(words)}."


def surfaces(bench: Workbench) -> tuple[float, ...]:
    """Return the energies of the two free faces of the cell; none for a periodic stack.

    Each slab's two faces count alike; a slab is compared with the bulk strained as it is.
    """
    if interfaces(bench) == 2:
        return ()
    gammas = []
    for side in SIDES:
        slab = bench.systems.get(f"slab-{side}")
        if slab is None or slab.file("vasprun.xml") is None:
            return ()
        bulk = crystal(bench, side)
        gammas.append(analysis.mean_surface_energy(slab.facts, bulk.facts, axis=slab.axis))
    return tuple(gammas)


def _formation(bench: Workbench, result: str) -> EnergyPerArea | None:
    bulks = _bulks(bench, result)
    if bulks is None:
        return None
    whole = bench.systems["interface"]
    try:
        gammas = surfaces(bench)
    except QdstructError as error:
        bench.guard("Surface energies of the slabs", error)
        gammas = ()
    fixed = {symbol: values[-1] for symbol, values in bench.settings.chemical_potentials.items()}
    energy = analysis.formation_against_bulk(
        whole.facts, bulks, chemical_potentials=fixed, surface_energies=gammas,
        n_interfaces=interfaces(bench), axis=whole.axis,
    )  # fmt: skip
    if gammas:
        bench.notes.append(
            f"{result}: each free surface counts with the mean energy of the two faces of its "
            "slab; for slabs with two different faces that is an assumption."
        )
    elif interfaces(bench) == 1:
        bench.notes.append(
            f"{result}: the two free surfaces of the cell are in it, because there are no slabs "
            "to take their energies from."
        )
    bench.notes.append(_strain_note(bench, result))
    files = [crystal(bench, side).file("vasprun.xml") for side in SIDES]
    bench.cite(f"{energy.name} energy", whole.file("vasprun.xml"), *files)
    return energy


def _line(bench: Workbench) -> DataArray | None:
    """Follow the formation energy along the first chemical potential given as a range."""
    ranges = {s: v for s, v in bench.settings.chemical_potentials.items() if len(v) == 2}
    ready = all(f"bulk-{side}" in bench.systems for side in SIDES) and "interface" in bench.systems
    if not ranges or not ready:
        return None
    symbol, limits = next(iter(ranges.items()))
    whole = bench.systems["interface"]
    try:
        bulks = {f"bulk {side}": crystal(bench, side).facts for side in SIDES}
        units = {name: analysis.formula_unit(b.atoms.get_chemical_symbols())[0]
                 for name, b in bulks.items()}  # fmt: skip
        excess = analysis.formula_units(whole.facts.atoms.get_chemical_symbols(), units)[1]
        if symbol not in excess:
            return None  # said beside the limits
        gammas = surfaces(bench)
        return analysis.formation_against_bulk_line(
            whole.facts, bulks, element=symbol, limits=(limits[0], limits[1]),
            chemical_potentials={s: v[-1] for s, v in bench.settings.chemical_potentials.items()},
            surface_energies=gammas, n_interfaces=interfaces(bench), axis=whole.axis,
        )  # fmt: skip
    except QdstructError as error:
        bench.guard(f"Formation energy against μ({symbol})", error)
        return None
