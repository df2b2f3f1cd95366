"""Somebody's old directories with chosen answers: found by the command, shown by the page."""

from __future__ import annotations

import csv
import json
import re
import subprocess
import sys
from pathlib import Path

import analytic_interface as known
import numpy as np
import pytest
from scipy.stats import norm
from vasp_factories import vasprun_text

from qdstruct.errors import DestinationError, InputError
from qdstruct.model import DirectoryResults
from qdstruct.pipeline.directory import Choices, Settings, analyse_directory, write_directory


def everything(root: Path) -> dict[str, tuple[int, bytes]]:
    return {
        path.relative_to(root).as_posix(): (path.stat().st_mtime_ns, path.read_bytes())
        for path in root.rglob("*")
        if path.is_file()
    }


@pytest.fixture(scope="module")
def analysed(tmp_path_factory) -> tuple[Path, dict, dict]:
    root = known.write_directories(tmp_path_factory.mktemp("old") / "phd 2014")
    before = everything(root)
    done = subprocess.run(
        [sys.executable, "-m", "qdstruct", "analyze", str(root), "--json",
         "--figures", "png"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return root, before, json.loads(done.stdout)


def test_their_files_are_untouched_and_the_results_lie_beside(analysed) -> None:
    root, before, document = analysed
    assert everything(root) == before
    folder = root.parent / "phd 2014-analysis"
    assert Path(document["folder"]) == folder
    saved = DirectoryResults.from_dict(json.loads((folder / "results.json").read_text()))
    assert saved.engine.startswith("vasp")
    assert not saved.is_mock


def test_every_structure_is_taken_for_what_it_is(analysed) -> None:
    _, _, document = analysed
    roles = {system["directories"][0]: system["role"] for system in document["systems"]}
    assert roles == {
        "run7/final": "interface",
        "only film": "difference/film, slab-film",
        "only substrate": "difference/substrate, slab-substrate",
        "bulk/Cd_Te": "bulk-film",
        "bulk/Pb_S": "bulk-substrate",
    }
    whole = next(s for s in document["systems"] if s["role"] == "interface")
    assert whole["directories"] == ["run7/final", "run7/parchg"]


def test_all_four_alignments_give_the_chosen_offsets(analysed) -> None:
    _, _, document = analysed
    found = {each["method"]: each for each in document["alignments"]}
    assert set(found) == {"local DOS", "vacuum level", "average potential", "core levels"}
    step = known.INTERFACE_CORES["film"] - known.INTERFACE_CORES["substrate"]
    slab, bulk = known.SLAB_EDGES, known.BULK_EDGES
    expected = {
        "local DOS": (known.VALENCE_OFFSET, known.CONDUCTION_OFFSET),
        "vacuum level": tuple(
            (slab["film"][i] - known.SLAB_VACUUM["film"][0])
            - (slab["substrate"][i] - known.SLAB_VACUUM["substrate"][1])
            for i in (0, 1)
        ),
        "average potential": tuple(
            (bulk["film"][i] - known.BULK_POTENTIAL["film"])
            - (bulk["substrate"][i] - known.BULK_POTENTIAL["substrate"])
            + known.STEP
            for i in (0, 1)
        ),
        "core levels": tuple(
            (bulk["film"][i] - known.BULK_CORES["film"])
            - (bulk["substrate"][i] - known.BULK_CORES["substrate"])
            + step
            for i in (0, 1)
        ),
    }
    for method, offsets in expected.items():
        got = (found[method]["valence_offset"], found[method]["conduction_offset"])
        assert got == pytest.approx(offsets, abs=0.025), method
        assert found[method]["uncertainty"] < 0.07, method
    assert found["local DOS"]["kind"] == "type II"


def test_both_vacuum_levels_the_step_and_the_plateaus(analysed) -> None:
    _, _, document = analysed
    potential = {each["subject"]: each for each in document["potentials"]}["interface"]
    levels = {v["side"]: v["level"] for v in potential["vacuum_levels"]}
    assert levels["below"] == pytest.approx(known.VACUUM_BELOW, abs=1e-6)
    assert levels["above"] == pytest.approx(known.VACUUM_ABOVE, abs=1e-6)
    assert potential["work_functions"]["above"] == pytest.approx(
        known.VACUUM_ABOVE - known.FERMI, abs=1e-6
    )
    assert potential["dipole_step"] == pytest.approx(0.7, abs=1e-6)
    assert sorted(potential["periods"]) == pytest.approx([2.5, 3.0], abs=1e-4)
    plateaus = {name: pair[0] for name, pair in potential["plateaus"].items()}
    assert plateaus["film"] - plateaus["substrate"] == pytest.approx(known.STEP, abs=0.03)


def test_charge_energies_and_states(analysed) -> None:
    _, _, document = analysed
    assert document["charge_transferred"] == pytest.approx(known.TRANSFERRED, abs=1e-5)
    assert document["charge_integral"] == pytest.approx(0, abs=1e-8)
    assert document["interface_height"] == pytest.approx(known.PLANE, abs=1e-5)
    energy = {each["name"]: each for each in document["energies"]}
    e = known.ENERGIES
    adhesion = (e["film"] + e["substrate"] - e["interface"]) / known.AREA
    assert energy["adhesion"]["value"] == pytest.approx(adhesion, abs=1e-6)
    surfaces = (e["film"] + e["substrate"] - 4 * (e["bulk film"] + e["bulk substrate"])) / 2
    formation = e["interface"] - 4 * (e["bulk film"] + e["bulk substrate"]) - surfaces
    assert energy["interface formation"]["value"] == pytest.approx(formation / 14, abs=1e-6)
    for each in energy.values():
        assert sum(each["terms"].values()) == pytest.approx(each["value"] * each["area"])
    states = {each["name"]: each["fractions"] for each in document["states"]}
    assert states["PARCHG.0010.0001"]["substrate"] == pytest.approx(norm.cdf(2.25), abs=1e-3)
    assert states["PARCHG.0011.0001"]["film"] == pytest.approx(norm.cdf(1.75), abs=1e-3)
    assert document["overlaps"][0]["value"] == pytest.approx(np.exp(-2.0), abs=1e-3)


def test_sums_hold_and_the_remainder_is_stated(analysed) -> None:
    _, _, document = analysed
    checks = {check["name"]: check for check in document["checks"]}
    assert checks["∫Δρ over the cell"]["holds"]
    assert checks["∫ρ of the interface against NELECT"]["found"] == pytest.approx(32, abs=1e-4)
    projections = checks["states of all projections against the total density of states"]
    assert projections["remark"] == "10.0 % lie between the spheres"
    electrons = checks["occupied states of the total density of states against NELECT"]
    assert not electrons["holds"]
    assert electrons["found"] == pytest.approx(16 * 0.2 / 0.9 * (5.0 + 4.4) / 2, abs=0.2)


def test_the_page_and_the_csv_show_these_numbers(analysed) -> None:
    root, _, document = analysed
    folder = root.parent / "phd 2014-analysis"
    page = (folder / "report.html").read_text(encoding="utf-8")
    for words in (
        "type II", "−0.600", "Electrons gained by the film", "+0.2500 per cell",
        "4.000 ± 0.000 eV", "4.700 ± 0.000 eV",
        "4.500 eV", "0.700 eV", f"+{16.02176634 * 5 / 14:.4f}", "10.0 % lie between the spheres",
        "substrate 98.8 %", "run7/final/LOCPOT", "FAILS",
    ):  # fmt: skip
        assert words in page, words
    ids = re.findall(r'\sid="([^"]+)"', page)
    assert len(ids) == len(set(ids))
    assert set(re.findall(r'<a href="#([^"]+)"', page)) <= set(ids)
    with (folder / "figures" / "alignment.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    offsets = {row["method"]: float(row["valence offset (eV)"]) for row in rows}
    for each in document["alignments"]:
        assert offsets[each["method"]] == pytest.approx(each["valence_offset"], rel=1e-6)
    assert (folder / "figures" / "charge-difference.vasp").stat().st_size > 10_000
    for name in ("alignment", "potential", "charge", "charge_sections", "charge_surfaces",
                 "dos_layers", "dos_map", "dos_region_element"):  # fmt: skip
        assert (folder / "figures" / f"{name}.png").stat().st_size > 2000


def test_a_second_time_needs_force(analysed) -> None:
    root, _, _ = analysed
    with pytest.raises(DestinationError, match="exists already"):
        write_directory(root)


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    root = known.write_directories(tmp_path / "runs")
    for name in ("only film/CHGCAR", "only substrate/LOCPOT", "bulk/Cd_Te/vasprun.xml",
                 "bulk/Cd_Te/OUTCAR", "bulk/Cd_Te/LOCPOT"):  # fmt: skip
        (root / name).unlink()
    found = analyse_directory(root)
    notes = "\n".join(found.notes)
    assert "the film alone in the interface's cell with CHGCAR" in notes
    assert "a free slab of the substrate with LOCPOT" in notes
    assert "the film's bulk crystal" in notes
    assert {a.method for a in found.calculated.alignments} == {"local DOS"}
    assert found.calculated.charge_difference is None
    assert {e.name for e in found.calculated.energies} == {"adhesion"}


def test_elements_or_a_plane_tell_the_sides_where_no_parts_do(tmp_path: Path) -> None:
    root = known.write_directories(tmp_path / "runs")
    for name in ("only film", "only substrate", "bulk/Cd_Te", "bulk/Pb_S"):
        for path in (root / name).iterdir():
            path.unlink()
    assert "No interface was recognised" in "\n".join(analyse_directory(root).notes)
    for choices in (Choices(film=("Cd", "Te")), Choices(substrate=("Pb", "S")),
                    Choices(plane=13.0)):  # fmt: skip
        found = analyse_directory(root, choices=choices)
        assert found.interface is not None
        assert found.interface.arrays["region"].tolist() == ["substrate"] * 8 + ["film"] * 8
        assert found.calculated.alignments[0].valence_offset == pytest.approx(-0.6, abs=0.03)
    with pytest.raises(InputError, match="belongs to both crystals"):
        analyse_directory(root, choices=Choices(film=("Pb", "Cd"), substrate=("Pb", "S")))
    with pytest.raises(InputError, match="holds no Au"):
        analyse_directory(root, choices=Choices(film=("Au",)))


def test_one_crystal_alone_gets_its_density_of_states(tmp_path: Path) -> None:
    atoms = known.bulk("film")
    density = np.zeros((2, 1, 1201, 4))
    density[:, 0, :, 0] = np.where(np.abs(known.ENERGY_AXIS - 0.2) > 0.9, 0.5, 0.0)
    text = vasprun_text(atoms, energies=known.ENERGY_AXIS, projected=density, fermi=0.2)
    (tmp_path / "CdTe").mkdir()
    (tmp_path / "CdTe" / "vasprun.xml").write_text(text)
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "vasprun.xml").write_text(text[:3000])
    (tmp_path / "broken" / "CHGCAR").write_text("")
    found = analyse_directory(tmp_path)
    assert [edge.group for edge in found.calculated.band_edges] == ["all atoms"]
    assert found.calculated.band_edges[0].gap == pytest.approx(1.8, abs=0.03)
    assert found.calculated.alignments == ()
    assert any("broken" in note for note in found.notes)


def test_nothing_to_analyse_is_bad_input(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("words")
    with pytest.raises(InputError, match="holds no outputs"):
        write_directory(tmp_path, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_each_spin_has_its_own_edges_and_the_threshold_is_the_users(tmp_path: Path) -> None:
    """Up has a gap of 1.8 eV, down of 2.6 eV; a weak band of up reaches down to 0.6 eV."""
    atoms = known.bulk("film")
    density = np.zeros((2, 2, 1201, 4))
    for spin, half in enumerate((0.9, 1.3)):
        outside = np.abs(known.ENERGY_AXIS - 0.2) > half
        density[:, spin, :, 0] = np.where(outside, 0.5, 0.0)
    density[:, 0, :, 1] = np.where(np.abs(known.ENERGY_AXIS - 0.9) < 0.1, 0.05, 0.0)
    text = vasprun_text(
        atoms, energies=known.ENERGY_AXIS, projected=density, fermi=0.2, tags={"SIGMA": 0.01}
    )
    (tmp_path / "vasprun.xml").write_text(text)

    def gaps(settings: Settings) -> dict[str, float]:
        found = analyse_directory(tmp_path, choices=Choices(settings=settings)).calculated
        return {edge.group: edge.gap for edge in (*found.band_edges, *found.zone_edges)}

    strict, lax = gaps(Settings()), gaps(Settings(threshold=0.1))
    assert strict["all atoms, spin down"] == pytest.approx(2.6, abs=0.03)
    assert lax["all atoms"] == lax["all atoms, spin up"] == pytest.approx(1.8, abs=0.03)
    assert strict["all atoms"] == pytest.approx(0.9 + 0.6, abs=0.03)
    soft = analyse_directory(tmp_path, choices=Choices(settings=Settings(broadening=0.1)))
    assert soft.calculated.band_edges[0].uncertainty > 0.2
    assert soft.calculated.dos_by_element is not None
    assert soft.calculated.dos_by_element.attrs["broadening"] == 0.1


@pytest.mark.parametrize(
    "words",
    [["--mu", "S"], ["--mu", "S=a"], ["--film", "Xx"], ["--axis", "z"], ["--mu", "S=1:2:3"]],
)
def test_misspelt_choices_are_bad_input(words: list[str], tmp_path: Path) -> None:
    from typer.testing import CliRunner

    from qdstruct.cli.analysis import commands

    (tmp_path / "vasprun.xml").write_text("<modeling>")
    result = CliRunner().invoke(commands, ["analyze", str(tmp_path), *words])
    assert isinstance(result.exception, InputError)
    assert words[0] in result.exception.message
