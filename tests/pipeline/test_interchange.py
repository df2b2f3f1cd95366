"""Trees and structures to and from other programs."""

from __future__ import annotations

import hashlib
import json
import urllib.error
from email.message import Message
from pathlib import Path
from typing import Any

import jobs_factories as make
import numpy as np
import pytest
from typer.testing import CliRunner

from qdstruct.cli.app import app
from qdstruct.errors import InputError
from qdstruct.jobs import write_structure_tree
from qdstruct.model import CalculationSettings
from qdstruct.pipeline.interchange import fetch_structure, provenance, to_flow
from qdstruct.pipeline.run import status


@pytest.fixture
def root(tmp_path: Path) -> Path:
    where = tmp_path / "tree"
    where.mkdir()
    write_structure_tree(
        where, study_name="galena", subject="galena", atoms=make.film_phase().atoms,
        settings=CalculationSettings(preset="quick", kpoint_spacing=2.0),
    )  # fmt: skip
    return where


def test_provenance_names_every_file_with_its_hash(root: Path) -> None:
    (root / "galena/relax/OUTCAR").write_text("result")
    (root / "galena/relax/POTCAR").write_text("licensed words")
    found = provenance(root)
    nodes = {node["id"]: node for node in found["nodes"]}
    assert {name for name, node in nodes.items() if node["type"] == "calculation"} == {
        "galena/relax", "galena/static", "galena/dos",
    }  # fmt: skip
    incar = nodes["galena/static/INCAR"]
    content = (root / "galena/static/INCAR").read_bytes()
    assert incar["sha256"] == hashlib.sha256(content).hexdigest()
    assert incar["size"] == len(content)
    links = {(link["from"], link["to"], link["label"]) for link in found["links"]}
    assert ("galena/relax", "galena/static", "called after") in links
    assert ("galena/static/INCAR", "galena/static", "input") in links
    assert ("galena/relax", "galena/relax/OUTCAR", "output") in links
    assert {end for link in links for end in link[:2]} <= set(nodes)
    assert "licensed words" not in json.dumps(found)
    assert json.loads(json.dumps(found)) == found


def test_export_writes_once(root: Path, tmp_path: Path) -> None:
    target = tmp_path / "provenance.json"
    arguments = ["export", str(root), "-o", str(target)]
    assert CliRunner().invoke(app, arguments).exit_code == 0
    assert json.loads(target.read_text())["study"] == "galena"
    assert CliRunner().invoke(app, arguments).exit_code != 0
    wrong = CliRunner().invoke(app, [*arguments, "--force", "--as", "aiida"])
    assert "unknown form" in str(wrong.exception)


def test_force_replaces_no_directory_of_another_kind(root: Path, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years")
    for target in (root, root.parent, tmp_path / "mine"):
        arguments = ["export", str(root), "--as", "quacc", "-o", str(target), "--force"]
        assert "would be lost" in str(CliRunner().invoke(app, arguments).exception)
    assert (root / "tree.json").is_file()
    assert (tmp_path / "mine" / "thesis.txt").read_text() == "years"


def test_a_flow_runs_the_tree(root: Path) -> None:
    jobflow = pytest.importorskip("jobflow", reason="jobflow is not installed")
    flow = to_flow(root, engine="mock")
    assert [job.name for job in flow.jobs] == ["galena/relax", "galena/static", "galena/dos"]
    store = jobflow.JobStore.from_dict_spec(
        {"docs_store": {"type": "MemoryStore"}, "additional_stores": {}}
    )
    outputs = jobflow.run_locally(flow, store=store, log=False, ensure_success=True)
    assert {each.state for each in status(root)} == {"done"}
    energies = [answer[1].output["energy"] for answer in outputs.values()]
    assert len(energies) == 3
    assert jobflow.Flow.from_dict(json.loads(flow.to_json())).name == "galena"


def answer(**changes: Any) -> dict[str, Any]:
    """An answer in the form of the specification, made here: rock salt."""
    attributes = {
        "lattice_vectors": [[0, 2.97, 2.97], [2.97, 0, 2.97], [2.97, 2.97, 0]],
        "cartesian_site_positions": [[0, 0, 0], [2.97, 2.97, 2.97]],
        "species_at_sites": ["Pb", "S"],
        "species": [
            {"name": "Pb", "chemical_symbols": ["Pb"], "concentration": [1.0]},
            {"name": "S", "chemical_symbols": ["S"], "concentration": [1.0]},
        ],
        "dimension_types": [1, 1, 1],
    }
    return {"data": {"id": "mp-1", "attributes": attributes | changes}}


def test_a_structure_comes_by_its_number() -> None:
    asked: list[str] = []

    def get(address: str) -> bytes:
        asked.append(address)
        return json.dumps(answer()).encode()

    atoms = fetch_structure("mp-21276", get=get)
    assert asked == ["https://optimade.materialsproject.org/v1/structures/mp-21276"]
    assert atoms.get_chemical_formula() == "PbS"
    assert atoms.get_distance(0, 1, mic=True) == pytest.approx(2.97)
    assert np.all(atoms.pbc)
    assert atoms.info["source"] == asked[0]
    fetch_structure("7", provider="https://example.org/optimade/", get=get)
    assert asked[1] == "https://example.org/optimade/v1/structures/7"


DISORDERED = [
    {"name": "Pb", "chemical_symbols": ["Pb", "Sn"], "concentration": [0.5, 0.5]},
    {"name": "S", "chemical_symbols": ["S"]},
]


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({"data": None}, "there is no such structure"),
        ({"data": []}, "there is no such structure"),
        (answer(species=DISORDERED), "the site 'Pb' is disordered"),
        (answer(cartesian_site_positions=[[0, 0, 0]]), "not those of a crystal"),
        ({"data": {"attributes": {}}}, "the answer lacks 'species'"),
    ],
)
def test_answers_that_are_no_crystal(document: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        fetch_structure("mp-1", get=lambda _: json.dumps(document).encode())


def refused(address: str) -> bytes:
    raise urllib.error.HTTPError(address, 404, "Not Found", Message(), None)


def unreachable(address: str) -> bytes:
    raise urllib.error.URLError("no route to host")


@pytest.mark.parametrize(
    ("number", "provider", "get", "message"),
    [
        ("mp 1; rm", "mp", refused, "is not a number in a database"),
        ("mp-1", "mpp", refused, "there is no provider called 'mpp'"),
        ("mp-0", "mp", refused, "404 Not Found"),
        ("mp-1", "mp", unreachable, "no answer: "),
        ("mp-1", "mp", lambda _: b"<html>", "the answer is not JSON"),
    ],
)
def test_what_goes_wrong_on_the_way(number: str, provider: str, get: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        fetch_structure(number, provider=provider, get=get)
