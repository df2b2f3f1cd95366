"""ACF.dat against ASE and pymatgen, and what broken ones say."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from broken_files import (
    damaged_numbers,
    read_alike_or_refuse,
    read_packed_alike,
    refuse_what_is_no_text_file,
)
from charge_factories import acf_text, gaussian_pair
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from vasp_factories import vasprun_text

from qdstruct.errors import OutputError
from qdstruct.outputs import AtomicCharges, read_acf, read_valences


def same(one: AtomicCharges, other: AtomicCharges) -> bool:
    return np.array_equal(one.electrons, other.electrons) and np.array_equal(
        one.positions, other.positions
    )


def test_it_equals_ase(tmp_path: Path) -> None:
    from ase.io.bader import attach_charges
    from ase.units import Bohr

    atoms = gaussian_pair()
    (tmp_path / "ACF.dat").write_text(acf_text(atoms, [7.25, 0.75], vacuum=0.125))
    ours = read_acf(tmp_path)
    theirs = atoms.copy()
    text = acf_text(atoms, [7.25, 0.75])
    attach_charges(theirs, str(_in_bohr(tmp_path / "bohr.dat", text, atoms.positions / Bohr)))
    assert np.allclose(ours.electrons, theirs.numbers - theirs.get_initial_charges())
    assert np.allclose(ours.positions, atoms.positions)
    assert (ours.vacuum_electrons, ours.n_electrons) == (0.125, 8.125)
    assert ours.volumes.tolist() == [216.0, 216.0]


def _in_bohr(path: Path, text: str, positions: np.ndarray) -> Path:
    """ASE expects the places of ACF.dat in bohr."""
    lines = text.splitlines(keepends=True)
    for i, place in enumerate(positions):
        row = lines[2 + i]
        lines[2 + i] = row[:5] + "".join(f"{x:12.6f}" for x in place) + row[41:]
    path.write_text("".join(lines))
    return path


def test_charges_that_do_not_add_up_are_refused(tmp_path: Path) -> None:
    (tmp_path / "ACF.dat").write_text(acf_text(gaussian_pair(), [7.0, 1.0], total=9.0))
    with pytest.raises(OutputError, match=r"add up to 8\.0000.*states 9\.0000"):
        read_acf(tmp_path)


@settings(max_examples=40, deadline=None,
          suppress_health_check=[HealthCheck.function_scoped_fixture])  # fmt: skip
@given(data=st.data())
def test_a_damaged_file_is_refused_or_read_alike(tmp_path: Path, data: st.DataObject) -> None:
    text = acf_text(gaussian_pair(), [7.0, 1.0])
    path = tmp_path / "ACF.dat"
    path.write_text(text)
    expected = read_acf(path)
    cut = data.draw(st.integers(1, len(text) - 1))
    refused = read_alike_or_refuse(read_acf, same, path, text[:cut], expected)
    assert refused or cut > text.index("NUMBER OF")
    for broken in damaged_numbers(text, text.index("---"), data.draw(st.integers(0, 100))):
        assert read_alike_or_refuse(read_acf, same, path, broken, expected)
    lines = text.splitlines(keepends=True)
    at = data.draw(st.integers(2, 3))
    assert read_alike_or_refuse(
        read_acf, same, path, "".join(lines[:at] + lines[at + 1 :]), expected
    )


def test_whatever_packs_it_the_content_is_the_same(tmp_path: Path) -> None:
    read_packed_alike(read_acf, same, tmp_path, "ACF.dat", acf_text(gaussian_pair(), [7.0, 1.0]))


def test_what_is_no_acf_is_refused(tmp_path: Path) -> None:
    refuse_what_is_no_text_file(read_acf, tmp_path, "ACF.dat")


def test_valences_from_vasprun_or_potcar(tmp_path: Path) -> None:
    atoms = gaussian_pair()
    assert read_valences(tmp_path, atoms) is None
    lines = "   POMASS =  207.200; ZVAL   =   14.000    mass and valenz\n"
    (tmp_path / "POTCAR").write_text(lines + lines.replace("14.000", " 6.000"))
    assert read_valences(tmp_path, atoms).tolist() == [14.0, 6.0]  # type: ignore[union-attr]
    (tmp_path / "POTCAR").write_text(lines)
    assert read_valences(tmp_path, atoms) is None
    (tmp_path / "vasprun.xml").write_text(vasprun_text(atoms))
    assert read_valences(tmp_path, atoms).tolist() == [6.0, 6.0]  # type: ignore[union-attr]
