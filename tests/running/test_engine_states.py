"""Fermi level, Löwdin shares and smeared densities against closed forms."""

import numpy as np
import pytest
from mock_jobs import as_structure, crystal

from qdstruct.running.engines.states import density_of_states, fermi_level, lowdin_weights
from qdstruct.running.vaspfiles.inputs import Incar, KpointMesh
from qdstruct.running.vaspfiles.settings import read_settings

GAMMA = KpointMesh(
    style="Gamma", divisions=(1, 1, 1), shift=(0.0, 0.0, 0.0), points=np.zeros((1, 3)),
    weights=np.ones(1),
)  # fmt: skip


def settings(**tags: str):
    structure = as_structure(crystal("PbS-galena"))
    return read_settings(Incar(tags={"ISMEAR": "0", **tags}), structure, GAMMA)


def test_the_fermi_level_of_a_gap_is_its_middle() -> None:
    assert fermi_level(np.array([-5.0, -1.0, 3.0, 4.0]), 4, 0.03) == pytest.approx(1.0)


def test_the_fermi_level_holds_the_electrons_of_a_metal() -> None:
    levels = np.linspace(-3, 3, 61)
    for electrons in (20.0, 47.3, 61.0):
        level = fermi_level(levels, electrons, 0.2)
        assert (2 / (1 + np.exp((levels - level) / 0.2))).sum() == pytest.approx(electrons)


def test_lowdin_shares_sum_to_one_and_split_a_symmetric_bond_evenly() -> None:
    overlap = np.array([[1.0, 0.6], [0.6, 1.0]])
    bonding = np.array([1, 1]) / np.sqrt(2 + 2 * 0.6)
    antibonding = np.array([1, -1]) / np.sqrt(2 - 2 * 0.6)
    shares = lowdin_weights(
        overlap, np.column_stack([bonding, antibonding]), np.array([0, 1]), np.array([0, 1])
    )
    np.testing.assert_allclose(shares.sum(axis=(0, 1)), 1.0)
    np.testing.assert_allclose([shares[0, 0], shares[1, 1]], 0.5)


def test_a_density_of_states_integrates_to_its_levels() -> None:
    levels = np.array([-2.0, 0.0, 1.0])
    weights = np.zeros((2, 3, 3))
    weights[0, 0] = [1.0, 0.25, 0.0]
    weights[1, 1] = [0.0, 0.75, 1.0]
    dos = density_of_states(levels, weights, fermi=0.5, width=0.1, settings=settings(NEDOS="3001"))
    step = dos.energies[1] - dos.energies[0]
    assert dos.total.sum() * step == pytest.approx(6.0, abs=1e-6)
    assert dos.projected[0].sum() * step == pytest.approx(2.5, abs=1e-6)
    assert dos.integrated[0, -1] == pytest.approx(6.0)
    assert np.interp(0.5, dos.energies, dos.integrated[0]) == pytest.approx(4.0, abs=1e-6)


def test_the_energy_axis_is_that_of_incar() -> None:
    asked = settings(NEDOS="101", EMIN="-4", EMAX="6")
    dos = density_of_states(np.zeros(1), np.ones((1, 3, 1)), fermi=0, width=0.1, settings=asked)
    np.testing.assert_allclose(dos.energies, np.linspace(-4, 6, 101))
