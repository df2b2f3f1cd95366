"""One corpus of damages for every reader: each is refused by name, or read for what it was."""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ase import Atoms
from band_factories import band_data, doscar_text, eigenval_text, procar_text
from charge_factories import acf_text
from vasp_factories import grid_text, poscar_head, rock_salt_pair, vasprun_text

from qdstruct.errors import QdstructError
from qdstruct.jobs.trajectory import configuration
from qdstruct.outputs import (
    read_acf,
    read_averaged_grid,
    read_calculation,
    read_doscar,
    read_eigenval,
    read_grid,
    read_outcar,
    read_procar,
    read_projected_dos,
    read_total_dos,
)
from qdstruct.outputs.tables import read_number_table

PLACES = 12
ATOMS = rock_salt_pair()
ENERGIES = np.linspace(-5.0, 5.0, 11)


@dataclass(frozen=True)
class Case:
    """A reader, a whole file, and what of the result is compared."""

    file: str
    text: str
    read: Callable[[Path], Any]
    parts: Callable[[Any], list[Any]]
    packs: bool = True
    """Whether it is read compressed."""


def _grid() -> str:
    values = np.random.default_rng(0).lognormal(0, 2, size=(1, 3, 4, 5))
    return grid_text(ATOMS, values)


def _vasprun() -> str:
    values = np.random.default_rng(1).uniform(0, 3, size=(4, 1, 11, 4))
    return vasprun_text(ATOMS, energies=ENERGIES, projected=np.round(values, 4))


def _doscar() -> str:
    generator = np.random.default_rng(2)
    return doscar_text(ATOMS, ENERGIES, np.round(generator.uniform(0, 9, (1, 11)), 3),
                       np.round(generator.uniform(0, 2, (4, 1, 11, 9)), 3))  # fmt: skip


def _bands() -> tuple[np.ndarray, ...]:
    energies, occupations, values = band_data()
    return np.round(energies, 6), occupations, values


def _outcar() -> str:
    return (
        " vasp.6.4.2 20Jul23 (build test) complex\n"
        "   number of dos      NEDOS =    301   number of ions     NIONS =      4\n"
        "  average (electrostatic) potential at core\n"
        "  the test charge radii are     0.9758  0.9406\n"
        "  (the norm of the test charge is              1.0000)\n"
        "       1 -44.1234       2 -44.2000       3 -71.5000       4 -71.2500\n \n \n"
        " E-fermi :   2.1234     XC(G=0):  -7.0000     alpha+bet : -5.0000\n"
        " POSITION                                       TOTAL-FORCE (eV/Angst)\n "
        + "-" * 83 + "\n"
        + "".join(f"{x:13.5f}{0:13.5f}{0:13.5f}   {x:14.6f}{0.25:14.6f}{-x:14.6f}\n"
                  for x in (0.0, 1.5, 3.0, 4.5))
        + " " + "-" * 83 + "\n    total drift:      0.0 0.0 0.0\n"
        "  energy  without entropy=   -12.345678  energy(sigma->0) =      -12.340000\n"
        " General timing and accounting informations for this job:\n"
        "                   Maximum memory used (kb):      123456.\n"
        "                         Elapsed time (sec):       12.345\n"
    )  # fmt: skip


def _xdatcar() -> str:
    head = "a test\n 1.0\n 6.0 0.0 0.0\n 0.0 6.0 0.0\n 0.0 0.0 6.0\n Pb S\n 2 2\n"
    frames = np.random.default_rng(5).uniform(0, 1, (3, 4, 3))
    return head + "".join(
        f"Direct configuration={n:6d}\n"
        + "".join("".join(f"{x:12.8f}" for x in row) + "\n" for row in frame)
        for n, frame in enumerate(frames, 1)
    )


def _dos_parts(found: Any) -> list[Any]:
    return [found.projected, found.total, found.fermi_level, found.atoms.numbers]


def _grid_parts(found: Any) -> list[Any]:
    return [found.values, found.atoms.numbers, found.atoms.positions]


def _band_parts(found: Any) -> list[Any]:
    return [found.energies, found.kpoints, found.weights]


