"""What a directory calculated, from the heads of its files alone."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest
from vasp_factories import grid_text, poscar_head, rock_salt_pair, vasprun_text

from qdstruct.outputs import (
    CalculationSketch,
    calculation_kind,
    find_calculations,
    interface_parts,
    read_tags,
    sketch_calculation,
)


def sketch(directory: Path) -> CalculationSketch:
    (found,) = find_calculations(directory)
    return sketch_calculation(found)


@pytest.mark.parametrize(
    ("tags", "line_mode", "kind"),
    [
        ({}, False, "unknown"),
        ({"ENCUT": 500}, False, "static"),
        ({"NSW": 100, "IBRION": 2}, False, "relax"),
        ({"NSW": 100}, False, "molecular dynamics"),
        ({"NSW": 1, "IBRION": 6}, False, "vibrations"),
        ({"ICHARG": 11, "LORBIT": 11}, False, "dos"),
        ({"LORBIT": 11, "NEDOS": 2001}, False, "dos"),
        ({"LORBIT": 11}, False, "static"),
        ({"ICHARG": 11}, True, "bands"),
        ({"LPARD": True, "NSW": 0}, False, "partial charge"),
    ],
)
def test_tags_tell_the_kind(tags: dict[str, object], line_mode: bool, kind: str) -> None:
    assert calculation_kind(tags, line_mode=line_mode)[0] == kind


def test_an_incar_is_read_as_vasp_reads_it(tmp_path: Path) -> None:
    (tmp_path / "INCAR").write_text(
        "SYSTEM = a = b  ! words\r\n ismear=-5; SIGMA = 0.1D-01 # fine\nNSW = 3\nNSW = 7\n"
        "MAGMOM = 4*0 \\\n 2*1.5\nLVHAR = .TRUE.\nLWAVE = F\n"
    )
    assert read_tags(tmp_path / "INCAR") == {
        "SYSTEM": "a = b", "ISMEAR": -5, "SIGMA": 0.01, "NSW": 3, "MAGMOM": "4*0   2*1.5",
        "LVHAR": True, "LWAVE": False,
    }  # fmt: skip


def test_the_incar_equals_pymatgen(tmp_path: Path) -> None:
    from pymatgen.io.vasp.inputs import Incar

    text = "ENCUT = 500\nISMEAR = 0\nSIGMA = 0.05\nNSW = 60\nIBRION = 2\nLVHAR = .TRUE.\n"
    (tmp_path / "INCAR").write_text(text)
    theirs = Incar.from_file(tmp_path / "INCAR")
    assert read_tags(tmp_path / "INCAR") == {name: theirs[name] for name in theirs}


def test_the_head_of_a_vasprun_is_enough(tmp_path: Path) -> None:
    atoms = rock_salt_pair()
    text = vasprun_text(atoms, tags={"NSW": 5, "IBRION": 2})
    cut = text[: text.index("<calculation>")].encode()
    (tmp_path / "vasprun.xml.gz").write_bytes(gzip.compress(cut + b" " * 300_000))
    found = sketch(tmp_path)
    assert (found.kind, found.problems) == ("relax", ())
    assert found.reason == "IBRION = 2, NSW = 5 (vasprun.xml)"
    assert found.atoms is not None
    assert np.allclose(found.atoms.positions, atoms.positions, atol=1e-6)


def test_a_damaged_head_is_a_problem_and_no_crash(tmp_path: Path) -> None:
    (tmp_path / "CHGCAR").write_text("x\n1.0\n1 0 0\n")
    (tmp_path / "vasprun.xml").write_text("<modeling><inc")
    (tmp_path / "POSCAR").write_text(poscar_head(rock_salt_pair()))
    (tmp_path / "INCAR").mkdir()
    found = sketch(tmp_path)
    assert found.kind == "unknown"
    assert found.atoms is not None
    assert len(found.problems) == 2
    assert any("CHGCAR, line" in problem for problem in found.problems)


def test_an_interface_and_its_parts_are_found_among_others(tmp_path: Path) -> None:
    atoms = rock_salt_pair()
    low, high = atoms[[0, 2]], atoms[[1, 3]]
    grid = np.ones((2, 2, 4))
    for name, part in (("ab", atoms), ("top", high), ("bottom", low), ("other", atoms[[0, 3]])):
        (tmp_path / name).mkdir()
        (tmp_path / name / "CHGCAR").write_text(grid_text(part, [grid]))
    found = [sketch_calculation(each) for each in find_calculations(tmp_path)]
    (parts,) = interface_parts([each for each in found if not each.name.endswith("other")])
    names = [Path(each.name).name for each in (parts.whole, parts.film, parts.substrate)]
    assert names == ["ab", "top", "bottom"]
    assert parts.regions == ("substrate", "film", "substrate", "film")
    assert parts.problems == ()
    assert "8.4 Å" not in parts.note
    assert "9.6 Å" in parts.note


def test_parts_that_cannot_be_subtracted_say_why(tmp_path: Path) -> None:
    atoms = rock_salt_pair()
    low, high = atoms[[0, 2]], atoms[[1, 3]]
    high.positions[0, 0] += 0.3
    for name, part, shape in (("ab", atoms, 4), ("top", high, 4), ("bottom", low, 6)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "CHGCAR").write_text(grid_text(part, [np.ones((2, 2, shape))]))
    (parts,) = interface_parts([sketch_calculation(e) for e in find_calculations(tmp_path)])
    assert len(parts.problems) == 2
    assert "lies 0.300 Å from its place" in parts.problems[0]
    assert "2 × 2 × 6 points" in parts.problems[1]


def test_other_cells_and_other_atoms_are_no_parts(tmp_path: Path) -> None:
    atoms = rock_salt_pair()
    low, high = atoms[[0, 2]], atoms[[1, 3]]
    high.set_cell([4.3, 4.2, 12.0])
    for name, part in (("ab", atoms), ("top", high), ("bottom", low)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "CHGCAR").write_text(grid_text(part, [np.ones((2, 2, 4))]))
    assert interface_parts([sketch_calculation(e) for e in find_calculations(tmp_path)]) == ()
