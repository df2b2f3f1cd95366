"""Command: studies."""

from __future__ import annotations

from typing import Annotated

import typer

from qdstruct.cli.output import JsonOption, print_json, print_table

__all__ = ["commands"]

commands = typer.Typer()


@commands.command("studies")
def studies_command(
    name: Annotated[
        str | None, typer.Argument(help="A shipped study, whose file is printed.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """List the studies that come with qdstruct, or print the file of one, to copy and edit.

    Example: qdstruct studies cspbbr3-cds
    """
    from qdstruct.errors import StudyError
    from qdstruct.study import find_study, load_study, study_names

    if name is not None:
        if name not in study_names():
            raise StudyError(
                f"there is no shipped study '{name}'", hint=f"one of: {', '.join(study_names())}"
            )
        text = find_study(name).read_text(encoding="utf-8")
        if as_json:
            print_json({"name": name, "text": text})
        else:
            typer.echo(text, nl=False)
        return
    studies = [load_study(each) for each in study_names()]
    if as_json:
        print_json({"studies": [_facts(each) for each in studies]})
        return
    print_table(
        f"{len(studies)} studies",
        ("Study", "Film", "Substrate", "Recipe", "What is studied"),
        [
            (each.name, each.film, each.substrate, ", ".join(each.recipes), each.description)
            for each in studies
        ],
        note="Copy one: qdstruct studies NAME > my-study.yaml",
    )


def _facts(study: object) -> dict[str, object]:
    fields = ("name", "film", "substrate", "geometry", "recipes", "description")
    return {name: getattr(study, name) for name in fields}
