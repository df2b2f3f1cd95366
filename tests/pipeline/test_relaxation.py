"""The command about layers, on a relaxation with a known answer."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from typer.testing import CliRunner
from vasp_factories import poscar_head

from qdstruct.cli.app import app
from qdstruct.errors import InputError
from qdstruct.pipeline.relaxation import relaxation_of


def stack() -> Atoms:
    """Three cubic perovskite cells on top of each other, in a cell with vacuum."""
    base = Atoms("PbCsBr3", scaled_positions=[[0.5, 0.5, 0.5], [0, 0, 0], [0.5, 0.5, 0],
                 [0.5, 0, 0.5], [0, 0.5, 0.5]], cell=[5.9] * 3, pbc=True)  # fmt: skip
    atoms = base.repeat((1, 1, 3))
    cap = atoms[[2]]
    cap.positions[:, 2] += 3 * 5.9
    atoms += cap
    atoms.positions[:, 2] += 2.0
    atoms.set_cell([5.9, 5.9, 34.0])
    return atoms[np.argsort(atoms.numbers, kind="stable")[::-1]]


@pytest.fixture
def relaxed(tmp_path: Path) -> Path:
    folder = tmp_path / "relaxed"
    folder.mkdir()
    atoms = stack()
    (folder / "POSCAR").write_text(poscar_head(atoms))
    moved = atoms.copy()
    moved.positions[:, 2] = 2.0 + 1.02 * (moved.positions[:, 2] - 2.0)
    (folder / "CONTCAR").write_text(poscar_head(moved))
    names = np.where(atoms.positions[:, 2] > 12.0, "film", "substrate").tolist()
    (folder / "job.json").write_text(json.dumps({"regions": names}))
    return folder


def test_layers_bonds_and_octahedra_of_a_relaxation(relaxed: Path) -> None:
    words = ["layers", str(relaxed), "--octahedra", "Pb,Br"]
    found = json.loads(CliRunner().invoke(app, [*words, "--json"]).output)
    assert {layer["region"] for layer in found["layers"]} == {"film", "substrate"}
    assert [layer["normal"] for layer in found["layers"]] == pytest.approx(
        [0.02] * len(found["layers"]), abs=1e-4
    )
    assert found["bonds"][0]["length"] == pytest.approx(1.02 * 2.95, abs=1e-3)
    assert len(found["octahedra"]) == 3
    assert found["tilts_before"] == pytest.approx([0.0] * 3, abs=1e-4)
    table = CliRunner().invoke(app, words)
    assert "+2.00" in table.output
    assert "Bonds across the interface" in table.output


def test_a_relaxation_by_the_mock_says_so(relaxed: Path) -> None:
    place = relaxed / "CONTCAR"
    place.write_text(
        "MOCK (qdstruct-mock-vasp)" + place.read_text()[place.read_text().index("\n") :]
    )
    assert "MOCK" in CliRunner().invoke(app, ["layers", str(relaxed)]).output
    assert relaxation_of(relaxed).is_mock


def test_a_whole_tree_is_no_calculation(relaxed: Path) -> None:
    (relaxed / "OUTCAR").touch()
    with pytest.raises(InputError, match="holds 1 calculation, where the") as told:
        relaxation_of(relaxed.parent)
    assert str(relaxed) in str(told.value)


def test_bad_requests_are_refused(relaxed: Path) -> None:
    with pytest.raises(InputError, match="3 regions given for 16 atoms"):
        relaxation_of(relaxed, regions=["film"] * 3)
    result = CliRunner().invoke(app, ["layers", str(relaxed), "--octahedra", "Pb"])
    assert "does not name centre and corner" in str(result.exception)
    (relaxed / "CONTCAR").unlink()
    with pytest.raises(InputError, match="or POSCAR and CONTCAR here or below"):
        relaxation_of(relaxed)
