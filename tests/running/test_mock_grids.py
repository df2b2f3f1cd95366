import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from mock_jobs import as_structure, crystal
from pymatgen.io.vasp.outputs import Chgcar

from qdstruct.errors import InputError
from qdstruct.running.mock.stamp import MARK
from qdstruct.running.vaspfiles.grids import check_chgcar, grid_file

finite = st.floats(-1e60, 1e60, allow_subnormal=False)
GALENA = as_structure(crystal("PbS-galena"))


@given(values=arrays(np.float64, st.tuples(*[st.integers(1, 4)] * 3), elements=finite))
def test_numbers_are_written_to_twelve_digits(values):
    lines = grid_file(GALENA, [values], MARK).decode().splitlines()
    body = lines[8 + 8 + 2 :]
    words = " ".join(body).split()
    assert all(len(line) == 19 * min(5, values.size) for line in body[:-1])
    written = np.array(words, dtype=float).reshape(values.shape, order="F")
    np.testing.assert_allclose(written, np.where(abs(values) < 1e-99, 0, values), rtol=6e-12)


@pytest.mark.parametrize(
    ("value", "word"),
    [
        (0.0, " 0.00000000000E+00"),
        (1.0, " 1.00000000000E+00"),
        (-123.456, "-1.23456000000E+02"),
        (9.999999999996e5, " 1.00000000000E+06"),
        (1e-7, " 1.00000000000E-07"),
        (1000.0, " 1.00000000000E+03"),
    ],
)
def test_single_numbers_look_as_pythons(value, word):
    text = grid_file(
        as_structure(crystal("PbS-galena")), [np.full((1, 1, 1), value)], MARK
    ).decode()
    assert text.splitlines()[-1] == f" {word}" == f" {value:18.11E}"


def test_pymatgen_reads_what_was_written(tmp_path):
    values = np.random.default_rng(2).normal(size=(3, 4, 7))
    structure = as_structure(crystal("CdS-wurtzite"))
    (tmp_path / "CHGCAR").write_bytes(grid_file(structure, [values, 0.5 * values], MARK))
    charge = Chgcar.from_file(tmp_path / "CHGCAR")
    np.testing.assert_allclose(charge.data["total"], values, rtol=1e-11)
    np.testing.assert_allclose(charge.data["diff"], 0.5 * values, rtol=1e-11)


def test_a_density_of_other_atoms_is_refused(tmp_path):
    path = tmp_path / "CHGCAR"
    values = np.ones((2, 2, 2))
    path.write_bytes(grid_file(as_structure(crystal("PbS-galena")), [values], MARK))
    check_chgcar(path, as_structure(crystal("PbS-galena")), (2, 2, 2))
    with pytest.raises(InputError, match="atoms of each species"):
        check_chgcar(path, as_structure(crystal("CdS-wurtzite")), (2, 2, 2))
    with pytest.raises(InputError, match="dimensions"):
        check_chgcar(path, as_structure(crystal("PbS-galena")), (2, 2, 3))
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(InputError, match="truncated"):
        check_chgcar(path, as_structure(crystal("PbS-galena")), (2, 2, 2))
    path.write_text("nonsense\n")
    with pytest.raises(InputError, match="malformed"):
        check_chgcar(path, as_structure(crystal("PbS-galena")), (2, 2, 2))
