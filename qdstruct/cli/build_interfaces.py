"""Commands: build interface and build lateral."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer

from qdstruct.cli.build_options import (
    FilmHkl,
    FilmLayers,
    FilmName,
    MaxArea,
    MaxStrain,
    StrainOn,
    SubstrateHkl,
    SubstrateLayers,
    SubstrateName,
    Vacuum,
)
from qdstruct.cli.build_output import finish
from qdstruct.cli.build_parsing import (
    parse_gap,
    parse_parallel,
    parse_shift,
    parse_shift_or_rule,
    parse_stiffnesses,
)
from qdstruct.cli.build_request import Wanted
from qdstruct.cli.interface_options import (
    AlongStacking,
    FilmDirection,
    FilmStiffness,
    FilmTermination,
    FixOuterLayers,
    GapOption,
    LateralGap,
    LateralShift,
    Sandwich,
    ShiftOption,
    StackingAxis,
    SubstrateDirection,
    SubstrateStiffness,
    SubstrateTermination,
    Tolerance,
)
from qdstruct.cli.option_groups import MatchChoice, output_files, takes, which_match
from qdstruct.cli.output import parse_miller

if TYPE_CHECKING:
    from qdstruct.model import Interface

__all__ = ["interfaces"]

interfaces = typer.Typer()


@interfaces.command("interface")
@takes(wanted=output_files, choice=which_match)
def build_interface(
    *,
    film: FilmName,
    substrate: SubstrateName,
    film_hkl: FilmHkl,
    substrate_hkl: SubstrateHkl,
    film_direction: FilmDirection = None,
    substrate_direction: SubstrateDirection = None,
    tolerance: Tolerance = 1.0,
    film_layers: FilmLayers = 2,
    substrate_layers: SubstrateLayers = 2,
    film_termination: FilmTermination = None,
    substrate_termination: SubstrateTermination = None,
    strain_on: StrainOn = "film",
    film_stiffness: FilmStiffness = None,
    substrate_stiffness: SubstrateStiffness = None,
    gap: GapOption = None,
    shift: ShiftOption = "0,0",
    vacuum: Vacuum = 15.0,
    sandwich: Sandwich = False,
    fix_outer_layers: FixOuterLayers = 0,
    choice: MatchChoice,
    wanted: Wanted,
) -> None:
    """Put a film on a substrate in one of their coincidence cells.

    Example: qdstruct build interface CdS-zincblende CsPbBr3-Pbnm --film-hkl 0,0,1
    --substrate-hkl 0,0,1 --substrate-termination PbBr2 -o interface.vasp
    """
    from qdstruct.pipeline.build import build_matched_interface, load_matched_pair

    parallel = parse_parallel(film_direction, substrate_direction)
    pair = load_matched_pair(
        film,
        substrate,
        parse_miller(film_hkl),
        parse_miller(substrate_hkl),
        number=choice.number,
        max_area=choice.max_area,
        max_strain=choice.max_strain,
        parallel=parallel,
        tolerance=tolerance,
    )
    built = build_matched_interface(
        pair,
        film_layers=film_layers,
        substrate_layers=substrate_layers,
        film_termination=film_termination,
        substrate_termination=substrate_termination,
        strain_on=strain_on,
        stiffness=parse_stiffnesses(film_stiffness, substrate_stiffness),
        gap=parse_gap(gap),
        shift=parse_shift_or_rule(shift),
        vacuum=vacuum,
        sandwich=sandwich,
        fix_outer_layers=fix_outer_layers,
    )
    facts = _interface_facts(built)
    if parallel is not None:
        facts["parallel"] = [list(direction) for direction in parallel]
    title = f"{film} ({film_hkl}) on {substrate} ({substrate_hkl})"
    finish(title, built.atoms, facts, wanted, pair.crystals)


@interfaces.command("lateral")
@takes(wanted=output_files)
def build_lateral(
    *,
    film: FilmName,
    substrate: SubstrateName,
    film_hkl: FilmHkl,
    substrate_hkl: SubstrateHkl,
    film_direction: AlongStacking = None,
    substrate_direction: StackingAxis = None,
    max_area: MaxArea = 400.0,
    max_strain: MaxStrain = 0.05,
    film_layers: FilmLayers = 3,
    substrate_layers: SubstrateLayers = 2,
    film_termination: FilmTermination = None,
    substrate_termination: SubstrateTermination = None,
    strain_on: StrainOn = "film",
    gap: LateralGap = None,
    shift: LateralShift = None,
    vacuum: Vacuum = 15.0,
    wanted: Wanted,
) -> None:
    """Join a layered crystal and another side by side, its layers running into the interface.

    Example: qdstruct build lateral CsPbBr3-cubic PMA2PbBr4 --film-hkl 0,0,1 --substrate-hkl 0,1,0
    --film-direction 1,1,0 -o lateral.extxyz
    """
    from qdstruct import building, phases

    crystals = {"film": phases.load(film), "substrate": phases.load(substrate)}
    built = building.build_lateral(
        **crystals,
        film_hkl=parse_miller(film_hkl),
        substrate_hkl=parse_miller(substrate_hkl),
        film_direction=None if film_direction is None else parse_miller(film_direction),
        substrate_direction=(
            None if substrate_direction is None else parse_miller(substrate_direction)
        ),
        film_layers=film_layers,
        substrate_layers=substrate_layers,
        film_termination=film_termination,
        substrate_termination=substrate_termination,
        max_area=max_area,
        max_strain=max_strain,
        strain_on=strain_on,  # type: ignore[arg-type]
        gap=gap,
        shift=None if shift is None else parse_shift(shift),
        vacuum=vacuum,
    )
    title = f"{film} ({film_hkl}) beside {substrate} ({substrate_hkl})"
    finish(title, built.atoms, _interface_facts(built), wanted, crystals)


def _interface_facts(built: Interface) -> dict[str, Any]:
    import numpy as np

    facts: dict[str, Any] = {
        "geometry": built.geometry,
        "film": built.film.phase_name,
        "film_hkl": list(built.film.hkl),
        "film_layers": built.film.n_layers,
        "film_termination": built.film.bottom_termination,
        "substrate": built.substrate.phase_name,
        "substrate_hkl": list(built.substrate.hkl),
        "substrate_layers": built.substrate.n_layers,
        "substrate_termination": built.substrate.top_termination,
        "area": built.area,
        "gap": built.gap,
        "shift": list(built.shift),
        "shift_rule": built.shift_rule,
        "film_strain": built.film_strain.tolist(),
        "substrate_strain": built.substrate_strain.tolist(),
        "vacuum": built.vacuum,
        "interface_height": built.interface_height,
    }
    below = np.asarray(built.atoms.arrays["region"]) == "substrate"
    heights = built.atoms.positions[:, 2]
    if heights[below].max() < heights[~below].max():
        facts["substrate_formula"] = built.atoms[below].get_chemical_formula()
    else:
        facts["sandwich"] = True
    if built.match is not None:
        facts["film_directions"] = built.match.film_directions.tolist()
        facts["substrate_directions"] = built.match.substrate_directions.tolist()
    if built.junction is not None:
        facts["bridges"] = [
            f"{bridge.substrate_length:.2f} + {bridge.film_length:.2f} Å, {bridge.angle:.0f}°"
            for bridge in built.junction.bridges
        ]
        facts["broken_octahedra_film"] = len(built.junction.broken_film)
        facts["broken_octahedra_substrate"] = len(built.junction.broken_substrate)
        facts["removed_ions"] = built.junction.removed
    return facts
