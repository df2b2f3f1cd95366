"""The kinds of jobs beyond relax, static and dos: what is written, and from whom it comes."""

from __future__ import annotations

import dataclasses
import json
import typing
from pathlib import Path
from typing import Any

import jobs_factories as make
import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk, graphene
from ase.io import read

from qdstruct.errors import OutputError, StudyError
from qdstruct.jobs import (
    KINDS,
    PARTS,
    RECIPES,
    SeriesPoint,
    estimate,
    parts_of,
    preflight,
    stage_job,
    write_structure_tree,
    write_tree,
)
from qdstruct.jobs.explain import read_incar
from qdstruct.jobs.kind_tags import BADER_SPACING
from qdstruct.jobs.paths import band_path
from qdstruct.jobs.references import strain_free_cell
from qdstruct.model import (
    CalculationSettings,
    ConvergenceSettings,
    DynamicsSettings,
    JobTree,
    PhononSettings,
    StateSettings,
)
from qdstruct.study import PartName, RecipeName

EVERYTHING = tuple(PARTS)
SMALL: dict[str, Any] = {
    "dynamics": DynamicsSettings(heating=5, steps=6, snapshots=2),
    "phonons": PhononSettings(of=("film",), length=5.0),
    "convergence": ConvergenceSettings(cutoffs=(300.0, 400.0), spacings=(0.6, 0.4)),
}


def grow(root: Path, **chosen: Any) -> JobTree:
    root.mkdir(parents=True)
    shifted = make.make_interface().atoms
    return write_tree(
        root,
        study_name="all",
        film=make.film_phase(),
        substrate=make.substrate_phase(),
        interface=make.make_interface(),
        settings=CalculationSettings(
            **({"preset": "quick", "include": EVERYTHING} | SMALL | chosen)
        ),
        series=(
            SeriesPoint(name="registry/0-0", subject="as built", cell="interface", atoms=shifted),
        ),
    )


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    where = tmp_path_factory.mktemp("kinds") / "tree"
    grow(where)
    return where


@pytest.fixture(scope="module")
def tree(root: Path) -> JobTree:
    return JobTree.from_dict(json.loads((root / "tree.json").read_text()))


def value(tree: JobTree, name: str, tag: str) -> Any:
    entry = tree.job(name).settings.get(tag)
    return None if entry is None else entry["value"]


def test_study_and_jobs_know_the_same_parts_and_recipes() -> None:
    assert set(typing.get_args(PartName)) == set(PARTS)
    assert set(typing.get_args(RecipeName)) == set(RECIPES)
    assert {part for parts in RECIPES.values() for part in parts} <= set(PARTS)


def test_recipes_add_up() -> None:
    both = parts_of(("charge difference", "phonons"))
    assert both == ("bulk", "interface", "difference", "phonons")
    with pytest.raises(StudyError, match="no recipe called 'magic'"):
        parts_of(("magic",))


def test_a_tree_of_everything_is_sound_and_has_every_kind(root: Path, tree: JobTree) -> None:
    assert {job.kind for job in tree.jobs} == set(KINDS)
    assert [f.message for f in preflight(root) if f.severity == "error"] == []
    seen: set[str] = set()
    for job in tree.jobs:
        sources = {job.structure_from, job.charge_from, job.orbitals_from} - {None}
        assert sources <= set(job.parents) <= seen
        seen.add(job.name)
        assert estimate(root / job.name).core_hours > 0
        assert job.provides == KINDS[job.kind].provides or job.kind in ("states", "static")


def test_only_a_static_run_whose_orbitals_are_read_writes_them(
    tmp_path: Path, tree: JobTree
) -> None:
    writers = {job.name for job in tree.jobs if value(tree, job.name, "LWAVE")}
    statics = {"bulk-film/static", "bulk-substrate/static", "interface/static"}
    assert writers == statics | {"dynamics/snapshots/0001", "dynamics/snapshots/0002"}
    assert "WAVECAR" in tree.job("interface/static").provides
    plain = grow(tmp_path / "plain", include=("bulk", "interface"))
    assert not any(value(plain, job.name, "LWAVE") for job in plain.jobs)


def test_orbitals_are_read_on_the_mesh_they_were_made_on(tree: JobTree) -> None:
    for name in ("interface/states", "interface/hybrid", "bulk-film/hybrid"):
        parent = tree.job(tree.job(name).orbitals_from)
        assert tree.job(name).kpoints == parent.kpoints


