"""vasprun.xml: facts and projected DOS, against what was written and against pymatgen."""

from __future__ import annotations

import gzip
import json
import lzma
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from vasp_factories import ORBITALS, rock_salt_pair, vasprun_text

from qdstruct.errors import InputError, OutputError
from qdstruct.outputs import read_calculation, read_projected_dos


def projections(spins: int = 1, seed: int = 0) -> np.ndarray:
    values = np.random.default_rng(seed).uniform(0, 9, size=(4, spins, 101, 4))
    return np.round(values, 4)


def peer(path: Path) -> Any:
    from pymatgen.io.vasp.outputs import Vasprun

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return Vasprun(str(path), parse_potcar_file=False)


def test_facts_agree_with_pymatgen(tmp_path: Path) -> None:
    path = tmp_path / "vasprun.xml"
    forces = np.arange(12).reshape(4, 3) / 1000
    path.write_text(vasprun_text(rock_salt_pair(), forces=forces, n_ionic=3))
    ours, theirs = read_calculation(tmp_path), peer(path)
    assert ours.energy == pytest.approx(float(theirs.final_energy), abs=1e-9)
    assert ours.energy == pytest.approx(-12.5)
    assert ours.fermi_level == theirs.efermi
    assert ours.n_ionic_steps == theirs.nionic_steps == 3
    assert ours.converged == theirs.converged
    assert np.allclose(ours.atoms.cell, theirs.final_structure.lattice.matrix)
    assert np.allclose(ours.atoms.get_scaled_positions(), theirs.final_structure.frac_coords)
    assert ours.max_force == pytest.approx(np.linalg.norm([0.009, 0.010, 0.011]))
    assert ours.n_electrons == 20.0
    assert ours.engine == "vasp 6.4.2 (build test) complex parallel"
    assert not ours.is_mock


@pytest.mark.parametrize("spins", [1, 2])
def test_projections_equal_pymatgen_to_the_last_digit(tmp_path: Path, spins: int) -> None:
    path = tmp_path / "vasprun.xml"
    path.write_text(vasprun_text(rock_salt_pair(), projected=projections(spins)))
    ours, theirs = read_projected_dos(tmp_path), peer(path)
    assert ours.projected.dims == ("atom", "spin", "energy", "orbital")
    assert ours.projected.dtype == np.float32
    assert ours.projected.orbital.values.tolist() == list(ORBITALS)
    assert ours.projected.spin.values.tolist() == (["total"] if spins == 1 else ["up", "down"])
    for atom, table in enumerate(theirs.pdos):
        for (orbital, by_spin), name in zip(table.items(), ORBITALS, strict=True):
            assert str(orbital) == name
            for number, values in enumerate(by_spin.values()):
                mine = ours.projected[atom, number].sel(orbital=name)
                assert np.array_equal(mine, values.astype(np.float32))
    assert np.array_equal(ours.projected.energy, theirs.tdos.energies)
    assert ours.fermi_level == theirs.efermi
    assert ours.total.attrs["smearing_width"] == 0.05


def test_spin_orbit_tables_keep_their_four_components(tmp_path: Path) -> None:
    values = projections(4)
    (tmp_path / "vasprun.xml").write_text(vasprun_text(rock_salt_pair(), projected=values))
    ours = read_projected_dos(tmp_path)
    assert ours.projected.spin.values.tolist() == ["total", "x", "y", "z"]
    assert ours.total.spin.values.tolist() == ["total"]
    assert np.array_equal(ours.projected.values, values.astype(np.float32))


@pytest.mark.parametrize(("suffix", "pack"), [(".gz", gzip.compress), (".xz", lzma.compress)])
def test_compressed_files_are_found(tmp_path: Path, suffix: str, pack: Any) -> None:
    text = vasprun_text(rock_salt_pair(), projected=projections())
    (tmp_path / f"vasprun.xml{suffix}").write_bytes(pack(text.encode()))
    assert np.array_equal(read_projected_dos(tmp_path).projected, projections().astype("f4"))
    assert read_calculation(tmp_path).energy == pytest.approx(-12.5)


def test_regions_come_from_the_job_or_the_caller(tmp_path: Path) -> None:
    (tmp_path / "vasprun.xml").write_text(vasprun_text(rock_salt_pair(), projected=projections()))
    assert "region" not in read_calculation(tmp_path).atoms.arrays
    regions = ["film", "substrate", "film", "substrate"]
    (tmp_path / "job.json").write_text(json.dumps({"regions": regions}))
    assert read_calculation(tmp_path).atoms.arrays["region"].tolist() == regions
    assert read_projected_dos(tmp_path).atoms.arrays["region"].tolist() == regions
    other = ["film"] * 4
    assert read_projected_dos(tmp_path, other).atoms.arrays["region"].tolist() == other
    with pytest.raises(InputError, match="3 regions given for the 4 atoms"):
        read_projected_dos(tmp_path, ["film"] * 3)


def test_the_mock_is_recognised_from_either_file(tmp_path: Path) -> None:
    (tmp_path / "vasprun.xml").write_text(vasprun_text(rock_salt_pair(), program="mock-vasp"))
    assert read_calculation(tmp_path).is_mock
    (tmp_path / "vasprun.xml").write_text(vasprun_text(rock_salt_pair()))
    assert not read_calculation(tmp_path).is_mock
    (tmp_path / "OUTCAR").write_text(" vasp.6.4.2 MOCK of qdstruct\n")
    assert read_calculation(tmp_path).is_mock


