"""Groups of options: shown by the command, read into one value, refused before any work."""

from __future__ import annotations

import pytest
import typer
from typer.testing import CliRunner

from qdstruct.cli.build_request import Wanted
from qdstruct.cli.option_groups import MatchChoice, output_files, takes, which_match
from qdstruct.errors import InputError


@pytest.fixture
def called():
    return []


@pytest.fixture
def app(called) -> typer.Typer:
    app = typer.Typer()

    @app.command()
    @takes(wanted=output_files, choice=which_match)
    def make(*, name: str, choice: MatchChoice, size: int = 3, wanted: Wanted) -> None:
        called.append((name, choice, size, wanted))

    return app


def test_a_command_gets_what_its_groups_read(app, called, tmp_path) -> None:
    words = ["dot", "--match", "4", "--max-area", "90", "--size", "5", "--force", "--json"]
    assert CliRunner().invoke(app, words).exit_code == 0
    ((name, choice, size, wanted),) = called
    assert (name, size) == ("dot", 5)
    assert choice == MatchChoice(number=4, max_area=90.0, max_strain=0.05)
    assert (wanted.force, wanted.as_json, wanted.output) == (True, True, None)


def test_help_shows_the_options_of_the_groups(app) -> None:
    shown = CliRunner().invoke(app, ["--help"]).stdout
    for option in ("--match", "--max-strain", "--size", "--output", "--figure", "--json"):
        assert option in shown


def test_what_a_group_refuses_is_refused_before_the_command(app, called) -> None:
    result = CliRunner().invoke(app, ["dot", "--colour", "pink"])
    assert isinstance(result.exception, InputError)
    assert called == []
