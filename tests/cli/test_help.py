"""Every command's help has an example, and what it shows can be typed."""

from __future__ import annotations

import inspect
import re
import shlex
from importlib import import_module

import pytest
import typer
from typer.main import get_group

from qdstruct.cli.app import app
from qdstruct.cli.lazy import COMMANDS
from qdstruct.cli.outcome import run_command


def leaves(command, words: tuple[str, ...]):
    inside = getattr(command, "commands", None)
    if not inside:
        yield words, command
        return
    for name, each in inside.items():
        yield from leaves(each, (*words, name))


def all_commands():
    for file in COMMANDS:
        plain = typer.Typer()
        plain.add_typer(import_module(f"qdstruct.cli.{file}").commands)
        for name, command in get_group(plain).commands.items():
            yield from leaves(command, (name,))


def test_every_example_is_a_paragraph_of_its_own(monkeypatch, capsys) -> None:
    for name in ("dynamics", "fit"):
        monkeypatch.setattr("sys.argv", ["qdstruct", name, "-h"])
        run_command(app)
        lines = capsys.readouterr().out.splitlines()
        places = [i for i, line in enumerate(lines) if "Example:" in line]
        assert len(places) == 2
        assert all(lines[i].startswith("  Example: ") and not lines[i - 1] for i in places)


@pytest.mark.parametrize(
    ("words", "command"), list(all_commands()), ids=lambda value: " ".join(value)
    if isinstance(value, tuple) else ""
)  # fmt: skip
def test_help_has_an_example_that_parses(words, command) -> None:
    text = inspect.cleandoc(command.help or "")
    examples = re.findall(r"Example: (qdstruct .*?)(?=\n\n|\Z|\s+Example: )", text, re.DOTALL)
    assert examples, f"{' '.join(words)}: no 'Example: qdstruct …' in its help"
    for example in examples:
        typed = shlex.split(" ".join(example.split()))
        assert tuple(typed[1 : 1 + len(words)]) == words, example
        with command.make_context(words[-1], typed[1 + len(words) :]) as context:
            assert context.params