def test_convergence_is_judged_by_steps_and_forces(tmp_path: Path) -> None:
    path = tmp_path / "vasprun.xml"
    atoms = rock_salt_pair()
    relax = {"NSW": 5, "IBRION": 2, "EDIFFG": -0.03}
    pull = np.zeros((4, 3))
    pull[1, 2] = 0.05
    path.write_text(vasprun_text(atoms, tags=relax, n_ionic=3, forces=pull))
    assert not read_calculation(tmp_path).converged
    fixed = np.ones((4, 3), dtype=bool)
    fixed[1] = False
    path.write_text(vasprun_text(atoms, tags=relax, n_ionic=3, forces=pull, selective=fixed))
    held = read_calculation(tmp_path)
    assert held.converged
    assert held.max_force == 0.0
    path.write_text(vasprun_text(atoms, tags=relax, n_ionic=5, forces=pull / 10))
    assert read_calculation(tmp_path).converged
    path.write_text(vasprun_text(atoms, tags={"NELM": 3, "EDIFF": 1e-8}))
    assert not read_calculation(tmp_path).converged


def test_cut_anywhere_a_file_is_refused(tmp_path: Path) -> None:
    text = vasprun_text(rock_salt_pair(), projected=projections(2)).encode()
    path = tmp_path / "vasprun.xml"
    for length in [*range(0, len(text) - 12, 997), len(text) - 12]:
        path.write_bytes(text[:length])
        with pytest.raises(OutputError, match=r"vasprun\.xml"):
            read_projected_dos(tmp_path)
        with pytest.raises(OutputError, match=r"vasprun\.xml"):
            read_calculation(tmp_path)


def damaged() -> dict[str, tuple[str, str]]:
    text = vasprun_text(rock_salt_pair(), projected=projections())
    partial = text.index("<partial>")
    row = text.index("<r>", partial)
    cell = text[row + 15 : row + 25]
    swapped = text.replace('"ion 2"', '"ion 9"', 1)
    zeros = "       0.00000000" * 3 + " </v>\n   </varray>"
    rows = text[row : text.index("</r>", row) + 4]
    return {
        "no xml": ("Hello\nworld\n", "not well-formed"),
        "other xml": ("<html><p>hello</p></html>", "no vasprun"),
        "html error page": ("<html><p>hello</html>", "line 1"),
        "stars in the table": (
            text[: row + 15] + " " + "*" * 9 + text[row + 25 :],
            r"'\*+' is not a number, in row 1 .*ion 1"
        ),
        "nan in the table": (text[: row + 15] + "       NaN" + text[row + 25 :], "NaN.*row 1"),
        "a column short": (text[: row + 15] + " " * len(cell) + text[row + 25 :], "504 numbers"),
        "a row short": (text[:row] + text[row + len(rows) :], "500 numbers"),
        "atom out of range": (swapped, "ion 9"),
        "an ion missing": (text.replace('"ion 3"', '"ion 2"', 1), "3 of 4 tables"),
        "no columns named": (text[:partial] + text[partial:].replace("field", "feld"), "columns"),
        "stars in the forces": (
            text.replace(zeros, " **** **** **** </v>\n   </varray>", 1),
            "<calculation> of ionic step 1"
        ),
        "wrong element count": (
            text.replace("<atoms>       4 ", "<atoms>       5 ", 1), "announces 5"
        ),
        "energies differ": (text[:row] + text[row:].replace("-5.0000", "-4.0000", 1), "energies"),
    }  # fmt: skip


@pytest.mark.parametrize("name", sorted(damaged()))
def test_a_damaged_file_is_named_with_its_place(tmp_path: Path, name: str) -> None:
    content, message = damaged()[name]
    (tmp_path / "vasprun.xml").write_text(content)
    with pytest.raises(OutputError, match=message):
        read_projected_dos(tmp_path)


def test_what_is_missing_is_said(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"there is no vasprun\.xml here"):
        read_calculation(tmp_path)
    with pytest.raises(OutputError, match="this directory does not exist"):
        read_calculation(tmp_path / "nowhere")
    (tmp_path / "vasprun.xml").write_text(vasprun_text(rock_salt_pair()))
    with pytest.raises(OutputError, match="no projected DOS") as caught:
        read_projected_dos(tmp_path)
    assert "LORBIT" in (caught.value.hint or "")
    (tmp_path / "vasprun.xml").write_text(vasprun_text(rock_salt_pair(), n_ionic=0))
    with pytest.raises(OutputError, match="no ionic step"):
        read_calculation(tmp_path)


def test_symbols_that_vasp_misprints_are_understood(tmp_path: Path) -> None:
    text = vasprun_text(rock_salt_pair()).replace("<c>Pb</c>", "<c>r </c>")
    (tmp_path / "vasprun.xml").write_text(text)
    assert read_calculation(tmp_path).atoms.get_chemical_formula() == "S2Zr2"
    (tmp_path / "vasprun.xml").write_text(text.replace("<c>r </c>", "<c>Qq</c>"))
    with pytest.raises(OutputError, match="'Qq' is not a chemical element"):
        read_calculation(tmp_path)
