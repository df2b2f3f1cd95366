"""DOSCAR against ASE and against our own vasprun.xml reader, and what broken ones say."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from band_factories import doscar_text
from broken_files import (
    damaged_numbers,
    read_alike_or_refuse,
    read_packed_alike,
    refuse_what_is_no_text_file,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from vasp_factories import poscar_head, rock_salt_pair, vasprun_text

from qdstruct.errors import InputError, OutputError
from qdstruct.model import ProjectedDos
from qdstruct.outputs import read_doscar, read_projected_dos

QUICK = settings(
    max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
ENERGIES = np.linspace(-5.0, 5.0, 21)
CASES = {
    "plain": (1, 9), "spin": (2, 9), "non-collinear": (4, 9), "shells": (1, 3), "f": (2, 16),
}  # fmt: skip


def densities(components: int, orbitals: int) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(components * 100 + orbitals)
    projected = generator.uniform(0, 2, (4, components, len(ENERGIES), orbitals))
    projected = np.array([[float(f"{x:.3E}") for x in projected.ravel()]]).reshape(projected.shape)
    total = generator.uniform(0, 30, (2 if components == 2 else 1, len(ENERGIES)))
    return np.array([float(f"{x:.3E}") for x in total.ravel()]).reshape(total.shape), projected


def write(directory: Path, name: str = "plain") -> str:
    total, projected = densities(*CASES[name])
    (directory / "POSCAR").write_text(poscar_head(rock_salt_pair()))
    text = doscar_text(rock_salt_pair(), ENERGIES, total, projected)
    (directory / "DOSCAR").write_text(text)
    return text


def same(one: ProjectedDos, other: ProjectedDos) -> bool:
    return bool(one.projected.equals(other.projected) and one.total.equals(other.total))


@pytest.mark.parametrize("name", CASES)
def test_every_column_equals_ase(tmp_path: Path, name: str) -> None:
    from ase.calculators.vasp import VaspDos

    write(tmp_path, name)
    ours, theirs = read_doscar(tmp_path), VaspDos(str(tmp_path / "DOSCAR"))
    total, projected = densities(*CASES[name])
    assert np.array_equal(ours.total, np.atleast_2d(theirs.dos))
    assert np.array_equal(ours.total, total)
    assert np.array_equal(ours.total["energy"], theirs.energy)
    assert np.array_equal(ours.projected, projected.astype(np.float32))
    components = projected.shape[1]
    for orbital in range(projected.shape[3]):
        for component in range(components):
            column = theirs.site_dos(2, orbital * components + component)
            mine = ours.projected[2, component, :, orbital]
            assert np.array_equal(mine, column.astype(np.float32))


def test_it_is_what_vasprun_says(tmp_path: Path) -> None:
    total, projected = densities(1, 9)
    (tmp_path / "d").mkdir()
    write(tmp_path / "d")
    (tmp_path / "d" / "INCAR").write_text("ISMEAR = 0; SIGMA = 0.05\n")
    (tmp_path / "v").mkdir()
    names = ("s", "py", "pz", "px", "dxy", "dyz", "dz2", "dxz", "x2-y2")
    text = vasprun_text(
        rock_salt_pair(), energies=ENERGIES, projected=projected, total=total, orbitals=names
    )
    (tmp_path / "v" / "vasprun.xml").write_text(text)
    ours, other = read_projected_dos(tmp_path / "d"), read_projected_dos(tmp_path / "v")
    assert ours.source.endswith("DOSCAR")
    assert ours.fermi_level == other.fermi_level
    assert ours.projected.attrs == other.projected.attrs
    assert np.array_equal(ours.projected["orbital"], other.projected["orbital"])
    assert np.allclose(ours.projected, other.projected, atol=5e-4)
    assert np.allclose(ours.total, other.total, atol=5e-3)


def test_exponents_without_their_letter(tmp_path: Path) -> None:
    total, projected = densities(1, 9)
    projected[1, 0, 3, 2] = 0.1234e-100
    (tmp_path / "POSCAR").write_text(poscar_head(rock_salt_pair()))
    text = doscar_text(rock_salt_pair(), ENERGIES, total, projected)
    assert "0.1234-100" in text
    (tmp_path / "DOSCAR").write_text(text)
    assert float(read_doscar(tmp_path).projected[1, 0, 3, 2]) == pytest.approx(0, abs=1e-40)


def test_sixteen_columns_are_decided_by_the_first_line(tmp_path: Path) -> None:
    atoms = rock_salt_pair()
    (tmp_path / "POSCAR").write_text(poscar_head(atoms))
    total, projected = densities(4, 4)
    (tmp_path / "DOSCAR").write_text(doscar_text(atoms, ENERGIES, total, projected))
    assert read_doscar(tmp_path).projected["orbital"].values.tolist() == ["s", "p", "d", "f"]
    text = doscar_text(atoms, ENERGIES, total, projected, n_components=1)
    (tmp_path / "DOSCAR").write_text(text)
    assert read_doscar(tmp_path).projected.sizes["orbital"] == 16


def test_touching_integers_of_the_first_line(tmp_path: Path) -> None:
    text = write(tmp_path)
    first = text.splitlines()[0]
    assert first == "   4   4   1   1"
    (tmp_path / "DOSCAR").write_text(text.replace(first, "   4   41000   1", 1))
    assert read_doscar(tmp_path).projected.sizes["atom"] == 4


def test_regions_and_missing_structure(tmp_path: Path) -> None:
    write(tmp_path)
    assert read_doscar(tmp_path).projected.attrs["smearing_width"] == 0.2
    found = read_doscar(tmp_path, ["film"] * 2 + ["substrate"] * 2, smearing=0.1)
    assert found.atoms.arrays["region"].tolist()[0] == "film"
    assert found.projected.attrs["smearing_width"] == 0.1
    with pytest.raises(InputError, match="3 regions given for the 4 atoms"):
        read_doscar(tmp_path, ["film"] * 3)
    (tmp_path / "POSCAR").unlink()
    with pytest.raises(OutputError, match="does not say which atoms"):
        read_doscar(tmp_path)


def test_another_runs_structure_is_refused(tmp_path: Path) -> None:
    write(tmp_path)
    atoms = rock_salt_pair()
    atoms.set_cell([4.2, 4.2, 14.0])
    (tmp_path / "POSCAR").write_text(poscar_head(atoms))
    with pytest.raises(OutputError, match="cell lengths"):
        read_doscar(tmp_path)
    (tmp_path / "POSCAR").write_text(poscar_head(rock_salt_pair()[:3]))
    with pytest.raises(OutputError, match="4 ions, but the structure beside it has 3"):
        read_doscar(tmp_path)


def test_a_total_alone_is_named(tmp_path: Path) -> None:
    total, _ = densities(1, 9)
    (tmp_path / "POSCAR").write_text(poscar_head(rock_salt_pair()))
    (tmp_path / "DOSCAR").write_text(doscar_text(rock_salt_pair(), ENERGIES, total, None))
    with pytest.raises(OutputError, match="has no projected DOS"):
        read_doscar(tmp_path)


def test_whatever_packs_it_the_content_is_the_same(tmp_path: Path) -> None:
    read_packed_alike(read_doscar, same, tmp_path, "DOSCAR", write(tmp_path, "spin"))


def test_what_is_no_doscar_is_refused(tmp_path: Path) -> None:
    (tmp_path / "POSCAR").write_text(poscar_head(rock_salt_pair()))
    refuse_what_is_no_text_file(read_doscar, tmp_path, "DOSCAR")


@pytest.mark.parametrize("name", ["plain", "spin", "non-collinear"])
@QUICK
@given(data=st.data())
def test_a_damaged_file_is_refused_or_read_alike(
    tmp_path: Path, name: str, data: st.DataObject
) -> None:
    text = write(tmp_path, name)
    path = tmp_path / "DOSCAR"
    expected = read_doscar(path)
    cut = data.draw(st.integers(1, len(text) - 1))
    assert read_alike_or_refuse(read_doscar, same, path, text[:cut], expected)
    for broken in damaged_numbers(text, text.index("test"), data.draw(st.integers(0, 5000))):
        assert read_alike_or_refuse(read_doscar, same, path, broken, expected)
    lines = text.splitlines(keepends=True)
    at = data.draw(st.integers(5, len(lines) - 1))
    for changed in (
        lines[:at] + lines[at + 1 :],
        lines[:at] + lines[at:][:1] * 2 + lines[at + 1 :],
    ):
        assert read_alike_or_refuse(read_doscar, same, path, "".join(changed), expected)