def test_states_are_counted_from_the_gap(tmp_path: Path, tree: JobTree) -> None:
    found = [int(word) for word in value(tree, "interface/states", "IBAND").split()]
    atoms = make.make_interface().atoms
    valence = {"Cs": 9, "Pb": 14, "Br": 7, "S": 6}
    filled = sum(valence[s] for s in atoms.get_chemical_symbols()) // 2
    assert found == [filled, filled + 1]
    files = tuple(f"PARCHG.{band:04d}.ALLK" for band in found)
    assert tree.job("interface/states").provides == files
    chosen = {"states": StateSettings(window=(-0.3, 0.2)), "include": ("interface", "states")}
    other = grow(tmp_path / "window", **chosen)
    assert value(other, "interface/states", "EINT") == [-0.3, 0.2]
    assert value(other, "interface/states", "NBMOD") == -3
    assert other.job("interface/states").provides == ("PARCHG",)
    coupled = grow(tmp_path / "soc", spin_orbit=True, include=("interface", "states"))
    assert value(coupled, "interface/states", "IBAND").split()[0] == str(2 * filled)


def test_the_density_for_basins_is_fine_and_its_grid_friendly(root: Path, tree: JobTree) -> None:
    cell = read(root / "interface/bader/POSCAR").cell.lengths()
    for tag, length in zip(("NGXF", "NGYF", "NGZF"), cell, strict=True):
        points = value(tree, "interface/bader", tag)
        assert length / points <= BADER_SPACING
        assert points % 2 == 0
    assert value(tree, "interface/bader", "PREC") == "Accurate"


def test_optics_has_empty_bands_and_keeps_the_density(tree: JobTree) -> None:
    usual = estimate_bands(20, 2)
    assert value(tree, "bulk-film/optics", "NBANDS") >= 2 * usual
    assert tree.job("bulk-film/optics").charge_from == "bulk-film/static"
    assert value(tree, "interface/optics", "NGXF") == value(tree, "interface/static", "NGXF")