CASES = {
    **{
        name: Case(name, _grid(), read_grid, _grid_parts)
        for name in ("CHGCAR", "LOCPOT", "PARCHG", "AECCAR0", "ELFCAR")
    },
    "CHGCAR averaged": Case(
        "CHGCAR", _grid(), read_averaged_grid, lambda a: [a.profile, a.atoms.numbers]
    ),
    "vasprun.xml": Case("vasprun.xml", _vasprun(), read_projected_dos, _dos_parts),
    "vasprun.xml total": Case("vasprun.xml", _vasprun(), read_total_dos, lambda a: [a]),
    "vasprun.xml facts": Case(
        "vasprun.xml", _vasprun(), read_calculation,
        lambda a: [a.energy, a.fermi_level, a.atoms.positions, a.atoms.numbers],
    ),
    "DOSCAR": Case("DOSCAR", _doscar(), read_doscar, _dos_parts),
    "EIGENVAL": Case(
        "EIGENVAL", eigenval_text(_bands()[0], _bands()[1], n_electrons=4), read_eigenval,
        _band_parts,
    ),
    "PROCAR": Case(
        "PROCAR", procar_text(*band_data()), read_procar,
        lambda a: [a.projections, a.bands.energies],
    ),
    "OUTCAR": Case(
        "OUTCAR", _outcar(), read_outcar,
        lambda a: [a.core_potentials, a.fermi_level, a.forces, a.energy],
    ),
    "ACF.dat": Case(
        "ACF.dat", acf_text(ATOMS, [10.0, 6.5, 7.5, 4.0]), read_acf,
        lambda a: [a.electrons, a.positions, a.volumes],
    ),
    "EIGTXT": Case(
        "EIGTXT", "".join(f"{x:26.16E}{x + 2:26.16E}\n" for x in np.linspace(0, 1, 12)),
        lambda path: read_number_table(path, "energies"), lambda a: [a],
    ),
    "XDATCAR": Case(
        "XDATCAR", _xdatcar(), lambda path: configuration(path.parent, 3, 4), lambda a: [a],
        packs=False,
    ),
}  # fmt: skip
LENGTH_UNKNOWN = {"EIGTXT"}
"""Nothing in these files says how many rows there are: whole rows may be missing."""
CUT_IS_KILLED = {"OUTCAR"}
"""A killed run leaves such a file, and what was finished is still true."""


@pytest.fixture(params=sorted(CASES))
def case(request: pytest.FixtureRequest, tmp_path: Path) -> Case:
    chosen = CASES[request.param]
    if chosen.file == "DOSCAR":
        (tmp_path / "POSCAR").write_text(poscar_head(ATOMS))
    return chosen


def outcome(case: Case, path: Path) -> list[Any] | str:
    """What is read, or the words of the refusal; anything but our own errors is a crash."""
    try:
        return case.parts(case.read(path))
    except QdstructError as error:
        refusal = error.message
    assert case.file in refusal, refusal
    return refusal


def alike(one: list[Any] | str, other: list[Any] | str) -> bool:
    return not isinstance(one, str) and all(
        (a is None and b is None) or np.array_equal(np.asarray(a), np.asarray(b))
        for a, b in zip(one, other, strict=True)
    )


def test_what_is_no_such_file(case: Case, tmp_path: Path) -> None:
    path = tmp_path / case.file
    assert isinstance(outcome(case, path), str)
    path.write_bytes(b"")
    assert isinstance(outcome(case, path), str)
    path.write_text("\n\n")
    assert isinstance(outcome(case, path), str)
    path.write_bytes(bytes(range(256)) * 8)
    assert isinstance(outcome(case, path), str)
    path.unlink()
    path.mkdir()
    assert isinstance(outcome(case, path), str)


def test_line_ends_and_packing_change_nothing(case: Case, tmp_path: Path) -> None:
    path = tmp_path / case.file
    path.write_text(case.text)
    whole = outcome(case, path)
    assert alike(whole, whole), whole
    path.write_bytes(case.text.replace("\n", "\r\n").encode())
    assert alike(outcome(case, path), whole)
    if not case.packs:
        return
    packed = gzip.compress(case.text.encode())
    path.write_bytes(packed)
    assert alike(outcome(case, path), whole)
    for cut in np.linspace(1, len(packed) - 1, 9).astype(int):
        path.write_bytes(packed[:cut])
        assert isinstance(outcome(case, path), str)


def test_cut_at_every_kind_of_place(case: Case, tmp_path: Path, request) -> None:
    path = tmp_path / case.file
    path.write_text(case.text)
    whole = outcome(case, path)
    ends = [m.end() for m in re.finditer(r"\n", case.text)]
    words = [m.start() + 1 for m in re.finditer(r"\S\S+", case.text)]
    starts = [m.start() for m in re.finditer(r"\S+", case.text)]
    last = len(case.text.rstrip())
    for kind in (ends, words, starts):
        chosen = [kind[i] for i in np.linspace(0, len(kind) - 1, PLACES).astype(int)]
        for cut in chosen:
            path.write_text(case.text[:cut])
            found = outcome(case, path)
            if isinstance(found, str) or cut >= last:
                continue
            if case.file in CUT_IS_KILLED:
                assert _equal_or_absent(found, whole), f"cut at {cut}"
                continue
            if case.file in LENGTH_UNKNOWN:
                assert case.text[:cut].rstrip(" ").endswith("\n")
                assert np.array_equal(found[0], whole[0][: len(found[0])])
                continue
            assert alike(found, whole), f"cut at {cut} of {len(case.text)} bytes"


