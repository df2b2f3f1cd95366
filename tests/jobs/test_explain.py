"""``qdstruct explain`` and what stands behind it."""

from __future__ import annotations

import json
from pathlib import Path

import jobs_factories as make
import pytest
from typer.testing import CliRunner

from qdstruct.cli.app import app
from qdstruct.errors import InputError
from qdstruct.jobs import explain, write_tree
from qdstruct.jobs.explain import read_incar
from qdstruct.model import CalculationSettings


@pytest.fixture
def root(tmp_path: Path) -> Path:
    where = tmp_path / "tree"
    where.mkdir()
    write_tree(
        where,
        study_name="s",
        film=make.film_phase(),
        substrate=make.substrate_phase(),
        interface=make.make_interface(),
        settings=CalculationSettings(preset="thesis-2d3d", tags={"NELM": 60}),
    )
    return where


def origins(folder: Path) -> dict[str, str]:
    return {setting.tag: setting.origin for setting in explain(folder).settings}


def test_each_tag_names_its_origin(root: Path) -> None:
    found = origins(root / "interface/static")
    assert found["ENCUT"] == "preset thesis-2d3d, common"
    assert found["LVHAR"] == "preset thesis-2d3d, static"
    assert found["AMIN"] == "preset thesis-2d3d, interface"
    assert found["NELM"] == "your study"
    assert found["NGXF"] == found["DIPOL"] == "computed"
    assert found["KPOINTS"] == "preset thesis-2d3d"
    assert set(found) == {*read_incar(root / "interface/static/INCAR"), "KPOINTS", "POTCAR"} - {
        "SYSTEM"
    }


def test_later_changes_are_seen(root: Path) -> None:
    incar = root / "interface/static/INCAR"
    text = incar.read_text().replace("ALGO = Normal", "ALGO = All ! by hand")
    incar.write_text(text.replace("AMIN = 0.01\n", "") + "NPAR = 4; KPAR = 2\n")
    found = {setting.tag: setting for setting in explain(root / "interface/static").settings}
    assert (found["ALGO"].value, found["ALGO"].origin) == ("All", "changed since")
    assert "was Normal" in found["ALGO"].reason
    assert found["AMIN"].origin == "removed from INCAR"
    assert found["KPAR"].origin == "added to INCAR after preparing"
    assert found["ENCUT"].origin == "preset thesis-2d3d, common"


def test_command_prints_one_json_document(root: Path) -> None:
    result = CliRunner().invoke(app, ["explain", str(root / "interface/relax"), "--json"])
    assert result.exit_code == 0, result.output
    document = json.loads(result.stdout)
    assert document["job"] == "interface/relax"
    by_tag = {entry["tag"]: entry for entry in document["settings"]}
    assert by_tag["EDIFFG"]["value"] == -0.03
    assert by_tag["EDIFFG"]["reason"].startswith("Published")


def test_command_prints_a_table(root: Path) -> None:
    result = CliRunner().invoke(app, ["explain", str(root / "interface/relax")])
    assert "Published: plane-wave cutoff 500 eV." in result.stdout
    assert "Circular mean of the atoms" in result.stdout


def test_tree_shows_sizes_and_costs(root: Path) -> None:
    result = CliRunner().invoke(app, ["explain", str(root), "--json"])
    document = json.loads(result.stdout)
    assert document["jobs"][0]["name"] == "bulk-film/relax"
    assert document["jobs"][0]["electrons"] == 20
    table = CliRunner().invoke(app, ["explain", str(root)]).stdout
    assert "difference/substrate" in table
    assert "order of magnitude" in table


def test_elsewhere_is_bad_input(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no job\.json"):
        explain(tmp_path)
