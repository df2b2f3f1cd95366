"""PROCAR against pymatgen, and what broken ones say."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from band_factories import KPOINTS, LM, SHELLS, WEIGHTS, band_data, procar_text
from broken_files import (
    damaged_numbers,
    read_alike_or_refuse,
    read_packed_alike,
    refuse_what_is_no_text_file,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from qdstruct.errors import InputError, OutputError
from qdstruct.model.bands import BandProjections
from qdstruct.outputs import read_procar

QUICK = settings(
    max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
CASES = {"plain": {}, "spin": {"spins": 2}, "non-collinear": {"tables": 4}, "one ion": {"ions": 1}}


def same(one: BandProjections, other: BandProjections) -> bool:
    return bool(
        one.projections.equals(other.projections)
        and one.bands.energies.equals(other.bands.energies)
        and np.array_equal(one.bands.weights, other.bands.weights)
    )


@pytest.mark.parametrize("name", ["plain", "spin", "non-collinear"])
@pytest.mark.parametrize("orbitals", [LM, SHELLS], ids=["LORBIT 11", "LORBIT 10"])
def test_every_kind_equals_pymatgen(tmp_path: Path, name: str, orbitals: tuple[str, ...]) -> None:
    from pymatgen.electronic_structure.core import Spin
    from pymatgen.io.vasp.outputs import Procar

    data = band_data(**CASES[name], orbitals=len(orbitals))
    path = tmp_path / "PROCAR"
    path.write_text(procar_text(*data, orbitals=orbitals))
    ours, theirs = read_procar(path), Procar(path)
    energies = np.stack([theirs.eigenvalues[s] for s in (Spin.up, Spin.down) if s in theirs.data])
    assert np.array_equal(ours.bands.energies, energies)
    assert np.array_equal(ours.bands.kpoints, theirs.kpoints)
    assert np.array_equal(ours.bands.weights, WEIGHTS)
    found = {"up": Spin.up, "down": Spin.down, "total": Spin.up}
    for label in ours.projections["spin"].values:
        mine = ours.projections.sel(spin=label)
        other = theirs.data[found[label]] if label in found else theirs.xyz_data[label]
        assert np.array_equal(mine, np.asarray(other, dtype=np.float32))


@pytest.mark.parametrize("old", [False, True], ids=["5.4.4", "5.4.1"])
@pytest.mark.parametrize("spins", [1, 2])
def test_phases_equal_pymatgen(tmp_path: Path, old: bool, spins: int) -> None:
    from pymatgen.electronic_structure.core import Spin
    from pymatgen.io.vasp.outputs import Procar

    energies, occupations, values = band_data(spins=spins)
    phases = np.round(np.sqrt(values[:, 0]) * np.exp(1j * values[:, 0] * 9), 3)
    path = tmp_path / "PROCAR"
    path.write_text(procar_text(energies, occupations, values, phases=phases, old_phases=old))
    ours = read_procar(path, phases=True)
    assert ours.phases is not None
    theirs = Procar(path).phase_factors
    expected = np.stack([theirs[s] for s in (Spin.up, Spin.down)[:spins]])
    assert np.array_equal(ours.phases, expected.astype(np.complex64))
    assert read_procar(path).phases is None


def test_touching_coordinates_and_stars_are_read_for_what_they_are(tmp_path: Path) -> None:
    data = band_data()
    path = tmp_path / "PROCAR"
    path.write_text(procar_text(*data, stars=True))
    assert "-0.25000000-0.25000000" in path.read_text()
    assert np.array_equal(read_procar(path).bands.kpoints, KPOINTS)


def test_one_ion_has_no_row_of_totals(tmp_path: Path) -> None:
    data = band_data(ions=1)
    (tmp_path / "PROCAR").write_text(procar_text(*data))
    found = read_procar(tmp_path)
    assert np.array_equal(found.projections[0], data[2][0, 0].astype(np.float32))


def test_a_thousand_ions_are_read_whatever_their_number_prints_like(tmp_path: Path) -> None:
    data = band_data(ions=1001, bands=2)
    text = procar_text(*data)
    (tmp_path / "PROCAR").write_text(text)
    plain = read_procar(tmp_path)
    (tmp_path / "PROCAR").write_text(text.replace("\n1000 ", "\n*** ").replace("\n1001 ", "\n*** "))
    assert same(read_procar(tmp_path), plain)
    assert np.array_equal(plain.projections[0], data[2][0, 0].astype(np.float32))


def test_groups_are_sums_over_their_atoms(tmp_path: Path) -> None:
    data = band_data(spins=2)
    (tmp_path / "PROCAR").write_text(procar_text(*data))
    whole = read_procar(tmp_path).projections
    found = read_procar(tmp_path, groups={"film": [0, 2], "substrate": [1]}).projections
    assert found.dims == ("spin", "kpoint", "band", "group", "orbital")
    assert np.allclose(found.sel(group="film"), whole[:, :, :, [0, 2]].sum("atom"), atol=1e-6)
    with pytest.raises(InputError, match="names atom 9"):
        read_procar(tmp_path, groups={"film": [8]})


def test_electrons_reveal_a_missing_spin(tmp_path: Path) -> None:
    energies, occupations, values = band_data(spins=2)
    whole = procar_text(energies, occupations, values)
    half = procar_text(energies[:1], occupations[:1], values[:1])
    path = tmp_path / "PROCAR"
    path.write_text(whole)
    assert read_procar(path, n_electrons=4).bands.n_electrons == pytest.approx(4)
    path.write_text(half)
    with pytest.raises(OutputError, match=r"hold 2\.00 electrons, not 4"):
        read_procar(path, n_electrons=4)


def test_whatever_packs_it_the_content_is_the_same(tmp_path: Path) -> None:
    for case in CASES.values():
        text = procar_text(*band_data(**case))
        read_packed_alike(read_procar, same, tmp_path, "PROCAR", text)


def test_what_is_no_procar_is_refused(tmp_path: Path) -> None:
    refuse_what_is_no_text_file(read_procar, tmp_path, "PROCAR")
    (tmp_path / "nothing").mkdir()
    with pytest.raises(OutputError, match="no PROCAR here"):
        read_procar(tmp_path / "nothing")


def test_phases_that_are_not_there_are_bad_input(tmp_path: Path) -> None:
    (tmp_path / "PROCAR").write_text(procar_text(*band_data()))
    with pytest.raises(InputError, match="holds no phases"):
        read_procar(tmp_path, phases=True)


@pytest.mark.parametrize("name", CASES)
@QUICK
@given(data=st.data())
def test_a_cut_file_is_refused_or_lacks_nothing(
    tmp_path: Path, name: str, data: st.DataObject
) -> None:
    text = procar_text(*band_data(**CASES[name], bands=2))
    path = tmp_path / "PROCAR"
    path.write_text(text)
    expected = read_procar(path)
    cut = data.draw(st.integers(1, len(text) - 1))
    if name == "spin" and abs(cut - text.rindex("# of k-points")) < 2:
        return  # whole in itself: only the number of electrons tells
    refused = read_alike_or_refuse(read_procar, same, path, text[:cut], expected)
    assert (
        refused
        or text[cut:].strip(" \n0123456789.") in ("", "ot", "t", "tot")
        or cut > 0.97 * len(text)
    )


@pytest.mark.parametrize("name", CASES)
@QUICK
@given(place=st.integers(0, 10_000))
def test_a_number_that_is_none_is_refused(tmp_path: Path, name: str, place: int) -> None:
    text = procar_text(*band_data(**CASES[name], bands=2))
    path = tmp_path / "PROCAR"
    path.write_text(text)
    expected = read_procar(path)
    for broken in damaged_numbers(text, 0, place):
        read_alike_or_refuse(read_procar, same, path, broken, expected)


@pytest.mark.parametrize("name", CASES)
@QUICK
@given(place=st.integers(0, 10_000), double=st.booleans())
def test_a_line_too_few_or_too_many_is_refused(
    tmp_path: Path, name: str, place: int, double: bool
) -> None:
    lines = procar_text(*band_data(**CASES[name], bands=2)).splitlines(keepends=True)
    path = tmp_path / "PROCAR"
    path.write_text("".join(lines))
    expected = read_procar(path)
    at = place % len(lines)
    changed = lines[:at] + lines[at : at + 1] * (2 if double else 0) + lines[at + 1 :]
    read_alike_or_refuse(read_procar, same, path, "".join(changed), expected)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (("PROCAR lm", "DOSCAR lm"), "this is no PROCAR"),
        (("# of ions:    3", "# of ions:    2"), "row of totals"),
        (("# of ions:    3", "# of ions:*****"), "numbers of k-points, bands and ions"),
        (("# of bands:   4", "# of bands:   5"), "band 5 of 5"),
        (("# of k-points:    3", "# of k-points:    4"), "k-point 4 of 4"),
        (("band   2 #", "band   3 #"), "band 3 where band 2"),
        (("    dxy", "    fxy"), r"where ion, s, py, pz, px, dxy"),
    ],
)
def test_a_wrong_head_is_named_with_line_and_byte(
    tmp_path: Path, change: tuple[str, str], says: str
) -> None:
    text = procar_text(*band_data())
    first = text.index(change[0], text.index("dxy") + 3 if "dxy" in change[0] else 0)
    path = tmp_path / "PROCAR"
    path.write_text(text[:first] + change[1] + text[first + len(change[0]) :])
    with pytest.raises(OutputError, match=says) as found:
        read_procar(path)
    assert "line " in found.value.message