def estimate_bands(electrons: int, atoms: int) -> int:
    return max(electrons // 2 + atoms // 2, int(0.6 * electrons))


def test_series_vary_one_thing(tree: JobTree) -> None:
    one, other = (tree.job(f"convergence/film-cutoff-{cutoff}") for cutoff in (300, 400))
    assert one.kpoints == other.kpoints
    changed = {
        tag for tag in one.settings if one.settings[tag]["value"] != other.settings[tag]["value"]
    }
    assert changed == {"ENCUT"}
    coarse, fine = (tree.job(f"convergence/film-spacing-{step}") for step in (0.6, 0.4))
    assert coarse.settings == fine.settings
    assert coarse.kpoints < fine.kpoints


def test_a_cutoff_below_the_default_is_a_warning_in_a_series(tmp_path: Path) -> None:
    chosen = {"include": ("convergence",), "convergence": ConvergenceSettings(cutoffs=(150.0,))}
    grow(tmp_path / "tree", **chosen)
    findings = [f for f in preflight(tmp_path / "tree") if "cutoff-150" in f.job]
    assert {f.severity for f in findings} == {"warning"}


def test_bulk_may_keep_the_measured_cell(tmp_path: Path) -> None:
    bulk_only: dict[str, Any] = {"preset": "standard", "include": ("bulk",)}
    free = grow(tmp_path / "free", **bulk_only)
    assert value(free, "bulk-substrate/relax", "ISIF") == 3
    kept = grow(tmp_path / "tree", bulk_cell="experimental", **bulk_only)
    assert value(kept, "bulk-substrate/relax", "ISIF") == 2
    assert kept.job("bulk-film/relax").settings["ISIF"]["from"] == "your study, bulk_cell"


@pytest.mark.parametrize(
    ("lattice", "points"),
    [("fcc", {"X": 1.0, "L": np.sqrt(3) / 2, "W": np.sqrt(5) / 2, "K": 1.5 / np.sqrt(2)}),
     ("bcc", {"H": 1.0, "N": np.sqrt(0.5), "P": np.sqrt(3) / 2}),
     ("sc", {"X": 0.5, "M": np.sqrt(0.5), "R": np.sqrt(3) / 2})],
)  # fmt: skip
@pytest.mark.parametrize(
    "axes", [((1, 0, 0), (0, 1, 0), (0, 0, 1)), ((1, 1, 0), (0, 1, 0), (0, 1, 1))]
)
def test_special_points_lie_where_textbooks_put_them(
    lattice: str, points: dict[str, float], axes: Any
) -> None:
    """In units of 2π/a, whatever primitive vectors the cell has (Setyawan and Curtarolo 2010)."""
    atoms = bulk("Po", lattice, a=4.0)
    turned = Atoms("Po", cell=np.array(axes) @ np.asarray(atoms.cell), pbc=True)
    path = band_path(turned)
    reciprocal = np.linalg.inv(np.asarray(turned.cell)).T
    found: dict[str, float] = {}
    for names, ends in zip(path.labels, path.ends, strict=True):
        for name, end in zip(names, ends, strict=True):
            found[name] = 4.0 * float(np.linalg.norm(np.asarray(end) @ reciprocal))
    assert found["Γ"] == 0
    for name, length in points.items():
        assert found[name] == pytest.approx(length, abs=1e-6)


def test_the_path_of_a_sheet_stays_in_its_plane() -> None:
    sheet = graphene(vacuum=10.0)
    sheet.pbc = True
    path = band_path(sheet, (2,))
    ends = np.array(path.ends)
    assert np.all(ends[..., 2] == 0)
    assert {name for pair in path.labels for name in pair} == {"Γ", "M", "K"}
    assert band_path(sheet, (0, 1, 2)) is None


def test_a_larger_cell_is_said_to_fold_bands(tmp_path: Path) -> None:
    twice = bulk("PbS", "rocksalt", a=5.93) * (2, 1, 1)
    (tmp_path / "tree").mkdir()
    write_structure_tree(
        tmp_path / "tree", study_name="twice", subject="two cells", atoms=twice,
        settings=CalculationSettings(preset="quick", include=("bands",)),
    )  # fmt: skip
    found = [f.message for f in preflight(tmp_path / "tree") if f.job == "twice/bands"]
    assert found == ["the cell holds 2 primitive cells, so its bands are folded"]


def test_the_primitive_cell_of_a_centred_lattice_has_short_vectors() -> None:
    """A C-centred cell with a long axis: conventional vectors halved would meet at 27°."""
    long = Atoms(
        "Pb2Br2", cell=[33.0, 8.1, 8.1], pbc=True,
        scaled_positions=[(0, 0, 0), (0.5, 0.5, 0), (0.1, 0, 0.4), (0.6, 0.5, 0.4)],
    )  # fmt: skip
    short = strain_free_cell(long)
    assert len(short) == 2
    assert short.cell.volume == pytest.approx(long.cell.volume / 2)
    assert short.cell.angles().min() > 60
    assert sorted(short.cell.lengths())[:2] == pytest.approx([8.1, 8.1])


def relaxed(root: Path, name: str, *, stretch: float = 0.0) -> Atoms:
    """Leave a CONTCAR like the POSCAR, with the first atom moved."""
    atoms = read(root / name / "POSCAR")
    atoms.positions[0, 2] += stretch
    atoms.write(root / name / "CONTCAR", format="vasp", direct=True)
    return atoms


def test_displacements_are_made_from_the_relaxed_cell(tmp_path: Path) -> None:
    tree = grow(tmp_path / "tree", include=("bulk", "phonons"))
    root = tmp_path / "tree"
    names = [job.name for job in tree.jobs if job.kind == "displacement"]
    assert len(names) == 2  # rock salt: one of each species, as in phonopy's NaCl example
    cell = read(root / "bulk-film/relax/POSCAR")
    cell.set_cell(np.asarray(cell.cell) * 1.01, scale_atoms=True)
    cell.write(root / "bulk-film/relax/CONTCAR", format="vasp", direct=True)
    for name in names:
        job = tree.job(name)
        stage_job(root, job)
        staged = read(root / name / "POSCAR")
        repeats = job.displacement.supercell
        assert staged.cell.volume == pytest.approx(cell.cell.volume * np.prod(repeats))
        offsets = staged.positions[:, None] - cell.repeat(repeats).positions
        fractions = offsets @ np.linalg.inv(np.asarray(staged.cell))
        away = (fractions - np.round(fractions)) @ np.asarray(staged.cell)
        nearest = np.linalg.norm(away, axis=2).min(axis=1)
        assert nearest[nearest > 1e-6] == pytest.approx([0.01], abs=1e-6)
        before = (root / name / "POSCAR").stat().st_mtime_ns
        stage_job(root, job)
        assert (root / name / "POSCAR").stat().st_mtime_ns == before


def test_a_relaxation_that_lost_symmetry_needs_other_displacements(tmp_path: Path) -> None:
    tree = grow(tmp_path / "tree", include=("bulk", "phonons"))
    relaxed(tmp_path / "tree", "bulk-film/relax", stretch=0.1)
    job = next(job for job in tree.jobs if job.kind == "displacement")
    with pytest.raises(OutputError, match="its symmetry is not that of"):
        stage_job(tmp_path / "tree", job)


def test_the_path_follows_the_relaxed_cell(tmp_path: Path) -> None:
    atoms = bulk("Sn", "bct", a=5.8, c=3.2)
    (tmp_path / "tree").mkdir()
    tree = write_structure_tree(
        tmp_path / "tree", study_name="tin", subject="tin", atoms=atoms,
        settings=CalculationSettings(preset="quick", include=("bands",)),
    )  # fmt: skip
    for kind in ("relax", "static"):
        wider = read(tmp_path / f"tree/tin/{kind}/POSCAR")
        wider.set_cell(np.asarray(wider.cell) * [1, 1, 1.3], scale_atoms=True)
        wider.write(tmp_path / f"tree/tin/{kind}/CONTCAR", format="vasp", direct=True)
    (tmp_path / "tree/tin/static/POSCAR").write_text(
        (tmp_path / "tree/tin/static/CONTCAR").read_text()
    )
    (tmp_path / "tree/tin/static/CHGCAR").write_text(
        "t\n1\n" + "1 0 0\n" * 3 + "Sn\n1\nDirect\n0 0 0\n\n2 2 2\n"
    )
    before = tree.job("tin/bands").kpath
    stage_job(tmp_path / "tree", tree.job("tin/bands"))
    after = json.loads((tmp_path / "tree/tin/bands/job.json").read_text())["kpath"]
    assert after["ends"] == json.loads(json.dumps(band_path(wider).to_dict()))["ends"]
    assert after["ends"] != before.to_dict()["ends"]
    text = (tmp_path / "tree/tin/bands/KPOINTS").read_text()
    assert text.splitlines()[1:4] == [str(after["points"]), "Line-mode", "Reciprocal"]


def trajectory(root: Path, name: str, frames: int) -> list[np.ndarray]:
    atoms = read(root / name / "POSCAR")
    rng = np.random.default_rng(1)
    found = [
        atoms.get_scaled_positions() + rng.normal(scale=0.01, size=(len(atoms), 3))
        for _ in range(frames)
    ]
    head = "\n".join((root / name / "POSCAR").read_text().splitlines()[:7])
    body = "".join(
        f"Direct configuration={number:6d}\n"
        + "".join(" ".join(f"{x:.8f}" for x in row) + "\n" for row in frame)
        for number, frame in enumerate(found, 1)
    )
    (root / name / "XDATCAR").write_text(f"{head}\n{body}")
    return found


def test_snapshots_are_the_last_configurations(tmp_path: Path) -> None:
    root = tmp_path / "tree"
    tree = grow(root, include=("interface", "dynamics"))
    frames = trajectory(root, "dynamics/run", 6)
    for number, frame in ((1, frames[4]), (2, frames[5])):
        job = tree.job(f"dynamics/snapshots/{number:04d}")
        assert job.kpoints == (1, 1, 1)
        stage_job(root, job)
        staged = read(root / job.name / "POSCAR").get_scaled_positions(wrap=False)
        assert staged == pytest.approx(frame, abs=1e-7)
    bands = {value(tree, f"dynamics/snapshots/{n:04d}", "NBANDS") for n in (1, 2)}
    assert len(bands) == 1
    trajectory(root, "dynamics/run", 5)
    with pytest.raises(OutputError, match="has 5 configurations, number 6 is wanted"):
        stage_job(root, tree.job("dynamics/snapshots/0002"))


def test_velocities_go_from_heating_to_the_trajectory(tmp_path: Path) -> None:
    root = tmp_path / "tree"
    tree = grow(root, include=("interface", "dynamics"))
    text = (root / "dynamics/heat/POSCAR").read_text() + "\n" + "  0.1 0.2 0.3\n" * 26
    (root / "dynamics/heat/CONTCAR").write_text(text)
    stage_job(root, tree.job("dynamics/run"))
    assert (root / "dynamics/run/POSCAR").read_text() == text
    assert value(tree, "dynamics/heat", "SMASS") == -1
    assert value(tree, "dynamics/run", "SMASS") == -3
    nose = grow(tmp_path / "nvt", include=("interface", "dynamics"),
                dynamics=dataclasses.replace(SMALL["dynamics"], ensemble="NVT"))  # fmt: skip
    assert (value(nose, "dynamics/run", "MDALGO"), value(nose, "dynamics/run", "SMASS")) == (2, 0)


def test_orbitals_are_copied_and_missing_ones_named(tmp_path: Path) -> None:
    root = tmp_path / "tree"
    tree = grow(root, include=("interface", "states"))
    relaxed(root, "interface/static")
    with pytest.raises(OutputError, match="the orbitals to start from are missing"):
        stage_job(root, tree.job("interface/states"))
    (root / "interface/static/WAVECAR").write_bytes(b"orbitals")
    stage_job(root, tree.job("interface/states"))
    copy = root / "interface/states/WAVECAR"
    assert copy.read_bytes() == b"orbitals"
    copy.write_bytes(b"changed")
    assert (root / "interface/static/WAVECAR").read_bytes() == b"orbitals"


def test_sides_relaxed_alone_start_from_the_interface(tmp_path: Path) -> None:
    root = tmp_path / "tree"
    tree = grow(root, include=("interface", "adhesion"))
    whole = relaxed(root, "interface/relax", stretch=0.2)
    for side in ("film", "substrate"):
        job = tree.job(f"adhesion/{side}")
        assert (job.kind, job.keep_region) == ("relax", side)
        stage_job(root, job)
        assert np.allclose(read(root / job.name / "POSCAR").cell, whole.cell)
        assert read_incar(root / job.name / "INCAR")["NSW"] != "0"


def test_more_snapshots_than_steps_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match=r"dynamics\.snapshots: 9 configurations"):
        grow(tmp_path / "tree", dynamics=DynamicsSettings(steps=8, snapshots=9))


