"""Normal modes against closed forms."""

from __future__ import annotations

import numpy as np
import pytest
from ase import units

from qdstruct.analysis.vibrations import (
    CM_PER_ROOT,
    broadened,
    group_shares,
    normal_modes,
    participation_ratio,
    translations,
)


def test_the_unit_is_that_of_ase() -> None:
    """ASE: ħω in eV with masses in u, and 1/cm as an energy."""
    quantum = units._hbar * 1e10 / np.sqrt(units._e * units._amu)
    assert pytest.approx(quantum / units.invcm, rel=1e-6) == CM_PER_ROOT


def diatomic(stiffness: float, light: float, heavy: float, phase: float = 0.0) -> np.ndarray:
    """D of a chain of two atoms per cell along x, springs to both neighbours."""
    coupling = -stiffness * (1 + np.exp(-1j * phase)) / np.sqrt(light * heavy)
    matrix = np.zeros((6, 6), dtype=complex)
    matrix[0, 0], matrix[3, 3] = 2 * stiffness / light, 2 * stiffness / heavy
    matrix[0, 3], matrix[3, 0] = coupling, np.conj(coupling)
    return matrix


@pytest.mark.parametrize("phase", [0.0, 1.0, np.pi])
def test_the_diatomic_chain_of_every_textbook(phase: float) -> None:
    """ω² = K(1/m + 1/M) ± K√((1/m + 1/M)² − 4 sin²(ka/2)/(mM)), Ashcroft and Mermin (22.37)."""
    k, m, big = 3.0, 32.06, 112.41
    total = 1 / m + 1 / big
    root = np.sqrt(total**2 - 4 * np.sin(phase / 2) ** 2 / (m * big))
    expected = np.sqrt(k * (total + np.array([-root, root]))) * CM_PER_ROOT
    found, vectors = normal_modes(diatomic(k, m, big, phase))
    assert found[-2:] == pytest.approx(expected, abs=1e-4)
    shares = group_shares(vectors, np.array(["light", "heavy"]))
    assert shares["light"] + shares["heavy"] == pytest.approx(np.ones(6))
    if phase == np.pi:  # only one of the two moves in each mode
        assert shares["light"][-1] == pytest.approx(1)
        assert shares["heavy"][-2] == pytest.approx(1)
    if phase == 0.0:  # the optical mode moves the atoms as the other one's mass
        assert shares["light"][-1] == pytest.approx(big / (m + big))


def test_a_spring_that_pushes_gives_a_negative_wavenumber() -> None:
    found, _ = normal_modes(np.diag([-1.0, 4.0, 9.0]).astype(complex))
    assert found == pytest.approx(np.array([-1, 2, 3]) * CM_PER_ROOT)


def test_spread_counts_the_atoms_that_move() -> None:
    even = np.ones((1, 8, 3), dtype=complex) / np.sqrt(24)
    single = np.zeros((1, 8, 3), dtype=complex)
    single[0, 3, 1] = 1
    assert participation_ratio(even) == pytest.approx(1)
    assert participation_ratio(single) == pytest.approx(1 / 8)


def test_translations_are_found_among_other_soft_modes() -> None:
    masses = np.array([10.0, 40.0])
    uniform = np.sqrt(masses / masses.sum())
    vectors = np.zeros((6, 2, 3), dtype=complex)
    for axis in range(3):
        vectors[2 * axis, :, axis] = uniform
        vectors[2 * axis + 1, :, axis] = uniform[::-1] * [1, -1]
    assert translations(vectors, masses).tolist() == [0, 2, 4]


def test_density_integrates_to_the_modes() -> None:
    axis = np.arange(-50, 400, 0.5)
    weights = np.array([[0.2, 1.0], [0.8, 0.0]])
    curves = broadened(np.array([100.0, 250.0]), weights, axis, 5.0)
    assert curves.sum(axis=1) * 0.5 == pytest.approx([1.2, 0.8])
