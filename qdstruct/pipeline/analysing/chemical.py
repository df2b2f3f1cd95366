"""Formation energies between the limits of the chemical potentials."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from qdstruct import analysis
from qdstruct.errors import InputError, QdstructError
from qdstruct.model import PotentialLine
from qdstruct.pipeline.analysing.energies import SIDES, crystal, interfaces, surfaces
from qdstruct.pipeline.analysing.systems import Workbench

if TYPE_CHECKING:
    from ase import Atoms

__all__ = ["check_potentials", "limited_lines"]


def limited_lines(bench: Workbench) -> tuple[PotentialLine, ...]:
    """Follow the formation energy between the limits of every element in excess."""
    result = "Limits of the chemical potentials"
    lacking = [name for name in (*(f"bulk-{side}" for side in SIDES), "interface")
               if name not in bench.systems]  # fmt: skip
    if lacking:
        if bench.settings.references or bench.settings.chemical_potentials:
            bench.notes.append(f"{result}: not computed, for there is no {', no '.join(lacking)}.")
        return ()
    whole = bench.systems["interface"]
    try:
        crystals = {f"bulk {side}": crystal(bench, side).facts for side in SIDES}
        formulas = {n: analysis.formula_unit(b.atoms.get_chemical_symbols())[0]
                    for n, b in crystals.items()}  # fmt: skip
        excess = analysis.formula_units(whole.facts.atoms.get_chemical_symbols(), formulas)[1]
        known = bench.settings.references
        _note_unused(bench, excess)
        needed = analysis.coupled_elements(tuple(excess), formulas)
        _note_references(bench, needed)
        missing = [e for e in needed if e not in known]
        if missing or not excess:
            _note_jobs(bench, result, excess, missing)
            return ()
        references = {e: energy for e, (energy, _) in known.items()}
        free = {f"bulk {side}": bench.systems[f"bulk-{side}"].facts for side in SIDES}
        lines = analysis.potential_lines(
            whole.facts, crystals, references,
            enthalpies={n: analysis.formation_enthalpy(b, references) for n, b in free.items()
                        if set(formulas[n]) <= set(references)},
            surface_energies=surfaces(bench), n_interfaces=interfaces(bench), axis=whole.axis,
        )  # fmt: skip
    except QdstructError as error:
        bench.guard(result, error)
        return ()
    told = ", ".join(f"{e} {known[e][0]:.4f} eV ({known[e][1]})" for e in needed)
    bench.notes.append(
        f"{result}: Δμ counts from the elements, {told}; both crystals are stable between the "
        "limits, other compounds of these elements are not considered. All energies must come "
        "from the same functional, cut-off and pseudopotentials."
    )
    return lines


def _note_unused(bench: Workbench, excess: Mapping[str, float]) -> None:
    for symbol in bench.settings.chemical_potentials:
        if symbol not in excess:
            bench.notes.append(
                f"Chemical potential of {symbol}: not used, because the cell holds no {symbol} "
                "beyond whole formula units of its crystals."
            )


def _note_references(bench: Workbench, needed: Sequence[str]) -> None:
    unused = [symbol for symbol in bench.settings.references if symbol not in needed]
    if unused:
        bench.notes.append(
            f"Energy of the element {', '.join(unused)}: not used, because no limit depends on it."
        )


def _note_jobs(
    bench: Workbench, result: str, excess: Mapping[str, float], missing: Sequence[str]
) -> None:
    if not excess:
        return
    beyond = ", ".join(f"{n:+g} {e}".replace("-", "−") for e, n in excess.items())
    bench.notes.append(
        f"{result}: not computed, for the cell holds {beyond} beyond whole formula units and there "
        f"is no calculation of {', '.join(missing)} as element{'s' * (len(missing) > 1)}. Relax "
        "the stable phase of each with the settings of the bulk crystals, and name it: "
        + " ".join(f"--reference {e}=DIRECTORY" for e in missing)
        + "."
    )


def check_potentials(potentials: Mapping[str, object], atoms: Atoms) -> None:
    """Refuse chemical potentials or references of elements that the interface does not hold.

    Raises
    ------
    InputError
        With the elements it holds.
    """
    present = sorted(set(atoms.get_chemical_symbols()))
    for symbol in potentials:
        if symbol not in present:
            raise InputError(
                f"an energy or chemical potential of {symbol} was given, but the interface "
                f"{atoms.get_chemical_formula(mode='metal')} holds no {symbol}",
                hint=f"choose among {', '.join(present)}",
            )
