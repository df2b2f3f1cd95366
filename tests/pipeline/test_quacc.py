"""A tree as a quacc workflow: the same inputs through ASE's calculator, and the right order.

quacc itself is not needed: its names are replaced by stand-ins that write down what they get.
"""

from __future__ import annotations

import json
import sys
import types
from pathlib import Path
from typing import Any

import jobs_factories as make
import numpy as np
import pytest
from ase.calculators.vasp import Vasp
from ase.io import read
from pymatgen.io.vasp.inputs import Incar, Kpoints
from typer.testing import CliRunner

from qdstruct.cli.app import app
from qdstruct.errors import InputError
from qdstruct.jobs import write_tree
from qdstruct.model import CalculationSettings, DynamicsSettings, JobTree, PhononSettings
from qdstruct.pipeline.interchange import write_quacc
from qdstruct.pipeline.interchange.quacc import LEFT_OUT, vasp_keywords

EVERYTHING = (
    "bulk", "slab", "interface", "difference", "adhesion", "bands", "bader", "core-levels",
    "states", "optics", "hybrid", "phonons", "dynamics",
)  # fmt: skip


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, JobTree]:
    root = tmp_path_factory.mktemp("quacc") / "a tree"
    root.mkdir()
    settings = CalculationSettings(
        preset="quick", include=EVERYTHING, magnetic_moments={"Pb": 0.5}, hubbard_u={"Pb-d": 3.0},
        spin_orbit=True, cores=4, tags={"LSCALAPACK": False, "NELM": 77}, fixed_layers=1,
        phonons=PhononSettings(of=("film",), length=6.0),
        dynamics=DynamicsSettings(heating=3, steps=4, snapshots=2),
    )  # fmt: skip
    interface = make.make_interface()
    layers = np.round(interface.atoms.positions[:, 2] / 2.94).astype(np.int64)
    interface.atoms.set_array("layer", layers)
    made = write_tree(
        root, study_name="s", film=make.film_phase(), substrate=make.substrate_phase(),
        interface=interface, settings=settings,
    )  # fmt: skip
    return root, made


@pytest.fixture(scope="module")
def exported(tree: tuple[Path, JobTree]) -> tuple[Path, dict[str, str]]:
    target = tree[0].parent / "for quacc"
    return target, write_quacc(tree[0], target)


@pytest.fixture(scope="module")
def potentials(tmp_path_factory: pytest.TempPathFactory, tree: tuple[Path, JobTree]) -> Path:
    """Files with the names of potentials and nothing in them: the calculator looks for them."""
    library = tmp_path_factory.mktemp("library")
    for label in {label for job in tree[1].jobs for label in job.potentials}:
        (library / "potpaw_PBE" / label).mkdir(parents=True)
        (library / "potpaw_PBE" / label / "POTCAR").write_text(f"{label}\n")
    return library


def alike(ours: Any, theirs: Any) -> bool:
    if isinstance(ours, int | float) and not isinstance(ours, bool):
        return bool(theirs == pytest.approx(ours, rel=1e-4))
    if isinstance(ours, list):
        return bool(np.allclose(np.ravel(ours).astype(float), np.ravel(theirs).astype(float),
                                atol=1e-4))  # fmt: skip
    return str(ours).lower() == str(theirs).lower()


