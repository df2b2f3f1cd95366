"""Commands: build terminations and build slab."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from qdstruct.cli.build_ligands import LigandRequest, finish_covered
from qdstruct.cli.build_options import Vacuum
from qdstruct.cli.build_request import Wanted
from qdstruct.cli.option_groups import ligands, output_files, takes
from qdstruct.cli.output import JsonOption, parse_miller, print_json, print_table

if TYPE_CHECKING:
    from qdstruct.model import Phase, Slab, SlabVariant

__all__ = ["slabs"]

slabs = typer.Typer()

MOST_SHOWN = 16
"""Slabs in the table of terminations; all are in the JSON."""


@slabs.command("terminations")
def show_terminations(
    phase: Annotated[str, typer.Argument(help="Phase name or structure file.")],
    hkl: Annotated[str, typer.Option("--hkl", help="Plane, e.g. 0,0,1.")],
    as_json: JsonOption = False,
) -> None:
    """List every distinct way to cut a crystal along a plane.

    Example: qdstruct build terminations CsPbBr3-Pbnm --hkl 0,0,1
    """
    from qdstruct import building, phases

    crystal, plane = phases.load(phase), parse_miller(hkl)
    found = building.terminations(crystal, plane)
    variants = building.slab_variants(crystal, plane, layers=1)
    if as_json:
        print_json(
            {
                "phase": phase,
                "hkl": list(plane),
                "terminations": [termination.to_dict() for termination in found],
                "slabs": [{**one.to_dict(), "nonpolar": one.nonpolar} for one in variants],
            }
        )
        return
    print_table(
        f"Terminations of {phase} ({hkl})",
        ["Plane", "Cut at", "Charge / e", "Tasker type", "Dipole / e Å", "Top cut / Å⁻²",
         "Bottom cut / Å⁻²"],
        [
            (
                one.name,
                f"{one.height:.3f}",
                f"{one.layer_charge:+g}",
                str(one.tasker_type),
                f"{one.dipole:+.2f}",
                f"{one.cut_above:.3f}",
                f"{one.cut_below:.3f}",
            )
            for one in found
        ],
        note="The cut lies above the plane, as a fraction of the repeat. Top and bottom cut: bond "
        "valence broken per area when the plane ends the crystal at the top or at the bottom.",
    )  # fmt: skip
    print_table(
        "Slabs of one repeat and less than two",
        ["Bottom", "Top", "Planes", "Symmetric", "Stoichiometric", "Non-polar", "Charge / e",
         "Dipole / e Å"],
        [
            (
                one.bottom_termination,
                one.top_termination,
                str(one.n_planes),
                *("yes" if kind else "–" for kind in
                  (one.symmetric, one.stoichiometric, one.nonpolar)),
                f"{one.charge:+g}",
                f"{one.dipole:+.2f}",
            )
            for one in variants[:MOST_SHOWN]
        ],
        note=f"Per primitive in-plane cell; {len(variants)} in all, the rest with --json. "
        "'build slab --variant' builds one of a kind." + _polar_note(variants),
    )  # fmt: skip


def _polar_note(variants: Sequence[SlabVariant]) -> str:
    """Say what '--variant nonpolar' does where no slab of whole planes is non-polar."""
    if any(one.nonpolar for one in variants):
        return ""
    return (
        " None is non-polar: '--variant nonpolar' moves ions from face to face, where that helps."
    )


@slabs.command("slab")
@takes(wanted=output_files, cover=ligands)
def build_slab(
    *,
    phase: Annotated[str, typer.Argument(help="Phase name or structure file.")],
    hkl: Annotated[str, typer.Option("--hkl", help="Face, e.g. 1,1,0.")],
    layers: Annotated[
        int | None, typer.Option("--layers", help="Repeats of the plane spacing (default 2).")
    ] = None,
    thickness: Annotated[
        float | None, typer.Option("--thickness", help="Least thickness in Å.")
    ] = None,
    termination: Annotated[
        str | None,
        typer.Option(
            "--termination",
            help="Plane at the top face (of the slab before ions move, for nonpolar); see "
            "'build terminations'.",
        ),
    ] = None,
    bottom_termination: Annotated[
        str | None,
        typer.Option(
            "--bottom-termination",
            help="Plane at the bottom face (of the slab before ions move, for nonpolar).",
        ),
    ] = None,
    variant: Annotated[
        str | None,
        typer.Option("--variant", help="What it has to be: symmetric, stoichiometric, nonpolar."),
    ] = None,
    cell: Annotated[
        str, typer.Option("--cell", help="In-plane cell: primitive or orthogonal.")
    ] = "primitive",
    centre: Annotated[
        bool, typer.Option("--centre", help="Put the slab in the middle of the cell.")
    ] = False,
    vacuum: Vacuum = 15.0,
    cover: LigandRequest,
    wanted: Wanted,
) -> None:
    """Cut a slab from a crystal.

    Ligands go on the top face. Example: qdstruct build slab CsPbBr3-Pbnm --hkl 0,0,1 --layers 2
    --termination CsBr -o POSCAR
    """
    from qdstruct import building, phases

    crystal = phases.load(phase)
    slab = building.build_slab(
        crystal,
        parse_miller(hkl),
        layers=layers,
        thickness=thickness,
        bottom_termination=bottom_termination,
        top_termination=termination,
        variant=variant,  # type: ignore[arg-type]
        vacuum=vacuum,
        cell=cell,  # type: ignore[arg-type]
        centre=centre,
    )
    facts, region = _slab_facts(slab, crystal), "slab"
    if cover.requests:
        region = "substrate"  # what `place_ligands` calls what is below the ligands
        facts |= {"regions": [region], "phases": [crystal.name]}
    title = f"Slab of {phase} ({hkl})"
    finish_covered(title, slab.atoms, facts, cover, wanted, {region: crystal})


def _slab_facts(slab: Slab, crystal: Phase) -> dict[str, Any]:
    """Return what is printed of a slab and written into its file."""
    from qdstruct import building

    kind = slab.kind
    assert kind is not None, "every slab that is built is described"
    planes = {one.name: one for one in building.terminations(crystal, slab.hkl)}
    faces = [planes.get(name) for name in (slab.bottom_termination, slab.top_termination)]
    whole = [face for face in faces if face is not None]
    said: dict[str, Any] = {"reconstruction": slab.reconstruction}
    if not slab.reconstruction:
        said = {
            "tasker_types": [face.tasker_type for face in whole],
            "face_charges": [face.layer_charge for face in whole],
        }
    return {
        "phase": slab.phase_name,
        "hkl": list(slab.hkl),
        "layers": slab.n_layers,
        "thickness": slab.thickness,
        "bottom_termination": slab.bottom_termination,
        "top_termination": slab.top_termination,
        "symmetric": kind.symmetric,
        "stoichiometric": kind.stoichiometric,
        "nonpolar": kind.nonpolar,
        **said,
        "net_charge": kind.charge,
        "dipole": kind.dipole,
        "vacuum": slab.vacuum,
    }
