"""Limits of chemical potentials from references, and what is said where there are none."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from ase import Atoms

from qdstruct.errors import InputError
from qdstruct.model import CalculatedResults, FinishedCalculation
from qdstruct.pipeline.analysing.chemical import check_potentials, limited_lines
from qdstruct.pipeline.analysing.references import element_energy, read_references
from qdstruct.pipeline.analysing.systems import Settings, System, Workbench
from qdstruct.report.calculated import calculated_context, calculated_figures
from qdstruct.report.tables import calculated_tables

AREA = 16.0


def finished(formula: str, energy: float, *, converged: bool = True) -> FinishedCalculation:
    atoms = Atoms(formula, cell=[4, 4, 40], pbc=True)
    atoms.positions[:, 2] = 1.5 * np.arange(len(atoms))
    return FinishedCalculation(
        atoms=atoms, energy=energy, fermi_level=0.0, converged=converged, n_ionic_steps=1,
        max_force=0.0, n_electrons=8.0, engine="vasp", is_mock=False,
    )  # fmt: skip


def system(role: str, formula: str, energy: float) -> System:
    made = System(role=role, places=({"vasprun.xml": Path(role) / "vasprun.xml"},))
    made.__dict__["facts"] = finished(formula, energy)
    return made


def bench(interface: str, **settings) -> Workbench:
    systems = (
        system("interface", interface, -60.0),
        system("bulk-film", "Cd4S4", 4 * -6.0),
        system("bulk-substrate", "PbSe", -8.0),
    )
    return Workbench(
        systems={each.role: each for each in systems}, absent=lambda role, name: f"{role}/{name}",
        label=str, settings=Settings(**settings),
    )  # fmt: skip


def test_lines_figure_and_table_from_references() -> None:
    """CdS from Cd −1 and S −4: ΔH = −1 eV; one S beyond 4 CdS and 4 PbSe."""
    work = bench("Cd4S5Pb4Se4", references={"Cd": (-1.0, "cadmium"), "S": (-4.0, "as given")})
    (line,) = limited_lines(work)
    assert line.limits == pytest.approx((-1.0, 0.0))
    assert line.references == {"Cd": -1.0, "S": -4.0}
    ends = [(-60 + 24 + 32 + 4 - mu) / AREA for mu in (-1.0, 0.0)]
    assert [float(line.energy[0, i]) for i in (0, -1)] == pytest.approx(ends)
    assert "Cd -1.0000 eV (cadmium), S -4.0000 eV (as given)" in work.notes[-1]
    results = CalculatedResults(potential_lines=(line,))
    heading, rows = calculated_tables(results)["chemical_potentials"]
    assert heading[1] == "mu - mu of the element (eV)"
    element, *numbers = next(iter(rows))
    assert element == "S"
    assert numbers[:2] == pytest.approx([-1.0, ends[0]])
    assert calculated_context(results)["potential_limit_rows"][0][:4] == (
        "S", "+1", "−1.000", "0.000",
    )  # fmt: skip
    axes = calculated_figures(results)["chemical_potentials"].axes[0]
    assert axes.lines[0].get_ydata()[[0, -1]] == pytest.approx([1e3 * end for end in ends])


def test_missing_references_are_named_as_jobs() -> None:
    work = bench("Cd4S5Pb4Se4", references={"S": (-4.0, "as given")})
    assert limited_lines(work) == ()
    assert "the cell holds +1 S beyond whole formula units" in work.notes[-1]
    assert "no calculation of Cd as element." in work.notes[-1]
    assert "--reference Cd=DIRECTORY" in work.notes[-1]
    whole = bench("Cd4S4Pb4Se4", chemical_potentials={"S": (-4.1,)})
    assert limited_lines(whole) == ()
    assert whole.notes == [
        "Chemical potential of S: not used, because the cell holds no S beyond whole formula "
        "units of its crystals."
    ]


def test_potentials_of_absent_elements_are_refused() -> None:
    with pytest.raises(InputError, match="holds no Zn") as told:
        check_potentials({"Zn": (-1.0,)}, Atoms("CdSPbSe"))
    assert told.value.hint == "choose among Cd, Pb, S, Se"


def test_references_are_numbers_or_calculations_of_the_element(tmp_path: Path) -> None:
    assert read_references(["S=-4.13"]) == {"S": (-4.13, "as given")}
    for word, told in (
        ("S", "were expected"), ("Xx=-1", "were expected"), ("S=inf", "no energy"),
        (f"S={tmp_path}/none", "neither a number nor a directory"),
    ):  # fmt: skip
        with pytest.raises(InputError, match=told):
            read_references([word])
    with pytest.raises(InputError, match="given twice"):
        read_references(["S=-1", "S=-2"])
    assert element_energy(finished("S8", -33.0), "S") == pytest.approx(-33 / 8)
    with pytest.raises(InputError, match="is a calculation of CdS"):
        element_energy(finished("CdS", -6.0), "S")
    with pytest.raises(InputError, match="not converged"):
        element_energy(finished("S8", -33.0, converged=False), "S")
