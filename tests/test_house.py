"""The house itself: import directions, instant start, shipped data, errors, one test command."""

from __future__ import annotations

import inspect
import json
import pickle
import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from qdstruct import errors
from qdstruct.resources import data_folder

ROOT = Path(__file__).resolve().parents[1]
HEAVY = (
    "ase",
    "custodian",
    "executorlib",
    "matplotlib",
    "numba",
    "numpy",
    "phonopy",
    "pydantic",
    "pymatgen",
    "scipy",
    "spglib",
    "xarray",
)


def run(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=ROOT
    )


@pytest.mark.parametrize(
    "start",
    [
        "import sys; from qdstruct.cli import main; sys.argv = ['qdstruct', '--help']",
        "import sys, qdstruct; main = lambda: dir(qdstruct)",
    ],
    ids=["help", "import"],
)
def test_help_and_import_load_nothing_heavy(start: str) -> None:
    code = (
        f"{start}\ntry: main()\nexcept SystemExit as ending: assert not ending.code\n"
        "print('\\nLOADED', *sorted({name.split('.')[0] for name in sys.modules}))"
    )
    result = run(code)
    assert result.returncode == 0, result.stderr
    loaded = result.stdout.split("LOADED ")[1].split()
    assert not set(loaded) & set(HEAVY)


def test_the_table_of_commands_is_that_of_the_command_files() -> None:
    """What ``qdstruct --help`` prints without importing a command is what the commands say."""
    import typer
    from typer.main import get_group

    from qdstruct.cli.lazy import COMMANDS

    files = {
        file.stem
        for file in (ROOT / "qdstruct" / "cli").glob("*.py")
        if re.search(r"^commands = typer\.Typer", file.read_text(), re.MULTILINE)
    }
    assert set(COMMANDS) == files
    for file, printed in COMMANDS.items():
        plain = typer.Typer()
        plain.add_typer(import_module(f"qdstruct.cli.{file}").commands)
        told = {
            name: " ".join(inspect.cleandoc(command.help or "").split("\n\n")[0].split())
            for name, command in get_group(plain).commands.items()
        }
        assert printed == told


def test_a_mistyped_command_names_the_nearest() -> None:
    result = run(
        "import sys; from qdstruct.cli import main; sys.argv = ['qdstruct', 'phase']; main()"
    )
    assert result.returncode == 2
    assert "No such command 'phase'" in result.stderr
    assert "'phases'" in result.stderr


def test_import_directions() -> None:
    from importlinter.cli import lint_imports

    assert lint_imports(config_filename=str(ROOT / "pyproject.toml"), cache_dir=None) == 0


def test_every_error_says_how_it_ends_and_survives_a_process_boundary() -> None:
    for name in errors.__all__:
        kind = getattr(errors, name)
        if issubclass(kind, Warning):
            continue
        error = kind("what is wrong", hint="what to do")
        again = pickle.loads(pickle.dumps(error))
        assert type(again) is kind
        assert str(again) == "what is wrong\n  hint: what to do"
        assert kind.exit_code == (2 if issubclass(kind, errors.InputError) else 1)
        assert name in str(errors.__doc__)


@pytest.mark.parametrize("name", ["structures", "workflows", "templates"])
def test_data_folders_are_found(name: str) -> None:
    assert data_folder(name).is_dir()


def test_a_missing_data_folder_is_said() -> None:
    with pytest.raises(errors.QdstructError, match="has no recipes/ folder"):
        data_folder("recipes")


def test_published_numbers_name_their_source() -> None:
    numbers = json.loads((data_folder("structures") / "published.json").read_text())["numbers"]
    assert len(numbers) > 100
    for number in numbers:
        assert number["quantity"]
        assert number["source"]
        assert number["where"]


def test_the_readme_shows_the_command_that_ci_runs() -> None:
    result = subprocess.run(
        [ROOT / ".ci" / "run", "--print-test-command"],
        capture_output=True, text=True, check=True, cwd=ROOT,
    )  # fmt: skip
    command = result.stdout.strip()
    assert "\n" not in command
    assert "--group test" in command
    assert "pytest" in command
    assert command in (ROOT / "README.md").read_text()


def test_constraints_are_names_and_versions() -> None:
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pins = [line for line in lines if line and not line.startswith("#")]
    assert len(pins) > 30
    for pin in pins:
        assert re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9.+!]+", pin), pin
