import numpy as np
import pytest
from ase.io import read
from hypothesis import given
from hypothesis import strategies as st
from mock_jobs import as_structure, crystal
from pymatgen.io.vasp import Incar as PymatgenIncar

from qdstruct.errors import InputError
from qdstruct.running.vaspfiles.inputs import Incar, read_incar, read_kpoints, read_poscar
from qdstruct.running.vaspfiles.settings import read_settings

CELL = np.diag([4.0, 5.0, 6.0])


def kpoints(tmp_path, text, cell=CELL, **tags):
    (tmp_path / "KPOINTS").write_text(text)
    return read_kpoints(tmp_path / "KPOINTS", Incar(tags=tags), cell)


def settings_of(name="PbS-galena", **tags):
    structure = as_structure(crystal(name))
    incar = Incar(tags={t: str(v) for t, v in tags.items()})
    mesh = read_kpoints(crystal_path(), incar, structure.cell)
    return read_settings(incar, structure, mesh)


def crystal_path():
    from pathlib import Path

    return Path("/no/such/KPOINTS")


def test_incar_is_read_as_pymatgen_reads_it(tmp_path):
    path = tmp_path / "INCAR"
    path.write_text(
        "SYSTEM = PbS bulk # comment\nENCUT = 500 ; NSW=50\n! a remark\nEDIFF = 1E-5\n"
        "LCHARG = .FALSE.\nLVHAR = T\nMAGMOM = 4*0.5 2*-1\n\nediffg = -0.02\n"
    )
    ours, theirs = read_incar(path), PymatgenIncar.from_file(path)
    assert ours.integer("NSW", 0) == theirs["NSW"] == 50
    assert ours.real("EDIFF", 0) == theirs["EDIFF"]
    assert ours.real("EDIFFG", 0) == theirs["EDIFFG"]
    assert ours.flag("LCHARG", True) is theirs["LCHARG"] is False
    assert ours.flag("LVHAR", False) is theirs["LVHAR"] is True
    assert ours.reals("MAGMOM") == theirs["MAGMOM"]
    assert ours.text("SYSTEM", "") == "PbS"
    assert ours.integer("NELM", 60) == 60


@pytest.mark.parametrize(
    ("tag", "value", "method"),
    [("NSW", "many", "integer"), ("EDIFF", "1x", "real"), ("LCHARG", "maybe", "flag")],
)
def test_bad_values_name_the_tag(tag, value, method):
    with pytest.raises(InputError, match=tag):
        getattr(Incar(tags={tag: value}), method)(tag, 0)


def test_a_line_that_is_no_tag_is_refused(tmp_path):
    (tmp_path / "INCAR").write_text("NSW = 1\nnonsense\n")
    with pytest.raises(InputError, match="line 2"):
        read_incar(tmp_path / "INCAR")


def test_fortran_exponents_are_numbers():
    assert Incar(tags={"EDIFF": "1d-6"}).real("EDIFF", 0) == 1e-6


POSCARS = {
    "direct": "x\n1.0\n5 0 0\n0 6 0\n1 0 7\nPb S\n1 2\nDirect\n0 0 0\n.5 .5 .5\n.25 .1 .9\n",
    "cartesian": "x\n2.0\n5 0 0\n0 6 0\n1 0 7\nPb S\n1 2\nCartesian\n0 0 0\n1 2 3\n2 1 1\n",
    "volume": "x\n-300\n5 0 0\n0 6 0\n1 0 7\nPb_d/abc S\n1 2\ndirect\n0 0 0\n.5 .5 .5\n.2 .1 .9\n",
    "three scales": "x\n1 2 1\n5 0 0\n0 6 0\n0 0 7\nPb S\n1 1\ndirect\n0 0 0\n.5 .5 .5\n",
    "selective": "x\n1.0\n5 0 0\n0 6 0\n1 0 7\nPb S\n1 1\nSelective dynamics\nDirect\n"
    "0 0 0 T F T\n.5 .5 .5 F F F\n",
}


