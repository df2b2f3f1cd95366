"""Options that several build commands share, each group read into one value."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from qdstruct.cli.build_ligands import LigandRequest, parse_ligands
from qdstruct.cli.build_options import (
    ColourOption,
    FigureOption,
    ForceOption,
    LigandSeed,
    LigandsOption,
    MaxArea,
    MaxStrain,
    OutputOption,
    ViewOption,
)
from qdstruct.cli.build_request import Wanted
from qdstruct.cli.interface_options import MatchNumber
from qdstruct.cli.output import JsonOption

__all__ = ["MatchChoice", "ligands", "output_files", "takes", "which_match"]

Command = Callable[..., None]


def takes(**groups: Callable[..., Any]) -> Callable[[Command], Command]:
    """Give a command the options of each group in place of the parameter of that name.

    The groups are read in the order given, before the command runs: what they refuse is refused
    before any work. The command gets what each group returns.
    """

    def give(command: Command) -> Command:
        options = {name: inspect.signature(group, eval_str=True).parameters
                   for name, group in groups.items()}  # fmt: skip
        shown: list[inspect.Parameter] = []
        for name, parameter in inspect.signature(command, eval_str=True).parameters.items():
            shown += options[name].values() if name in groups else [parameter]

        @functools.wraps(command)
        def run(**given: Any) -> None:
            values = {
                name: group(**{option: given.pop(option) for option in options[name]})
                for name, group in groups.items()
            }
            command(**given, **values)

        by_keyword = [one.replace(kind=inspect.Parameter.KEYWORD_ONLY) for one in shown]
        run.__signature__ = inspect.Signature(by_keyword)  # type: ignore[attr-defined]
        run.__annotations__ = {}
        return run

    return give


def output_files(
    output: OutputOption = None,
    figure: FigureOption = None,
    view: ViewOption = False,
    colour: ColourOption = "element",
    force: ForceOption = False,
    as_json: JsonOption = False,
) -> Wanted:
    """Read which files to write and how to answer, and refuse what cannot be written."""
    wanted = Wanted(output, figure, view, colour, force, as_json)
    wanted.check()
    return wanted


def ligands(ligand: LigandsOption = None, ligand_seed: LigandSeed = 0) -> LigandRequest:
    """Read the ligands asked for, all known."""
    return LigandRequest(parse_ligands(ligand), ligand_seed)


@dataclass(frozen=True)
class MatchChoice:
    """Which coincidence cell to build."""

    number: int
    """Row of ``qdstruct match``."""
    max_area: float
    """Largest cell, Å²."""
    max_strain: float
    """Largest strain, a fraction."""


def which_match(
    match: MatchNumber = 1, max_area: MaxArea = 200.0, max_strain: MaxStrain = 0.05
) -> MatchChoice:
    """Read which coincidence cell to build."""
    return MatchChoice(match, max_area, max_strain)
