"""EIGENVAL against pymatgen, whichever file holds the bands, and what broken ones say."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from band_factories import KPOINTS, WEIGHTS, band_data, eigenval_text, procar_text
from broken_files import (
    damaged_numbers,
    read_alike_or_refuse,
    read_packed_alike,
    refuse_what_is_no_text_file,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from vasp_factories import rock_salt_pair, vasprun_text

from qdstruct.errors import OutputError
from qdstruct.model.bands import BandEnergies
from qdstruct.outputs import read_band_energies, read_eigenval

QUICK = settings(
    max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def same(one: BandEnergies, other: BandEnergies) -> bool:
    return bool(
        one.energies.equals(other.energies)
        and np.array_equal(one.kpoints, other.kpoints)
        and np.array_equal(one.weights, other.weights)
    )


@pytest.mark.parametrize("spins", [1, 2])
def test_it_equals_pymatgen(tmp_path: Path, spins: int) -> None:
    from pymatgen.electronic_structure.core import Spin
    from pymatgen.io.vasp.outputs import Eigenval

    energies, occupations, _ = band_data(spins=spins)
    text = eigenval_text(np.round(energies, 6), occupations, n_electrons=4)
    (tmp_path / "EIGENVAL").write_text(text)
    ours, theirs = read_eigenval(tmp_path), Eigenval(str(tmp_path / "EIGENVAL"))
    expected = np.stack([theirs.eigenvalues[s] for s in (Spin.up, Spin.down)[:spins]])
    assert ours.occupations is not None
    assert np.array_equal(ours.energies, expected[..., 0])
    assert np.array_equal(ours.occupations, expected[..., 1])
    assert np.array_equal(ours.weights, theirs.kpoints_weights)
    assert np.array_equal(ours.kpoints, theirs.kpoints)


def test_files_of_old_versions_have_no_occupations(tmp_path: Path) -> None:
    energies, _, _ = band_data()
    (tmp_path / "EIGENVAL").write_text(eigenval_text(energies, None))
    found = read_eigenval(tmp_path)
    assert found.occupations is None
    assert found.n_electrons is None
    assert np.allclose(found.energies, energies, atol=1e-6)


def test_touching_counts(tmp_path: Path) -> None:
    energies, occupations, _ = band_data()
    text = eigenval_text(energies, occupations)
    head = text.splitlines()[5]
    (tmp_path / "EIGENVAL").write_text(text.replace(head, "12345    3    4", 1))
    assert read_eigenval(tmp_path).energies.shape == (1, 3, 4)


def test_the_file_at_hand_is_taken(tmp_path: Path) -> None:
    energies, occupations, values = band_data()
    with pytest.raises(OutputError, match=r"no EIGENVAL, vaspout\.h5, PROCAR or vasprun"):
        read_band_energies(tmp_path)
    (tmp_path / "PROCAR").write_text(procar_text(energies, occupations, values))
    first = read_band_energies(tmp_path)
    assert np.array_equal(first.energies, energies)
    (tmp_path / "EIGENVAL").write_text(eigenval_text(energies, occupations))
    second = read_band_energies(tmp_path)
    assert second.source.endswith("EIGENVAL")
    assert np.allclose(second.energies, first.energies, atol=1e-6)
    assert np.allclose(second.kpoints, KPOINTS)
    assert np.allclose(second.weights, WEIGHTS)


def test_states_of_both_spins_hold_two_electrons(tmp_path: Path) -> None:
    """VASP prints 1 for a full state of an unpolarised run; NELECT in the head says which."""
    energies, occupations, _ = band_data()
    for spins_in_state, electrons in ((2, 4), (1, 2)):
        text = eigenval_text(energies, occupations / 2, n_electrons=electrons)
        (tmp_path / "EIGENVAL").write_text(text)
        bands = read_eigenval(tmp_path)
        assert bands.n_electrons == pytest.approx(electrons)
        assert float(bands.occupations.max()) == spins_in_state  # type: ignore[union-attr]


@pytest.mark.parametrize("spins", [1, 2])
def test_vasprun_gives_what_pymatgen_reads(tmp_path: Path, spins: int) -> None:
    from pymatgen.electronic_structure.core import Spin
    from pymatgen.io.vasp.outputs import Vasprun

    atoms = rock_salt_pair()
    text = vasprun_text(atoms, electrons=2.0, tags={"ISPIN": spins})
    path = tmp_path / "vasprun.xml"
    path.write_text(text)
    ours = read_band_energies(tmp_path)
    theirs = Vasprun(path, parse_dos=False, parse_potcar_file=False)
    expected = np.stack([theirs.eigenvalues[s] for s in (Spin.up, Spin.down)[:spins]])
    assert np.array_equal(ours.energies, expected[..., 0])
    assert np.array_equal(ours.occupations, expected[..., 1] * (2 if spins == 1 else 1))  # type: ignore[arg-type]
    assert ours.n_electrons == pytest.approx(2.0)
    for old, new, says in (
        ("    1.0000 </r>", "    ****** </r>", "cannot be used: .*not a number|could not convert"),
        ('<varray name="kpointlist" >', '<varray name="other" >', "holds no eigenvalues"),
        ("</eigenvalues>", "", "breaks off"),
    ):
        path.write_text(text.replace(old, new, 1))
        with pytest.raises(OutputError, match=says):
            read_band_energies(path)


def test_edges_count_electrons_from_below(tmp_path: Path) -> None:
    energies, occupations, _ = band_data(bands=4)
    (tmp_path / "EIGENVAL").write_text(eigenval_text(energies, occupations))
    bands = read_eigenval(tmp_path)
    top, bottom = bands.edges(4)
    assert top == pytest.approx(energies[:, :, 1].max(), abs=1e-6)
    assert bottom == pytest.approx(energies[:, :, 2].min(), abs=1e-6)
    text = eigenval_text(energies, occupations / 2, n_electrons=2)
    (tmp_path / "EIGENVAL").write_text(text)
    assert read_eigenval(tmp_path).edges(2)[0] == pytest.approx(top)  # with spin–orbit coupling
    with pytest.raises(ValueError, match="do not fill whole bands"):
        bands.edges(5)
    with pytest.raises(ValueError, match="do not fill whole bands"):
        bands.edges(8)


def test_whatever_packs_it_the_content_is_the_same(tmp_path: Path) -> None:
    energies, occupations, _ = band_data(spins=2)
    text = eigenval_text(energies, occupations)
    read_packed_alike(read_eigenval, same, tmp_path, "EIGENVAL", text)


def test_what_is_no_eigenval_is_refused(tmp_path: Path) -> None:
    refuse_what_is_no_text_file(read_eigenval, tmp_path, "EIGENVAL")


@pytest.mark.parametrize("spins", [1, 2])
@QUICK
@given(data=st.data())
def test_a_damaged_file_is_refused_or_read_alike(
    tmp_path: Path, spins: int, data: st.DataObject
) -> None:
    energies, occupations, _ = band_data(spins=spins)
    text = eigenval_text(energies, occupations)
    path = tmp_path / "EIGENVAL"
    path.write_text(text)
    expected = read_eigenval(path)
    cut = data.draw(st.integers(1, len(text) - 1))
    assert read_alike_or_refuse(read_eigenval, same, path, text[:cut], expected)
    place = data.draw(st.integers(0, 5000))
    for broken in damaged_numbers(text, text.index("test"), place):
        assert read_alike_or_refuse(read_eigenval, same, path, broken, expected)
    lines = text.splitlines(keepends=True)
    at = data.draw(st.integers(6, len(lines) - 1))
    blank = not lines[at].strip()
    for changed in (
        lines[:at] + lines[at + 1 :],
        lines[:at] + lines[at:][:1] * 2 + lines[at + 1 :],
    ):
        assert blank or read_alike_or_refuse(read_eigenval, same, path, "".join(changed), expected)
