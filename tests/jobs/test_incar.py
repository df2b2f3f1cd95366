"""INCAR text: what is written is what VASP and pymatgen read."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qdstruct.jobs.explain import read_incar
from qdstruct.jobs.incar import format_value, incar_text
from qdstruct.jobs.presets import Setting

numbers = st.floats(-1e4, 1e4, allow_nan=False).filter(lambda x: x == 0 or abs(x) > 1e-12)


def one(tag: str, value: object) -> dict[str, Setting]:
    return {tag: Setting(tag=tag, value=value, reason="r", origin="o")}  # type: ignore[arg-type]


@settings(deadline=None)
@given(numbers)
def test_numbers_are_read_back_exactly(value: float) -> None:
    from pymatgen.io.vasp.inputs import Incar

    assert float(format_value(value)) == value
    assert Incar.from_str(incar_text(one("EDIFFG", value), "s"))["EDIFFG"] == value


@settings(deadline=None)
@given(st.lists(st.floats(0, 1, allow_nan=False), min_size=3, max_size=3))
def test_lists_are_read_back(values: list[float]) -> None:
    from pymatgen.io.vasp.inputs import Incar

    parsed = Incar.from_str(incar_text(one("DIPOL", values), "s"))["DIPOL"]
    assert parsed == pytest.approx(values, abs=1e-9)


@pytest.mark.parametrize(("value", "text"), [(True, ".TRUE."), (False, ".FALSE."), (3, "3")])
def test_flags_and_integers(value: bool | int, text: str) -> None:
    assert format_value(value) == text


def test_system_line_cannot_break_the_file(tmp_path: Path) -> None:
    (tmp_path / "INCAR").write_text(incar_text(one("NSW", 0), "a study\nNSW = 99"))
    assert read_incar(tmp_path / "INCAR") == {"SYSTEM": "a study NSW = 99", "NSW": "0"}


def test_comments_and_semicolons_are_understood(tmp_path: Path) -> None:
    (tmp_path / "INCAR").write_text("encut = 400 ! eV\n# NSW = 5\nKPAR=2 ; NCORE = 4\n\n")
    assert read_incar(tmp_path / "INCAR") == {"ENCUT": "400", "KPAR": "2", "NCORE": "4"}