@pytest.mark.filterwarnings("ignore:Loaded VASP_PP_PATH")
def test_ase_writes_the_inputs_of_every_job(
    tree: tuple[Path, JobTree], potentials: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VASP_PP_PATH", str(potentials))
    root, made = tree
    seen = set()
    for job in made.jobs:
        if job.kind in LEFT_OUT or (job.kind, job.name.split("/")[0]) in seen:
            continue
        seen.add((job.kind, job.name.split("/")[0]))
        atoms = read(root / job.name / "POSCAR")
        keywords = json.loads(json.dumps(vasp_keywords(job)))
        Vasp(atoms, directory=tmp_path, command="none", **keywords).write_input(atoms)
        ours, theirs = (Incar.from_file(place / "INCAR") for place in (root / job.name, tmp_path))
        assert set(ours) - {"SYSTEM"} == set(theirs) - {"SYSTEM"}, job.name
        for tag in set(ours) - {"SYSTEM"}:
            assert alike(ours[tag], theirs[tag]), (job.name, tag, ours[tag], theirs[tag])
        again = read(tmp_path / "POSCAR")
        assert again.get_chemical_symbols() == atoms.get_chemical_symbols()
        assert again.positions == pytest.approx(atoms.positions, abs=1e-6)
        assert len(again.constraints) == len(atoms.constraints)
        assert (tmp_path / "POTCAR").read_text().split() == list(job.potentials)
        mesh = Kpoints.from_file(tmp_path / "KPOINTS")
        if job.kpath is None:
            assert (tuple(mesh.kpts[0]), mesh.style.name) == (job.kpoints, "Gamma")
        else:
            lines = Kpoints.from_file(root / job.name / "KPOINTS")
            assert mesh.num_kpts == lines.num_kpts * len(lines.kpts) // 2
            assert mesh.kpts[0] == pytest.approx(lines.kpts[0])
            assert mesh.kpts[-1] == pytest.approx(lines.kpts[-1])
    assert {kind for kind, _ in seen} >= {"relax", "static", "dos", "bands", "difference", "bader"}


class Runner:
    """Notes what it is asked to run and answers with atoms that have moved."""

    ran: list[Runner]

    def __init__(self, atoms: Any, calculator: dict[str, Any], copy_files: Any = None) -> None:
        self.atoms, self.calculator, self.copied = atoms, calculator, copy_files
        self.ran.append(self)

    def run_calc(self) -> Any:
        moved = self.atoms.copy()
        moved.positions += 0.01
        return moved


class Summary:
    """Hands the final atoms on, as quacc's summary of a run does."""

    def __init__(self, additional_fields: dict[str, str]) -> None:
        self.name = additional_fields["name"]

    def run(self, atoms: Any) -> dict[str, Any]:
        return {"name": self.name, "atoms": atoms, "dir_name": f"/results/{self.name}"}


@pytest.fixture
def stand_ins(monkeypatch: pytest.MonkeyPatch) -> list[Runner]:
    def module(name: str, **content: Any) -> None:
        monkeypatch.setitem(sys.modules, name, types.SimpleNamespace(**content))  # type: ignore[arg-type]

    module("quacc", job=lambda function: function, flow=lambda function: function)
    module("quacc.calculators.vasp", Vasp=lambda atoms, **keywords: keywords)
    module("quacc.runners.ase", Runner=Runner)
    module("quacc.schemas.vasp", VaspSummarize=Summary)
    monkeypatch.setattr(Runner, "ran", [], raising=False)
    return Runner.ran


def test_the_script_runs_every_job_with_what_its_parents_left(
    tree: tuple[Path, JobTree], exported: tuple[Path, dict[str, str]], stand_ins: list[Runner]
) -> None:
    root, made = tree
    script = exported[0] / "flow.py"
    names: dict[str, Any] = {"__name__": "mine", "__file__": str(script)}
    exec(compile(script.read_text(), str(script), "exec"), names)
    results = names["study"]()
    assert list(results) == [job.name for job in made.jobs if job.kind not in LEFT_OUT]
    ran = dict(zip(results, stand_ins, strict=True))
    assert {each.calculator["preset"] for each in stand_ins} == {None}
    assert {each.calculator["incar_copilot_mode"] for each in stand_ins} == {"off"}
    for name, run in ran.items():
        job, planned = made.job(name), read(root / name / "POSCAR")
        shift = 0.0
        if job.structure_from:
            above = results[job.structure_from]["atoms"].positions
            shift = above[0, 0] - read(root / job.structure_from / "POSCAR").positions[0, 0]
            assert shift > 0
        assert run.atoms.get_chemical_symbols() == planned.get_chemical_symbols()
        assert run.atoms.positions == pytest.approx(planned.positions + shift, abs=1e-6)
        assert len(run.atoms.constraints) == len(planned.constraints)
        files = [name for name, given in (("CHGCAR*", job.charge_from),
                                          ("WAVECAR*", job.orbitals_from)) if given]  # fmt: skip
        source = job.charge_from or job.orbitals_from
        assert run.copied == (
            [{"source": f"/results/{source}", "filenames": files}] if source else None
        )


def test_a_relaxed_structure_of_other_atoms_is_refused(
    exported: tuple[Path, dict[str, str]], stand_ins: list[Runner]
) -> None:
    script = exported[0] / "flow.py"
    names: dict[str, Any] = {"__name__": "mine", "__file__": str(script)}
    exec(compile(script.read_text(), str(script), "exec"), names)
    planned = read(exported[0] / "structures/difference-film.vasp")
    with pytest.raises(ValueError, match="other atoms than were prepared"):
        names["vasp_job"]("x", planned, {}, relaxed=planned, keep=[0, 1])


def test_what_is_left_out_is_said(
    tree: tuple[Path, JobTree], exported: tuple[Path, dict[str, str]], tmp_path: Path
) -> None:
    root, made = tree
    left_out = exported[1]
    assert set(left_out) == {job.name for job in made.jobs if job.kind in LEFT_OUT}
    words = ["export", str(root), "--as", "quacc", "-o", str(tmp_path / "q")]
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 0
    assert "left out: interface/states: VASP ends it without" in result.stderr
    assert json.loads((tmp_path / "q/jobs.json").read_text())["left_out"] == left_out
    again = CliRunner().invoke(app, words)
    assert "exists already" in str(again.exception)


def test_a_tree_of_nothing_else_is_refused(tmp_path: Path) -> None:
    tree = JobTree(study="s", jobs=(), versions={}, structure_hashes={})
    (tmp_path / "tree.json").write_text(json.dumps(tree.to_dict()))
    with pytest.raises(InputError, match="none of its 0 jobs"):
        write_quacc(tmp_path, tmp_path / "q")
    assert not (tmp_path / "q").exists()
