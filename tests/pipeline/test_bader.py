"""Bader charges of Gaussian atoms with known electrons, by every route there is."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest
from charge_factories import PROGRAM, acf_text, gaussian_pair, gaussians, write_calculation
from typer.testing import CliRunner
from vasp_factories import write_density

from qdstruct.analysis import bader_partition
from qdstruct.errors import InputError, OutputError, RunError
from qdstruct.model import BaderCharges, Grid
from qdstruct.outputs import read_grid
from qdstruct.pipeline.bader import bader_charges, write_bader_inputs

ROOT = Path(__file__).resolve().parents[2]


def program(folder: Path, text: str = PROGRAM) -> str:
    path = folder / "bader-stand-in"
    path.write_text(text.format(python=sys.executable, path=[str(ROOT), str(ROOT / "tests")]))
    path.chmod(0o755)
    return str(path)


def test_the_program_gets_its_inputs_and_its_table_is_read(tmp_path: Path) -> None:
    write_calculation(tmp_path, [7.0, 1.0])
    result = bader_charges(
        tmp_path, method="program", program=program(tmp_path), regions=["film", "substrate"]
    )
    assert result.electrons == pytest.approx([7.0, 1.0], abs=2e-4)
    assert result.charges == pytest.approx([-1.0, 5.0], abs=2e-4)
    assert result.by_group("region") == pytest.approx({"film": -1.0, "substrate": 5.0}, abs=2e-4)
    assert result.by_group("element") == pytest.approx({"Pb": -1.0, "S": 5.0}, abs=2e-4)
    assert abs(result.remainder) < 1e-3
    assert result.method == "bader 1.05 (Henkelman group)"
    assert BaderCharges.from_dict(result.to_dict()).charges == pytest.approx(result.charges)


def test_pybader_divides_the_same_density_alike(tmp_path: Path) -> None:
    pytest.importorskip("pybader")
    write_calculation(tmp_path, [7.0, 1.0])
    result = bader_charges(tmp_path, method="pybader")
    assert result.electrons == pytest.approx([7.0, 1.0], abs=0.02)
    assert result.volumes.sum() == pytest.approx(result.atoms.cell.volume)
    assert abs(result.remainder) < 1e-6
    assert result.method.startswith("pybader 0.3")


def test_a_table_in_place_is_taken_and_said_so(tmp_path: Path) -> None:
    atoms = write_calculation(tmp_path, [7.0, 1.0])
    (tmp_path / "ACF.dat").write_text(acf_text(atoms, [6.9, 1.1]))
    result = bader_charges(tmp_path)
    assert result.electrons.tolist() == [6.9, 1.1]
    assert "not known" in result.notes[0]


@pytest.mark.parametrize(
    ("electrons", "moved", "says"),
    [([6.0, 1.0], 0.0, "the atoms hold 7.000 electrons, CHGCAR 8.000"),
     ([7.0, 1.0], 0.5, r"atom 1 lies 0\.500 Å from its place")],
)  # fmt: skip
def test_a_table_of_another_run_is_refused(
    tmp_path: Path, electrons: list[float], moved: float, says: str
) -> None:
    atoms = write_calculation(tmp_path, [7.0, 1.0])
    atoms.positions[0, 0] += moved
    (tmp_path / "ACF.dat").write_text(acf_text(atoms, electrons))
    with pytest.raises(OutputError, match=says):
        bader_charges(tmp_path)


def test_what_is_missing_is_named_with_the_tag_that_gives_it(tmp_path: Path) -> None:
    atoms = write_calculation(tmp_path, [7.0, 1.0])
    (tmp_path / "AECCAR2").unlink()
    with pytest.raises(OutputError, match="no AECCAR2") as found:
        bader_charges(tmp_path, method="program", program=program(tmp_path))
    assert "LAECHG" in (found.value.hint or "")
    other = np.ones((4, 4, 8))
    write_density(tmp_path / "AECCAR2", atoms, other)
    with pytest.raises(OutputError, match="4 × 4 × 8 points"):
        bader_charges(tmp_path, method="program", program=program(tmp_path))
    with pytest.raises(InputError, match="no method 'magic'"):
        bader_charges(tmp_path, method="magic")
    with pytest.raises(InputError, match="'no-such-bader' is not installed"):
        bader_charges(tmp_path, method="program", program="no-such-bader")


def test_a_failing_program_is_named(tmp_path: Path) -> None:
    write_calculation(tmp_path, [7.0, 1.0])
    failing = program(tmp_path, "#!{python}\nimport sys; sys.exit('out of luck')\n")
    with pytest.raises(RunError, match="ended with code 1: out of luck"):
        bader_charges(tmp_path, method="program", program=failing)


def test_written_inputs_are_density_and_sum(tmp_path: Path) -> None:
    write_calculation(tmp_path, [7.0, 1.0])
    (tmp_path / "run").mkdir()
    density, total = write_bader_inputs(tmp_path, tmp_path / "run")
    assert read_grid(density).integral == pytest.approx(8.0)
    assert read_grid(total, quantity="charge density").integral == pytest.approx(96.0)


def test_grids_that_differ_are_refused() -> None:
    pytest.importorskip("pybader")
    atoms = gaussian_pair()
    density = Grid(
        values=gaussians(atoms, [7.0, 1.0]), atoms=atoms, quantity="charge density", source="a"
    )
    other = Grid(values=np.ones((2, 2, 2)), atoms=atoms, quantity="charge density", source="b")
    with pytest.raises(InputError, match="b and a are on different grids"):
        bader_partition(density, other)


def test_the_command_prints_the_charges(tmp_path: Path) -> None:
    from qdstruct.cli.app import app

    write_calculation(tmp_path, [7.0, 1.0])
    words = ["bader", str(tmp_path), "--program", program(tmp_path), "--method", "program"]
    table = CliRunner().invoke(app, words)
    assert table.exit_code == 0, table.output
    assert "-1.0000" in table.output
    document = json.loads(CliRunner().invoke(app, [*words, "--json"]).output)
    assert document["charge_by"]["element"]["S"] == pytest.approx(5.0, abs=2e-4)
