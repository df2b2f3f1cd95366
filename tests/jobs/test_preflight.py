"""What preflight refuses and what it warns of."""

from __future__ import annotations

import dataclasses
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jobs_factories as make
import numpy as np
import pytest

from qdstruct.errors import InputError
from qdstruct.jobs import PreflightFinding, estimate, preflight, write_tree
from qdstruct.jobs.checks import closest_pair
from qdstruct.model import CalculationSettings, Interface, JobTree


def check(
    root: Path, interface: Interface | None = None, **chosen: Any
) -> tuple[PreflightFinding, ...]:
    root.mkdir()
    write_tree(
        root,
        study_name="s",
        film=make.film_phase(),
        substrate=make.substrate_phase(),
        interface=interface or make.make_interface(),
        settings=CalculationSettings(preset="quick", **chosen),
    )
    return preflight(root)


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tree that preflight has found nothing in, to be copied and broken."""
    root = tmp_path_factory.mktemp("sound") / "tree"
    assert check(root) == ()
    return root


@pytest.fixture
def tree(sound: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(sound, tmp_path / "tree"))


def moved(interface: Interface, change: Callable[[Any], None]) -> Interface:
    atoms = interface.atoms.copy()
    change(atoms)
    return dataclasses.replace(interface, atoms=atoms)


def edit(root: Path, name: str, tag: str, value: Any) -> None:
    path = root / "tree.json"
    tree = JobTree.from_dict(json.loads(path.read_text()))
    tree.job(name).settings[tag]["value"] = value
    path.write_text(json.dumps(tree.to_dict()))


def errors(findings: tuple[PreflightFinding, ...]) -> list[PreflightFinding]:
    return [finding for finding in findings if finding.severity == "error"]


def test_a_sound_tree_has_no_findings(sound: Path) -> None:
    assert preflight(sound) == ()


def test_overlapping_atoms_are_an_error(tmp_path: Path) -> None:
    def sink(atoms: Any) -> None:
        atoms.positions[atoms.arrays["region"] == "film", 2] -= make.GAP - 0.3

    findings = errors(check(tmp_path / "tree", moved(make.make_interface(), sink)))
    assert {finding.job for finding in findings} == {
        "interface/relax", "interface/static", "interface/dos",
    }  # fmt: skip
    assert all("overlap" in finding.message for finding in findings)


def test_close_atoms_are_a_warning(tmp_path: Path) -> None:
    def sink(atoms: Any) -> None:
        atoms.positions[atoms.arrays["region"] == "film", 2] -= 1.0

    findings = check(tmp_path / "tree", moved(make.make_interface(), sink))
    assert {f.severity for f in findings} == {"warning"}
    assert "unusually close" in findings[0].message


def test_closest_pair_sees_periodic_images() -> None:
    from ase import Atoms

    atoms = Atoms("PbS", positions=[[0.1, 2, 2], [3.9, 2, 2]], cell=[4, 8, 8], pbc=True)
    _, first, second, distance = closest_pair(atoms)
    assert (first, second) == ("Pb1", "S2")
    assert distance == pytest.approx(0.2)


def test_thin_vacuum_is_a_warning(tmp_path: Path) -> None:
    findings = check(tmp_path / "tree", make.make_interface(vacuum=7.0))
    assert {(f.severity, f.job) for f in findings} == {
        ("warning", f"interface/{kind}") for kind in ("relax", "static", "dos")
    }
    assert "7.0 Å of vacuum along c" in findings[0].message


def test_odd_electrons_need_spin(tmp_path: Path) -> None:
    interface = make.make_interface()
    atoms = interface.atoms[1:]
    broken = dataclasses.replace(interface, atoms=atoms)
    findings = check(tmp_path / "tree", broken, include=("interface",))
    assert {f.severity for f in findings} == {"error"}
    assert "239 valence electrons" in findings[0].message
    assert check(tmp_path / "spin", broken, include=("interface",), tags={"ISPIN": 2}) == ()


def test_a_charged_half_only_warns(tmp_path: Path) -> None:
    interface = make.make_interface()
    film = np.flatnonzero(interface.atoms.arrays["region"] == "film")[0]
    atoms = interface.atoms.copy()
    atoms.symbols[int(film)] = "Cs"
    atoms.symbols[0] = "K"
    odd = dataclasses.replace(interface, atoms=atoms)
    findings = [f for f in check(tmp_path / "tree", odd) if f.job.startswith("difference")]
    assert findings
    assert {f.severity for f in findings} == {"warning"}


def test_low_cutoff_of_the_user_is_an_error(tmp_path: Path) -> None:
    findings = errors(check(tmp_path / "tree", tags={"ENCUT": 230}))
    assert len(findings) == 13
    assert "ENCUT 230 eV is below" in findings[0].message


def test_left_handed_cell_is_an_error(tmp_path: Path) -> None:
    def mirror(atoms: Any) -> None:
        atoms.set_cell(np.asarray(atoms.cell)[[1, 0, 2]], scale_atoms=False)

    findings = errors(check(tmp_path / "tree", moved(make.make_interface(), mirror)))
    assert findings
    assert all("left-handed" in finding.message for finding in findings)


@pytest.mark.parametrize(
    ("tag", "value", "message"),
    [
        ("NGXF", 30, "density grid"),
        ("ENCUT", 300, "ENCUT is not"),
        ("DIPOL", [0.5, 0.5, 0.3], "DIPOL"),
    ],
)
def test_parts_that_do_not_belong_to_the_whole(
    tree: Path, tag: str, value: Any, message: str
) -> None:
    edit(tree, "difference/film", tag, value)
    (finding,) = errors(preflight(tree))
    assert finding.job == "difference/film"
    assert message in finding.message


def test_mesh_of_a_part_must_be_that_of_the_whole(tree: Path) -> None:
    path = tree / "tree.json"
    document = json.loads(path.read_text())
    for job in document["jobs"]:
        if job["name"] == "difference/substrate":
            job["kpoints"] = [9, 9, 1]
    path.write_text(json.dumps(document))
    (finding,) = errors(preflight(tree))
    assert "k-mesh (9, 9, 1) is not that of the interface" in finding.message


def test_dipole_correction_without_vacuum_is_an_error(tmp_path: Path) -> None:
    tags = {"IDIPOL": 3, "LDIPOL": True}
    interface = make.make_interface(vacuum=0.0)
    findings = errors(check(tmp_path / "tree", interface, tags=tags, include=("interface",)))
    assert len(findings) == 3
    assert all("no vacuum" in finding.message for finding in findings)


def test_costly_jobs_are_mentioned(tmp_path: Path) -> None:
    tags = {"ENCUT": 3000, "PREC": "Accurate"}
    findings = check(tmp_path / "tree", tags=tags, kpoints=(80, 80, 1), include=("interface",))
    assert {f.severity for f in findings} == {"warning"}
    assert "core-hours" in findings[0].message


def test_not_a_tree(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"tree\.json: not a job tree"):
        preflight(tmp_path)


def test_estimate_counts_plane_waves_and_bands(tmp_path: Path) -> None:
    check(tmp_path / "tree", tags={"ENCUT": 300})
    size = estimate(tmp_path / "tree/bulk-film/static")
    assert size.electrons == 20
    assert size.bands == 12
    cell = np.asarray(make.film_phase().atoms.cell)
    primitive = np.array([[0, 1, 1], [1, 0, 1], [1, 1, 0]]) / 2 @ cell
    reciprocal = 2 * np.pi * np.linalg.inv(primitive).T
    span = np.arange(-15, 16)
    indices = np.stack(np.meshgrid(span, span, span), axis=-1).reshape(-1, 3)
    kinetic = 3.80998 * np.sum((indices @ reciprocal) ** 2, axis=1)
    assert size.plane_waves == pytest.approx(np.count_nonzero(kinetic < 300), rel=0.05)
    assert size.core_hours > 0
    static, relax = (estimate(tmp_path / f"tree/interface/{kind}") for kind in ("static", "relax"))
    assert relax.core_hours > 10 * static.core_hours


def potcar(*entries: tuple[str, str]) -> str:
    return "".join(f"  TITEL  = PAW_PBE {name} 01Jan2000\n  LEXCH = {xc}\n" for name, xc in entries)


@pytest.mark.parametrize(
    ("entries", "severity", "message"),
    [
        ([("S", "PE"), ("Pb_d", "PE")], "error", "POTCAR holds S, Pb but POSCAR Pb, S"),
        ([("Pb_d", "PE")], "error", "POTCAR holds Pb but"),
        ([], "error", "POTCAR holds nothing"),
        ([("Pb", "PE"), ("S", "PE")], "warning", "where Pb_d, S were planned"),
        ([("Pb_d", "PE"), ("S", "CA")], "error", "different functionals"),
    ],
)
def test_wrong_potentials_are_found(
    tree: Path, entries: list[tuple[str, str]], severity: str, message: str
) -> None:
    (tree / "bulk-film/relax/POTCAR").write_text(potcar(*entries))
    (finding,) = preflight(tree)
    assert (finding.severity, finding.job) == (severity, "bulk-film/relax")
    assert message in finding.message


@pytest.mark.parametrize("other", ["PAW_PBE Pb 01Jan2000", "PAW_PBE Pb_d 02Feb2002"])
def test_potentials_of_another_flavour_or_date_in_another_job(tree: Path, other: str) -> None:
    ours = potcar(("Pb_d", "PE"), ("S", "PE"))
    (tree / "bulk-film/relax/POTCAR").write_text(ours)
    theirs = ours.replace("PAW_PBE Pb_d 01Jan2000", other)
    (tree / "bulk-film/static/POTCAR").write_text(theirs)
    (finding,) = errors(preflight(tree))
    assert finding.job == "bulk-film/static"
    assert finding.message == (
        f"the potential of Pb is {other} here and PAW_PBE Pb_d 01Jan2000 in bulk-film/relax"
    )


def test_right_potentials_pass(tree: Path) -> None:
    text = potcar(("Pb_d", "PE"), ("S", "PE"))
    (tree / "bulk-film/relax/POTCAR").write_text(text)
    assert preflight(tree) == ()


def test_hardly_any_vacuum_is_an_error(tmp_path: Path) -> None:
    findings = errors(check(tmp_path / "tree", make.make_interface(vacuum=3.0)))
    assert "where the cell has no vacuum" in findings[0].message


def test_the_step_of_the_dipole_correction_must_lie_in_the_vacuum(tmp_path: Path) -> None:
    tags = {"DIPOL": [0.5, 0.5, 0.8]}
    findings = errors(check(tmp_path / "tree", tags=tags, include=("interface",)))
    assert len(findings) == 3
    assert "step of the dipole correction" in findings[0].message


@pytest.mark.parametrize(
    ("tags", "message"),
    [
        ({"ISPIN": 2, "MAGMOM": "8*0.5"}, "MAGMOM has 8 entries where 26 are needed"),
        ({"ISPIN": 2, "MAGMOM": [0.5, 0.5]}, "MAGMOM has 2 entries"),
        ({"LDAU": True, "LDAUU": "5 0"}, "LDAUU has 2 entries where 4 are needed"),
    ],
)
def test_lists_of_the_wrong_length(tmp_path: Path, tags: dict[str, Any], message: str) -> None:
    findings = errors(check(tmp_path / "tree", tags=tags, include=("interface",)))
    assert message in findings[0].message


def test_lists_of_the_right_length_pass(tmp_path: Path) -> None:
    tags = {"ISPIN": 2, "MAGMOM": "20*0 6*0.5"}
    assert check(tmp_path / "tree", tags=tags, include=("interface",)) == ()


def test_hybrid_dos_at_fixed_density_is_an_error(tmp_path: Path) -> None:
    findings = errors(check(tmp_path / "tree", tags={"LHFCALC": True}, include=("interface",)))
    assert {finding.job for finding in findings} == {"interface/dos"}


def test_limits_are_the_users(tree: Path) -> None:
    costly = preflight(tree, core_hours=1e-9, node_memory=1e9)
    large = preflight(tree, node_memory=1e-6)
    for findings, words in ((costly, "core-hours"), (large, "more than a node's 1e-06 GB")):
        assert len(findings) == 13
        assert {finding.severity for finding in findings} == {"warning"}
        assert all(words in finding.message for finding in findings)
        assert "fewer layers" in findings[0].hint
