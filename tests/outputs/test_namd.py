"""Hefei-NAMD's files: there and back, and what broken ones say."""

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
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from qdstruct.errors import DestinationError, InputError, OutputError
from qdstruct.model import NamdInputs
from qdstruct.outputs import (
    read_namd_inputs,
    read_namd_tags,
    read_surface_hopping,
    write_namd_inputs,
)
from qdstruct.outputs.tables import read_number_table

INP = """&NAMDPARA
  BMIN = 325, BMAX = 327   ! bands of the window
  NBANDS     = 388
  NSW        = 20
  POTIM      = 1.0D0
  TEMP       = 300
  NSAMPLE    = 2
  NAMDTIME   = 10
  LHOLE      = .FALSE.
  LCPEXT     = .T.
  RUNDIR     = "../run!/"
! NELM = 3
/
"""


def inputs(**changes: object) -> NamdInputs:
    generator = np.random.default_rng(4)
    couplings = generator.normal(scale=1e-3, size=(19, 3, 3))
    matrix = np.array([[0.0, 12.5, 20.25], [12.5, 0.0, 8.0], [20.25, 8.0, 0.0]])
    fields: dict[str, object] = {
        "tags": {"BMIN": 325, "BMAX": 327, "NSAMPLE": 2, "NAMDTIME": 10, "LHOLE": True,
                 "RUNDIR": "../run/", "POTIM": 0.5},
        "energies": generator.normal(size=(20, 3)),
        "couplings": couplings - couplings.transpose(0, 2, 1),
        "initial": np.array([[4, 326], [11, 327]]),
        "dephasing": matrix,
    }  # fmt: skip
    return NamdInputs(**{**fields, **changes})  # type: ignore[arg-type]


def test_the_namelist_is_read_as_fortran_reads_it(tmp_path: Path) -> None:
    (tmp_path / "inp").write_text(INP)
    assert read_namd_tags(tmp_path / "inp") == {
        "BMIN": 325, "BMAX": 327, "NBANDS": 388, "NSW": 20, "POTIM": 1.0, "TEMP": 300,
        "NSAMPLE": 2, "NAMDTIME": 10, "LHOLE": False, "LCPEXT": True, "RUNDIR": "../run!/",
    }  # fmt: skip
    (tmp_path / "inp").write_text(INP.replace("/\n", "\n").replace("run!\n", "run"))
    with pytest.raises(OutputError, match="does not end with '/'"):
        read_namd_tags(tmp_path / "inp")
    (tmp_path / "inp").write_text("BMIN = 3\n/\n")
    with pytest.raises(OutputError, match="does not begin with &NAMDPARA"):
        read_namd_tags(tmp_path / "inp")


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    given = inputs()
    write_namd_inputs(tmp_path, given)
    found = read_namd_inputs(tmp_path)
    assert found.tags == given.tags
    assert np.array_equal(found.energies, given.energies)
    assert np.array_equal(found.couplings, given.couplings)  # type: ignore[arg-type]
    assert np.array_equal(found.initial, given.initial)
    assert np.array_equal(found.dephasing, given.dephasing)  # type: ignore[arg-type]
    with pytest.raises(DestinationError, match="exists already"):
        write_namd_inputs(tmp_path, given)
    write_namd_inputs(tmp_path, inputs(couplings=None, dephasing=None), force=True)


def test_list_directed_reading_gets_the_same_numbers(tmp_path: Path) -> None:
    """numpy reads rows as Fortran's ``read(unit, *)`` would."""
    given = inputs()
    write_namd_inputs(tmp_path, given)
    assert np.array_equal(np.loadtxt(tmp_path / "EIGTXT"), given.energies)
    flat = np.loadtxt(tmp_path / "NATXT")
    assert np.array_equal(flat.reshape(19, 3, 3), given.couplings)  # type: ignore[arg-type]
    assert np.array_equal(np.loadtxt(tmp_path / "INICON", dtype=int), given.initial)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"energies": np.zeros((20, 4))}, "EIGTXT has 4 bands"),
        ({"couplings": np.zeros((7, 3, 3))}, "NATXT has 7 steps, EIGTXT 20"),
        ({"dephasing": np.zeros((2, 2))}, "DEPHTIME is not 3 × 3"),
        ({"initial": np.array([[4, 326]])}, "1 initial conditions, NSAMPLE = 2"),
        ({"initial": np.array([[4, 326], [5, 400]])}, "outside BMIN"),
        ({"initial": np.array([[0, 326], [5, 326]])}, r"outside 1…20"),
        ({"initial": np.array([[4, 326], [15, 326]]), "dephasing": None}, "runs past the 20"),
        ({"tags": {"BMIN": 325, "BMAX": 327, "NSAMPLE": 2}}, "NAMDTIME must be given"),
        (
            {"tags": {**inputs().tags, "LCPEXT": True}, "couplings": None},
            "there is no NATXT",
        ),
    ],
)
def test_what_does_not_go_together_is_refused(
    tmp_path: Path, changes: dict[str, object], says: str
) -> None:
    with pytest.raises(InputError, match=says):
        write_namd_inputs(tmp_path, inputs(**changes))
    assert list(tmp_path.iterdir()) == []


