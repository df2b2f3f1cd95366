"""What the user's choices become in INCAR."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jobs_factories as make
import numpy as np
import pytest
from ase.io import read
from hypothesis import given, settings
from hypothesis import strategies as st
from jobs_strategies import structures

from qdstruct.errors import StudyError
from qdstruct.jobs import estimate, preflight, write_tree
from qdstruct.jobs.physics import chosen_settings
from qdstruct.jobs.poscar import group_by_species, species_of
from qdstruct.model import (
    CalculationSettings,
    DynamicsSettings,
    Interface,
    JobTree,
    PhononSettings,
)


def grow(root: Path, interface: Interface | None = None, **chosen: Any) -> JobTree:
    root.mkdir()
    return write_tree(
        root,
        study_name="s",
        film=make.film_phase(),
        substrate=make.substrate_phase(),
        interface=interface or make.make_interface(),
        settings=CalculationSettings(preset="quick", **chosen),
    )


def incar(root: Path, name: str) -> Any:
    from pymatgen.io.vasp.inputs import Incar

    return Incar.from_file(root / name / "INCAR")


@pytest.mark.parametrize(
    ("name", "value"), [("none", 0), ("D3", 11), ("D3-BJ", 12), ("D4", 13), ("TS", 20)]
)
def test_dispersion(tmp_path: Path, name: str, value: int) -> None:
    tree = grow(tmp_path / "tree", van_der_waals=name)
    assert {job.settings["IVDW"]["value"] for job in tree.jobs} == {value}
    assert tree.jobs[0].settings["IVDW"]["from"] == "your study, van_der_waals"


def test_unknown_dispersion_lists_those_that_exist(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match="D5") as caught:
        grow(tmp_path / "tree", van_der_waals="D5")
    assert caught.value.hint is not None
    assert "D3-BJ" in caught.value.hint


def test_an_explicit_tag_beats_a_choice(tmp_path: Path) -> None:
    tree = grow(tmp_path / "tree", van_der_waals="D3", tags={"IVDW": 202})
    assert tree.jobs[0].settings["IVDW"]["value"] == 202


@settings(deadline=None)
@given(structures(), st.dictionaries(st.sampled_from(["Cs", "Pb", "S"]), st.floats(-4, 4)))
def test_one_moment_per_atom_in_poscar_order(atoms: Any, moments: dict[str, float]) -> None:
    from pymatgen.io.vasp.inputs import Incar

    moments = {element: round(value, 2) for element, value in moments.items()}
    grouped = group_by_species(atoms)
    choices = CalculationSettings(magnetic_moments=moments)
    found = {s.tag: s.value for s in chosen_settings(choices, grouped, "static", 1)}
    assert ("MAGMOM" in found) == bool(moments)
    if moments:
        parsed = Incar.from_str(f"MAGMOM = {found['MAGMOM']}\n")["MAGMOM"]
        expected = [moments.get(symbol, 0.0) for symbol in grouped.get_chemical_symbols()]
        assert parsed == pytest.approx(expected)


@settings(deadline=None)
@given(structures(), st.dictionaries(st.sampled_from(["Cs-s", "Pb-d", "Br-p"]), st.floats(0.1, 9)))
def test_one_hubbard_entry_per_species(atoms: Any, energies: dict[str, float]) -> None:
    grouped = group_by_species(atoms)
    choices = CalculationSettings(hubbard_u=energies)
    found = {s.tag: s.value for s in chosen_settings(choices, grouped, "static", 1)}
    wanted = {name.partition("-")[0]: "spd".index(name[-1]) for name in energies}
    expected = [wanted.get(element, -1) for element in species_of(grouped)]
    if all(shell < 0 for shell in expected):
        assert found == {}
    else:
        assert [int(word) for word in str(found["LDAUL"]).split()] == expected
        assert len(str(found["LDAUU"]).split()) == len(expected)


def test_a_shell_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match="'Zn' does not name a shell"):
        grow(tmp_path / "tree", hubbard_u={"Zn": 5.0})


def test_spin_orbit_coupling_reaches_what_keeps_its_atoms(tmp_path: Path) -> None:
    plain = grow(tmp_path / "plain")
    tree = grow(tmp_path / "tree", spin_orbit=True)
    for job in tree.jobs:
        assert ("LSORBIT" in job.settings) == (job.kind != "relax")
    found = incar(tmp_path / "tree", "interface/static")
    assert np.asarray(found["MAGMOM"], dtype=float).shape == (26, 3)
    before = estimate(tmp_path / "plain/interface/static")
    after = estimate(tmp_path / "tree/interface/static")
    assert found["NBANDS"] == after.bands == 2 * before.bands
    assert after.plane_waves == 2 * before.plane_waves
    assert len(plain.jobs) == len(tree.jobs)


def test_forces_of_phonons_and_dynamics_are_those_of_the_relaxed_surface(tmp_path: Path) -> None:
    tree = grow(
        tmp_path / "tree", spin_orbit=True, include=("bulk", "interface", "dynamics", "phonons"),
        phonons=PhononSettings(of=("film",), length=6.0),
        dynamics=DynamicsSettings(heating=3, steps=4, snapshots=2),
    )  # fmt: skip
    coupled = {(job.kind, "LSORBIT" in job.settings) for job in tree.jobs}
    plain = {(kind, False) for kind in ("relax", "displacement", "md")}
    assert coupled == {*plain, ("static", True), ("snapshot", True), ("dos", True)}


def test_odd_electrons_are_fine_with_spin_orbit_coupling(tmp_path: Path) -> None:
    interface = make.make_interface()
    interface.atoms.pop(0)
    grow(tmp_path / "tree", interface, spin_orbit=True, include=("interface",))
    assert {f.job for f in preflight(tmp_path / "tree")} == {"interface/relax"}


def test_lowest_layers_stay_fixed_in_the_relaxation_only(tmp_path: Path) -> None:
    interface = make.make_interface()
    layers = np.round(interface.atoms.positions[:, 2] / 2.94).astype(np.int64)
    interface.atoms.set_array("layer", layers)
    grow(tmp_path / "tree", interface, fixed_layers=1)
    (constraint,) = read(tmp_path / "tree/interface/relax/POSCAR").constraints
    heights = read(tmp_path / "tree/interface/relax/POSCAR").positions[:, 2]
    assert len(constraint.index) == 2
    assert heights[constraint.index] == pytest.approx(0.0)
    with pytest.raises(StudyError, match="whole substrate"):
        grow(tmp_path / "other", interface, fixed_layers=9)


@pytest.mark.parametrize(
    ("cores", "points", "groups", "ncore"),
    [(1, 8, 1, 1), (16, 6, 4, 2), (64, 1, 1, 8), (7, 9, 7, 1)],
)
def test_cores_are_divided(cores: int, points: int, groups: int, ncore: int) -> None:
    atoms = make.perovskite_cell()
    choices = CalculationSettings(cores=cores)
    found = {s.tag: s.value for s in chosen_settings(choices, atoms, "static", points)}
    assert found == {"KPAR": groups, "NCORE": ncore}
