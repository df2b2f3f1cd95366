"""Oscillators whose spectrum and dephasing are known, samples whose decay is known."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import constants

from qdstruct.analysis import (
    autocorrelation,
    bootstrap_decay,
    dephasing_matrix,
    gap_dynamics,
    gaussian_dephasing,
    spectral_peaks,
)
from qdstruct.analysis.dynamics import HBAR, dephasing_function, spectral_density
from qdstruct.errors import InputError

TIME = np.arange(16_000) * 1.0
MODES = {72.0: 0.03, 130.0: 0.02, 300.0: 0.01}
"""Published lines of the heterostructure (cm⁻¹) with made-up amplitudes (eV)."""


def omega(wavenumber: float) -> float:
    return 2 * np.pi * constants.c * 100 * wavenumber * 1e-15


def gap() -> np.ndarray:
    return 2.3 + sum(a * np.cos(omega(nu) * TIME + nu) for nu, a in MODES.items())


def test_lines_lie_where_the_oscillators_are_with_their_share() -> None:
    found = gap_dynamics(gap(), 1.0, longest=7000)
    assert [peak.wavenumber for peak in found.peaks] == pytest.approx(list(MODES), abs=0.5)
    squares = np.array([a**2 for a in MODES.values()])
    shares = [peak.weight for peak in found.peaks]
    assert shares == pytest.approx(squares / squares.sum(), abs=0.02)
    assert found.mean == pytest.approx(2.3, abs=1e-3)
    assert found.deviation == pytest.approx(np.sqrt(squares.sum() / 2), rel=1e-2)
    assert found.density.attrs["window"] == "hann"


def test_a_slow_fluctuation_dephases_as_a_gaussian() -> None:
    """Slow modulation: D = exp(−C₀t²/2ħ²), so τ = ħ/√C₀ and 1/e falls at √2 τ."""
    slow = 0.08 * np.cos(omega(2.0) * np.arange(40_000))
    found = gap_dynamics(slow, 1.0, longest=300)
    expected = HBAR / np.sqrt(float(found.correlation[0]))
    assert found.gaussian.time == pytest.approx(expected, rel=2e-3)
    assert found.dephasing_time == pytest.approx(np.sqrt(2) * expected, rel=2e-3)
    assert found.gaussian.curve([0.0, expected]) == pytest.approx([1.0, np.exp(-0.5)], rel=2e-3)


def test_what_never_dephases_is_none_not_wrong() -> None:
    found = gap_dynamics(1e-4 * np.cos(omega(300.0) * TIME), 1.0, longest=500)
    assert found.dephasing_time is None
    with pytest.raises(InputError, match="does not fluctuate"):
        gap_dynamics(np.ones(100), 1.0)


def test_the_matrix_is_symmetric_and_pairs_are_independent() -> None:
    drift = 0.05 * np.cos(omega(40.0) * TIME)
    bands = np.column_stack([drift, drift + gap(), drift - 2 * (gap() - 2.3)])
    found = dephasing_matrix(bands, 1.0, longest=400)
    assert np.array_equal(found, found.T)
    assert np.array_equal(np.diag(found), np.zeros(3))
    single = gaussian_dephasing(
        dephasing_function(autocorrelation(bands[:, 1] - bands[:, 0], 1.0, longest=400))
    )
    assert found[0, 1] == pytest.approx(single.time)
    assert found[0, 2] == pytest.approx(found[0, 1] / 2, rel=0.2)
    with pytest.raises(InputError, match="bands 1 and 2 move alike"):
        dephasing_matrix(np.column_stack([drift, drift + 1.0]), 1.0)


def test_weak_fluctuations_get_the_short_time_limit() -> None:
    bands = np.column_stack([np.zeros(4000), 2e-3 * np.cos(omega(300.0) * np.arange(4000))])
    found = dephasing_matrix(bands, 1.0, longest=200)
    assert found[0, 1] == pytest.approx(HBAR / (2e-3 / np.sqrt(2)), rel=1e-2)


def test_peaks_of_a_flat_spectrum_are_none() -> None:
    density = spectral_density(autocorrelation(gap(), 1.0, longest=4000))
    assert spectral_peaks(density * 0.0 + 1.0) == ()
    assert len(spectral_peaks(density, count=2)) == 2


def test_the_error_of_a_decay_is_that_of_its_samples() -> None:
    """Each sample decays with its own constant; the mean's error is their scatter / √S."""
    generator = np.random.default_rng(5)
    time = np.linspace(0, 600, 300)
    constants_ = generator.normal(300.0, 60.0, size=80)
    samples = np.exp(-time / constants_[:, None])
    found = bootstrap_decay(time, samples)
    assert found.time == pytest.approx(300.0, abs=25.0)
    assert found.uncertainty == pytest.approx(60 / np.sqrt(80), rel=0.35)
    assert "80 trajectories" in found.form
    energies = 0.3 * np.exp(-time / constants_[:, None]) + 0.1
    cooled = bootstrap_decay(time, energies, kind="energy")
    assert cooled.curve([0.0])[0] == pytest.approx(0.4, abs=0.01)


def test_samples_that_do_not_decay_are_refused() -> None:
    time = np.linspace(0, 10, 20)
    with pytest.raises(InputError, match="do not decay"):
        bootstrap_decay(time, np.ones((5, 20)))
    with pytest.raises(InputError, match="one row for each sample"):
        bootstrap_decay(time, np.ones(20))