def test_files_that_disagree_are_refused(tmp_path: Path) -> None:
    write_namd_inputs(tmp_path, inputs())
    (tmp_path / "INICON").write_text("1.5 326\n2 326\n")
    with pytest.raises(OutputError, match="must be integers"):
        read_namd_inputs(tmp_path)
    (tmp_path / "INICON").unlink()
    with pytest.raises(OutputError, match="no INICON here"):
        read_namd_inputs(tmp_path)


def table(path: Path) -> np.ndarray:
    return read_number_table(path, "energies")


def test_tables_pack_and_break_like_the_others(tmp_path: Path) -> None:
    write_namd_inputs(tmp_path, inputs())
    text = (tmp_path / "EIGTXT").read_text()
    read_packed_alike(table, np.array_equal, tmp_path, "TABLE", text)
    (tmp_path / "other").mkdir()
    refuse_what_is_no_text_file(table, tmp_path / "other", "TABLE")


@settings(max_examples=40, deadline=None,
          suppress_health_check=[HealthCheck.function_scoped_fixture])  # fmt: skip
@given(data=st.data())
def test_a_damaged_table_is_refused_or_shorter_by_whole_rows(
    tmp_path: Path, data: st.DataObject
) -> None:
    rows = np.round(np.random.default_rng(1).normal(size=(6, 4)), 6)
    text = "".join("".join(f"{x:12.6f}" for x in row) + "\n" for row in rows)
    path = tmp_path / "TABLE"
    path.write_text(text)
    cut = data.draw(st.integers(1, len(text) - 1))

    def begins_alike(one: np.ndarray, other: np.ndarray) -> bool:
        return np.array_equal(one, other[: len(one)])

    read_alike_or_refuse(table, begins_alike, path, text[:cut], rows)
    for broken in damaged_numbers(text, 0, data.draw(st.integers(0, 100))):
        assert read_alike_or_refuse(table, np.array_equal, path, broken, rows)


def hopping_text(seed: int = 0, shift: float = 0.0) -> str:
    generator = np.random.default_rng(seed)
    lines = ["#        BMIN =   325\n"]
    for step in range(1, 13):
        share = generator.dirichlet([2.0, 2.0])
        share = np.round(share, 4)
        share[1] = 1 - share[0] + shift
        lines.append(f"{step:13.2f}{0.5:11.6f}{share[0]:9.4f}{share[1]:9.4f}\n")
    return "".join(lines)


def test_results_of_all_samples_are_stacked(tmp_path: Path) -> None:
    for name in ("SHPROP.12", "SHPROP.4"):
        (tmp_path / name).write_text(hopping_text(int(name[7:])))
    found = read_surface_hopping(tmp_path)
    assert [Path(source).name for source in found.sources] == ["SHPROP.4", "SHPROP.12"]
    assert found.populations.shape == (2, 12, 2)
    assert np.allclose(found.populations.sum(axis=2), 1)
    (tmp_path / "SHPROP.5").write_text(hopping_text(5, shift=0.3))
    with pytest.raises(OutputError, match=r"SHPROP\.5: the populations at 1 fs add up to 1\.3000"):
        read_surface_hopping(tmp_path)
    (tmp_path / "SHPROP.5").write_text("1 0.5 1.0 0.0\n")
    with pytest.raises(OutputError, match="other times or states"):
        read_surface_hopping(tmp_path)
    with pytest.raises(OutputError, match=r"no SHPROP\.\*"):
        read_surface_hopping(tmp_path / "nothing")
