"""Energies per area: signs, units, sums of the listed terms, and what is refused."""

from __future__ import annotations

import pytest
from ase import Atoms
from scipy import constants

from qdstruct.analysis import (
    adhesion_energy,
    binding_energy,
    formation_energy,
    formation_energy_line,
    strain_energy,
)
from qdstruct.errors import InputError, OutputError
from qdstruct.model import FinishedCalculation

AREA = 20.0


def finished(formula: str, energy: float, **options: object) -> FinishedCalculation:
    cell = options.pop("cell", [4, 5, 30])
    fields: dict[str, object] = {
        "atoms": Atoms(formula, cell=cell, pbc=True), "energy": energy, "fermi_level": 0.0,
        "converged": True, "n_ionic_steps": 1, "max_force": 0.0, "n_electrons": 1.0,
        "engine": "vasp", "is_mock": False,
    }  # fmt: skip
    return FinishedCalculation(**{**fields, **options})  # type: ignore[arg-type]


def test_adhesion_is_positive_when_energy_is_gained() -> None:
    found = adhesion_energy(
        finished("PbSCdS", -21.0), finished("CdS", -9.0), finished("PbS", -10.0)
    )
    assert found.value == pytest.approx(2.0 / AREA)
    assert found.area == pytest.approx(AREA)
    assert sum(found.terms.values()) == pytest.approx(found.value * AREA)
    assert "positive" in found.convention
    joule = constants.e / 1e-20
    assert found.joule_per_square_metre == pytest.approx(found.value * joule, rel=1e-8)


def test_two_interfaces_share_the_energy() -> None:
    parts = finished("CdS", -9.0), finished("PbS", -10.0)
    assert adhesion_energy(
        finished("PbSCdS", -21.0), *parts, n_interfaces=2
    ).value == pytest.approx(1.0 / AREA)
    with pytest.raises(InputError, match="0 interfaces"):
        adhesion_energy(finished("PbSCdS", -21.0), *parts, n_interfaces=0)


@pytest.mark.parametrize(
    ("film", "says"),
    [
        (finished("CdS2", -9.0), "S 2 against 3"),
        (finished("CdS", -9.0, converged=False), "film is not converged"),
        (finished("CdS", -9.0, is_mock=True), "mock and of a real"),
        (finished("CdS", -9.0, cell=[4.1, 5, 30]), "different in-plane cells"),
    ],
)
def test_terms_that_do_not_belong_together_are_refused(
    film: FinishedCalculation, says: str
) -> None:
    with pytest.raises(OutputError, match=says):
        adhesion_energy(finished("PbSCdS", -21.0), film, finished("PbS", -10.0))


def test_ligands_are_counted() -> None:
    found = binding_energy(
        finished("PbSC2H8", -30.0), finished("PbS", -10.0), finished("CH4", -9.5), n_ligands=2
    )
    assert found.value == pytest.approx(1.0 / AREA)
    assert "2 E(ligand)" in found.terms
    with pytest.raises(OutputError, match="3 ligands"):
        binding_energy(
            finished("PbSC2H8", -30.0), finished("PbS", -10.0), finished("CH4", -9.5), n_ligands=3
        )


def test_strain_energy_scales_the_relaxed_cell() -> None:
    found = strain_energy(finished("Pb2S2", -19.6), finished("PbS", -10.0))
    assert found.value == pytest.approx(0.4 / AREA)
    with pytest.raises(OutputError, match="do not add up"):
        strain_energy(finished("Pb2S", -19.6), finished("PbS", -10.0))


def test_a_stoichiometric_interface_does_not_depend_on_the_reservoirs() -> None:
    whole = finished("Pb2S2", -19.0)
    first = formation_energy(whole, {"Pb": -3.0, "S": -7.0})
    second = formation_energy(whole, {"Pb": -5.0, "S": -5.0})
    assert first.value == second.value == pytest.approx(1.0 / AREA)
    surfaces = formation_energy(whole, {"Pb": -5.0, "S": -5.0}, surface_energies=(0.01, 0.02))
    assert surfaces.value == pytest.approx(1.0 / AREA - 0.03)
    with pytest.raises(InputError, match="given for S"):
        formation_energy(whole, {"Pb": -3.0})


def test_a_rich_termination_gets_cheaper_with_its_element() -> None:
    line = formation_energy_line(
        finished("Pb2S3", -24.0), {}, changing="S", balanced_by="Pb", compound={"Pb": 1, "S": 1},
        compound_energy=-10.0, limits=(-5.0, -4.0), n_points=3,
    )  # fmt: skip
    assert line.values.tolist() == pytest.approx([1.0 / AREA, 0.5 / AREA, 0.0], abs=1e-12)
    assert line.attrs["unit"] == "eV/Å²"
    with pytest.raises(InputError, match="both"):
        formation_energy_line(
            finished("Pb2S3", -24.0), {}, changing="S", balanced_by="Cd",
            compound={"Pb": 1, "S": 1}, compound_energy=-10.0, limits=(-5.0, -4.0),
        )  # fmt: skip
    with pytest.raises(InputError, match="not ascending"):
        formation_energy_line(
            finished("Pb2S3", -24.0), {}, changing="S", balanced_by="Pb",
            compound={"Pb": 1, "S": 1}, compound_energy=-10.0, limits=(-4.0, -5.0),
        )  # fmt: skip
