"""What is found in directories that qdstruct did not make."""

from __future__ import annotations

from pathlib import Path

import pytest

from qdstruct.errors import InputError
from qdstruct.outputs import find_calculations


def test_calculations_are_found_at_any_depth_with_what_they_allow(tmp_path: Path) -> None:
    for name in ("a/vasprun.xml.gz", "a/CHGCAR", "a/CHGCAR.gz", "b/c/LOCPOT.xz", "b/c/POSCAR",
                 "notes/readme.txt", ".hidden/OUTCAR", "d/PARCHG.0012.ALLK",
                 "e/CHGCAR_sum", "e/LOCPOT.png"):  # fmt: skip
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x")
    found = find_calculations(tmp_path)
    assert [f.directory.relative_to(tmp_path).as_posix() for f in found] == ["a", "b/c", "d"]
    first, second, third = found
    assert first.files["CHGCAR"].name == "CHGCAR"
    assert "charge-density difference" in first.possible
    assert first.impossible["alignment by core potentials"] == "OUTCAR"
    assert second.possible == ("potential profile, vacuum levels and alignment",)
    assert list(third.files) == ["PARCHG.0012.ALLK"]


def test_a_missing_directory_is_bad_input(tmp_path: Path) -> None:
    assert find_calculations(tmp_path) == ()
    with pytest.raises(InputError, match="does not exist"):
        find_calculations(tmp_path / "nowhere")


def test_what_is_impossible_names_the_run_that_would_help(tmp_path: Path) -> None:
    (tmp_path / "CHGCAR").write_text("x")
    (found,) = find_calculations(tmp_path)
    assert found.impossible["Bader charges"] == "AECCAR0, AECCAR2"
    assert "LAECHG" in found.remedies["Bader charges"]
    assert "projection of each band on atoms" in found.impossible
    assert set(found.remedies) == set(found.impossible)
    assert not set(found.possible) & set(found.impossible)
