"""Command: layers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from qdstruct.cli.output import MOCK, JsonOption, print_json, print_table

if TYPE_CHECKING:
    from qdstruct.analysis import LayerStrain
    from qdstruct.pipeline.relaxation import Relaxation

__all__ = ["commands"]

commands = typer.Typer()


@commands.command("layers")
def layers_command(
    directory: Annotated[
        str, typer.Argument(metavar="DIR", help="With vasprun.xml, or POSCAR and CONTCAR.")
    ],
    octahedra: Annotated[
        str | None,
        typer.Option("--octahedra", metavar="CENTRE,CORNER", help="Elements, such as Pb,Br."),
    ] = None,
    cutoff: Annotated[float, typer.Option(help="Longest bond of an octahedron, Å.")] = 3.8,
    as_json: JsonOption = False,
) -> None:
    """Strain of every layer by its relaxation, bonds across the interface, octahedral tilts.

    Example: qdstruct layers interface/relax --octahedra Pb,Br
    """
    from pathlib import Path

    from qdstruct.errors import InputError
    from qdstruct.pipeline.relaxation import relaxation_of

    corners = None
    if octahedra is not None:
        names = [word.strip() for word in octahedra.split(",")]
        if len(names) != 2 or not all(names):
            raise InputError(f"'{octahedra}' does not name centre and corner", hint="such as Pb,Br")
        corners = (names[0], names[1])
    result = relaxation_of(Path(directory), corners=corners, cutoff=cutoff)
    print_json(_document(result)) if as_json else _print(result)


def _document(result: Relaxation) -> dict[str, Any]:
    def layer(each: LayerStrain) -> dict[str, Any]:
        plain = each.to_dict()
        for name in ("in_plane", "shear", "displacement"):
            value = getattr(each, name)
            plain[name] = None if value is None else value.tolist()
        return plain

    return {
        "is_mock": result.is_mock,
        "layers": [layer(each) for each in result.layers],
        "bonds": [bond.to_dict() for bond in result.bonds],
        "octahedra": [cage.to_dict() for cage in result.octahedra],
        "tilts_before": list(result.tilts_before),
    }


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{100 * value:+.2f}"


def _in_plane(layer: LayerStrain) -> tuple[str, str, str]:
    if layer.in_plane is None:
        return "–", "–", "–"
    first, second, shear = (float(layer.in_plane[i, j]) for i, j in ((0, 0), (1, 1), (0, 1)))
    return _percent(first), _percent(second), _percent(shear)


def _print(result: Relaxation) -> None:
    mock = f" ({MOCK})" if result.is_mock else ""
    print_table(
        f"Strain of each layer against the structure the run started from{mock}",
        ["Region", "Layer", "Atoms", "ε1 (%)", "ε2 (%)", "ε12 (%)", "Normal (%)",
         "To next (Å)", "Change (%)", "Shift along normal (Å)", "Rumpling (Å)"],
        [
            (
                each.region, each.label, str(each.n_atoms), *_in_plane(each),
                _percent(each.normal),
                "–" if each.spacing is None else f"{each.spacing:.3f}",
                _percent(each.spacing_strain), f"{each.displacement[2]:+.3f}",
                f"{each.rumpling:.3f}",
            )
            for each in result.layers
        ],
    )  # fmt: skip
    if result.bonds:
        print_table(
            f"Bonds across the interface{mock}",
            ["Atoms", "Elements", "Length (Å)", "Sum of radii (Å)", "Height (Å)"],
            [
                (f"{b.first + 1}–{b.second + 1}", "–".join(b.symbols), f"{b.length:.3f}",
                 f"{b.expected:.2f}", f"{b.height:.2f}")
                for b in result.bonds
            ],
        )  # fmt: skip
    if result.octahedra:
        before = result.tilts_before or (None,) * len(result.octahedra)
        print_table(
            f"Octahedra{mock}",
            ["Centre", "Height (Å)", "Mean bond (Å)", "Tilt (°)", "Tilt before (°)",
             "Angle variance (°²)"],
            [
                (str(cage.centre + 1), f"{cage.height:.2f}", f"{cage.mean_bond:.3f}",
                 f"{cage.tilt:.2f}", "–" if start is None else f"{start:.2f}",
                 f"{cage.angle_variance:.2f}")
                for cage, start in zip(result.octahedra, before, strict=True)
            ],
        )  # fmt: skip