def test_hydrogen_wants_short_steps(tmp_path: Path) -> None:
    from qdstruct.jobs.kind_checks import check_kind

    root = tmp_path / "tree"
    tree = grow(root, include=("interface", "dynamics"),
                dynamics=dataclasses.replace(SMALL["dynamics"], time_step=2.0))  # fmt: skip
    atoms = read(root / "dynamics/run/POSCAR")
    assert list(check_kind(tree.job("dynamics/run"), atoms)) == []
    atoms.symbols[0] = "H"
    (finding,) = check_kind(tree.job("dynamics/run"), atoms)
    assert "a time step of 2 fs is long" in finding.message


def test_orbitals_that_are_not_written_or_on_another_mesh_are_found(tmp_path: Path) -> None:
    root = tmp_path / "tree"
    grow(root, include=("interface", "states"))
    document = json.loads((root / "tree.json").read_text())
    for job in document["jobs"]:
        if job["name"] == "interface/static":
            job["settings"]["LWAVE"]["value"] = False
        if job["name"] == "interface/states":
            job["kpoints"] = [9, 9, 1]
    (root / "tree.json").write_text(json.dumps(document))
    messages = " ".join(f.message for f in preflight(root) if f.severity == "error")
    assert "which does not write them" in messages
    assert "whose orbitals it reads" in messages


def test_long_series_are_mentioned(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from qdstruct.jobs import kind_checks

    monkeypatch.setattr(kind_checks, "MANY_DISPLACEMENTS", 1)
    grow(tmp_path / "tree", include=("bulk", "phonons"))
    found = [f.message for f in preflight(tmp_path / "tree")]
    assert found == ["the first of 2 jobs of the kind displacement"]


def test_costs_grow_with_what_is_asked(root: Path) -> None:
    def hours(name: str) -> float:
        return estimate(root / name).core_hours

    assert hours("interface/states") < hours("interface/static") < hours("interface/hybrid")
    assert hours("dynamics/run") > hours("dynamics/heat")
    assert estimate(root / "bulk-film/bands").kpoints > 50