@pytest.mark.parametrize("kind", POSCARS)
def test_poscar_is_read_as_ase_reads_it(tmp_path, kind):
    path = tmp_path / "POSCAR"
    path.write_text(POSCARS[kind])
    ours, theirs = read_poscar(path), read(path, format="vasp")
    np.testing.assert_allclose(ours.cell, np.array(theirs.cell), atol=1e-9)
    np.testing.assert_allclose(ours.positions, theirs.positions, atol=1e-9)
    assert list(ours.symbols) == theirs.get_chemical_symbols()
    assert (ours.selective is None) == (not theirs.constraints)
    if ours.selective is not None:
        assert ours.selective.tolist() == [[True, False, True], [False, False, False]]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("1 2\n", "1 3\n"), "4 atoms announced"),
        (("Pb S\n", ""), "line 6"),
        (("1 2\n", "1\n"), "one count for each"),
        (("0 6 0", "10 0 0"), "no volume"),
        ((".5 .5 .5", ".5 .5 here"), "POSCAR"),
        ((".5 .5 .5", ".5 .5"), "POSCAR"),
    ],
)
def test_broken_poscars_are_refused(tmp_path, change, message):
    (tmp_path / "POSCAR").write_text(POSCARS["direct"].replace(*change))
    with pytest.raises(InputError, match=message):
        read_poscar(tmp_path / "POSCAR")


@given(n=st.tuples(*[st.integers(1, 5)] * 3), style=st.sampled_from(["Gamma", "Monkhorst"]))
def test_meshes_are_reduced_by_time_reversal_only(tmp_path_factory, n, style):
    folder = tmp_path_factory.mktemp("k")
    mesh = kpoints(folder, f"c\n0\n{style}\n{n[0]} {n[1]} {n[2]}\n0 0 0\n")
    total = n[0] * n[1] * n[2]
    assert mesh.weights.sum() == pytest.approx(1)
    full = {tuple(np.round(np.mod(s * p, 1) % 0.9999999, 6)) for p in mesh.points for s in (1, -1)}
    assert len(full) == total
    assert len(mesh.points) <= total // 2 + 4
    has_gamma = np.any(np.all(np.abs(mesh.points) < 1e-12, axis=1))
    assert has_gamma == (style == "Gamma" or all(k % 2 for k in n))


def test_other_kinds_of_kpoints(tmp_path):
    listed = kpoints(tmp_path, "c\n2\nReciprocal\n0 0 0 1\n.5 0 0 3\n")
    np.testing.assert_allclose(listed.weights, [0.25, 0.75])
    line = kpoints(tmp_path, "c\n3\nLine\nReciprocal\n0 0 0\n.5 0 0\n\n.5 0 0\n.5 .5 0\n")
    np.testing.assert_allclose(line.points[:, 0], [0, 0.25, 0.5, 0.5, 0.5, 0.5])
    assert kpoints(tmp_path, "c\n0\nAuto\n24\n").divisions == (6, 5, 4)
    (tmp_path / "KPOINTS").unlink()
    spaced = read_kpoints(tmp_path / "KPOINTS", Incar(tags={"KSPACING": "0.3"}), CELL)
    assert spaced.divisions == (6, 5, 4)


@pytest.mark.parametrize(
    "text", ["c\n0\nGamma\n2 2\n", "c\n0\nX\n2 2 2\n", "c\n", "c\n0\nG\n0 1 1\n"]
)
def test_broken_kpoints_are_refused(tmp_path, text):
    with pytest.raises(InputError, match="KPOINTS"):
        kpoints(tmp_path, text)


def test_defaults_are_vasps():
    s = settings_of()
    assert (s.ediff, s.ediffg, s.nelm, s.nsw, s.ibrion) == (1e-4, 1e-3, 60, 0, -1)
    assert (s.ismear, s.sigma, s.ispin, s.nedos) == (1, 0.2, 1, 301)
    assert s.nelect == 4 * (14 + 6)
    assert s.nbands == 48
    assert s.encut == 258.689
    assert s.lcharg
    assert not s.writes_locpot


def test_grid_follows_the_cutoff_unless_given():
    given_grid = settings_of(NGXF=20, NGYF=22, NGZF=24).grid
    assert given_grid == (20, 22, 24)
    fine, coarse = settings_of(ENCUT=600).grid, settings_of(ENCUT=300).grid
    assert fine[0] > coarse[0]
    least = 1.5 * np.sqrt(300 / 3.81) * 5.9315 / np.pi
    assert least <= coarse[0] < 1.2 * least


@pytest.mark.parametrize(
    "tags",
    [
        {"NSW": 5, "IBRION": 6},
        {"ISPIN": 3},
        {"NELECT": 0},
        {"NBANDS": 10},
        {"NEDOS": 1},
        {"NELM": 0},
        {"NGXF": -3},
        {"ISMEAR": -5, "KSPACING": 5},
    ],
)
def test_impossible_requests_are_refused(tags):
    with pytest.raises(InputError):
        settings_of(**tags)