@pytest.mark.parametrize("word", ["stars", "NaN", "not a number"])
def test_what_fortran_could_not_print(case: Case, tmp_path: Path, word: str) -> None:
    path = tmp_path / case.file
    path.write_text(case.text)
    whole = outcome(case, path)
    numbers = [m.span() for m in re.finditer(r"(?<![\w.+-])-?\d+\.\d+(E[+-]\d+)?", case.text)]
    for i in np.linspace(0, len(numbers) - 1, PLACES).astype(int):
        first, last = numbers[i]
        new = {"stars": "*" * (last - first), "NaN": "NaN".rjust(last - first), "not a number":
               "0,5".rjust(last - first)}[word]  # fmt: skip
        path.write_text(case.text[:first] + new + case.text[last:])
        found = outcome(case, path)
        assert isinstance(found, str) or _equal_or_absent(found, whole), new


def _equal_or_absent(found: list[Any], whole: list[Any] | str) -> bool:
    """A fact that could not be printed may be missing (None), never wrong."""
    return all(
        a is None or np.array_equal(np.asarray(a), np.asarray(b))
        for a, b in zip(found, whole, strict=True)
    )


def test_an_exponent_without_its_letter_is_that_number(case: Case, tmp_path: Path) -> None:
    """``0.1-100`` is 0.1E-100: read so or refused, never 0.1."""
    path = tmp_path / case.file
    numbers = [m.span() for m in re.finditer(r"(?<![\w.+-])-?\d+\.\d+(E[+-]\d+)?", case.text)]
    for i in np.linspace(0, len(numbers) - 1, PLACES).astype(int):
        first, last = numbers[i]
        path.write_text(case.text[:first] + "0.1E-100".rjust(last - first) + case.text[last:])
        meant = outcome(case, path)
        path.write_text(case.text[:first] + "0.1-100".rjust(last - first) + case.text[last:])
        found = outcome(case, path)
        assert isinstance(found, str) or alike(found, meant) or _equal_or_absent(found, meant)


COUNTED = ("CHGCAR", "LOCPOT", "CHGCAR averaged", "XDATCAR")


@pytest.mark.parametrize("name", COUNTED)
@pytest.mark.parametrize("line", ["2 3", "1 2", "2", "2 2 2", "2 x", "-2 2", "2 0"])
def test_a_wrong_count_of_atoms_is_refused(name: str, line: str, tmp_path: Path) -> None:
    case = CASES[name]
    lines = case.text.splitlines()
    at = next(i for i, words in enumerate(lines) if words.split() == ["2", "2"])
    lines[at] = f"   {line}"
    path = tmp_path / case.file
    path.write_text("\n".join(lines) + "\n")
    assert isinstance(outcome(case, path), str)


@pytest.mark.parametrize("where", ["symbols", "counts"])
def test_elements_of_a_vasprun_that_do_not_fit_are_refused(where: str, tmp_path: Path) -> None:
    text = _vasprun()
    if where == "counts":
        new = re.sub(r"<atoms>\s*4\s*</atoms>", "<atoms>5</atoms>", text)
    else:
        new = text.replace("<rc><c>S ", "<rc><c>Qx", 1)
    assert new != text
    path = tmp_path / "vasprun.xml"
    path.write_text(new)
    for read in (read_calculation, read_projected_dos):
        with pytest.raises(QdstructError, match=r"vasprun\.xml"):
            read(path)


def test_parts_whose_species_are_swapped_are_refused(tmp_path: Path) -> None:
    """S where the interface has Pb: the difference would compare other atoms."""
    from qdstruct.analysis import charge_difference, interface_height

    whole = Atoms("Pb2S2", positions=[[0, 0, 2], [2, 2, 2], [0, 0, 8], [2, 2, 8]],
                  cell=[4, 4, 16], pbc=True)  # fmt: skip
    regions = ["substrate", "substrate", "film", "film"]
    grids = {}
    for name, members in (("whole", [0, 1, 2, 3]), ("substrate", [0, 1]), ("film", [2, 3])):
        path = tmp_path / f"CHGCAR_{name}"
        path.write_text(grid_text(whole[members], np.ones((1, 3, 3, 8)) * len(members)))
        grids[name] = read_averaged_grid(path)
    height = interface_height(whole, regions)
    charge_difference(grids["whole"], grids["film"], grids["substrate"], interface_height=height)
    with pytest.raises(QdstructError):
        charge_difference(grids["whole"], grids["film"], grids["film"], interface_height=height)
    swapped = whole[[2, 3]]
    swapped.symbols[:] = "Pb"
    path = tmp_path / "CHGCAR_swapped"
    path.write_text(grid_text(swapped, np.ones((1, 3, 3, 8)) * 2))
    with pytest.raises(QdstructError, match="swapped does not hold a part of the structure"):
        charge_difference(
            grids["whole"], read_averaged_grid(path), grids["substrate"], interface_height=height
        )


@pytest.mark.parametrize("times", [0, 2])
def test_a_line_of_the_total_density_of_states_is_missed(times: int, tmp_path: Path) -> None:
    lines = _vasprun().splitlines(keepends=True)
    at = next(i for i, line in enumerate(lines) if "<total>" in line) + 10
    path = tmp_path / "vasprun.xml"
    path.write_text("".join(lines[:at] + [lines[at]] * times + lines[at + 1 :]))
    with pytest.raises(QdstructError, match=r"not evenly spaced|NEDOS"):
        read_total_dos(path)
