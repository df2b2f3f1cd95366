"""Fluctuations of harmonic oscillators and decays with known constants."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import constants

from qdstruct.analysis import (
    autocorrelation,
    dephasing_function,
    dephasing_time,
    fit_decay,
    spectral_density,
)
from qdstruct.analysis.dynamics import HBAR, WAVENUMBER
from qdstruct.errors import InputError

TIME = np.arange(20_000) * 1.0


def frequency(wavenumber: float) -> float:
    """Angular frequency in rad/fs."""
    return 2 * np.pi * constants.c * 100 * wavenumber * 1e-15


def test_constants_agree_with_codata() -> None:
    assert pytest.approx(constants.hbar / constants.e * 1e15, rel=1e-12) == HBAR
    assert pytest.approx(1e15 / (constants.c * 100), rel=1e-12) == WAVENUMBER


def test_one_mode_correlates_as_a_cosine_with_half_its_square() -> None:
    omega = frequency(72.0)
    found = autocorrelation(2.3 + 0.05 * np.cos(omega * TIME + 0.7), 1.0, longest=3000)
    expected = 0.05**2 / 2 * np.cos(omega * found.time)
    assert np.allclose(found, expected, atol=2e-5)
    assert found.attrs["mean"] == pytest.approx(2.3, abs=1e-3)
    assert float(found.time[-1]) == 3000.0


@pytest.mark.parametrize("window", ["hann", "none"])
def test_modes_appear_at_their_wavenumbers_with_their_weights(window: str) -> None:
    gap = 0.04 * np.cos(frequency(72.0) * TIME) + 0.02 * np.cos(frequency(300.0) * TIME)
    found = spectral_density(autocorrelation(gap, 1.0, longest=9000), window=window)
    nu = np.asarray(found.wavenumber)
    step = nu[1]
    for centre in (72.0, 300.0):
        near = np.abs(nu - centre) < 15
        assert abs(nu[near][np.argmax(found.values[near])] - centre) <= 2 * step
    weights = [float(found.values[np.abs(nu - c) < 15].sum()) for c in (72.0, 300.0)]
    assert weights[0] / weights[1] == pytest.approx(4.0, rel=0.05)
    with pytest.raises(InputError, match="no window"):
        spectral_density(autocorrelation(gap, 1.0), window="flat")


@pytest.mark.parametrize("window", ["hann", "none"])
def test_zero_padding_adds_points_between_those_that_stay(window: str) -> None:
    """A line between two points of the plain spectrum is found where it is, as wide as stated."""
    step = WAVENUMBER / 2000
    centre = 12.5 * step
    correlation = autocorrelation(0.05 * np.cos(frequency(centre) * TIME), 1.0, longest=1000)
    plain = spectral_density(correlation, window=window)
    fine = spectral_density(correlation, window=window, padding=8)
    assert (fine.attrs["padding"], fine.attrs["window"]) == (8, window)
    assert np.allclose(fine[::8], plain, atol=1e-12 * float(plain.max()))
    assert np.allclose(fine.wavenumber[::8], plain.wavenumber)
    nu, values = np.asarray(fine.wavenumber), np.asarray(fine)
    top = int(values.argmax())
    assert nu[top] == pytest.approx(centre, abs=step / 8)
    high = np.flatnonzero(values > values[top] / 2)
    width = nu[high[-1]] - nu[high[0]]
    assert width == pytest.approx(fine.attrs["resolution"], abs=step / 3)
    with pytest.raises(InputError, match="zero padding to 0 times"):
        spectral_density(correlation, padding=0)


def test_the_dephasing_of_one_mode_is_the_closed_form() -> None:
    omega, amplitude = frequency(100.0), 0.06
    found = dephasing_function(autocorrelation(amplitude * np.cos(omega * TIME), 1.0, longest=200))
    time = np.asarray(found.time)
    exact = np.exp(-(amplitude**2) / (2 * HBAR**2 * omega**2) * (1 - np.cos(omega * time)))
    assert np.allclose(found, exact, atol=2e-3)
    level = np.arccos(1 - 2 * HBAR**2 * omega**2 / amplitude**2) / omega
    assert dephasing_time(found) == pytest.approx(level, rel=2e-3)
    weak = dephasing_function(autocorrelation(1e-3 * np.cos(omega * TIME), 1.0, longest=200))
    with pytest.raises(InputError, match="coherence is still"):
        dephasing_time(weak)


@settings(max_examples=30, deadline=None)
@given(st.floats(50, 3000), st.integers(0, 1000))
def test_a_population_gives_back_its_lifetime(tau: float, seed: int) -> None:
    t = np.linspace(0, 2 * tau, 200)
    noise = np.random.default_rng(seed).normal(scale=0.01, size=200)
    found = fit_decay(t, np.exp(-t / tau) + noise)
    assert abs(found.time - tau) < 6 * found.uncertainty
    assert found.uncertainty < 0.02 * tau
    assert found.residual == pytest.approx(0.01, rel=0.3)


def test_an_energy_gives_back_lifetime_and_ends() -> None:
    """The published 1218 fs relaxation (Qiu et al. 2023) on made-up ends of 0.4 and 0.1 eV."""
    t = np.linspace(0, 4000, 400)
    found = fit_decay(t, 0.3 * np.exp(-t / 1218) + 0.1, kind="energy")
    assert found.time == pytest.approx(1218, rel=1e-6)
    assert (found.amplitude, found.offset) == pytest.approx((0.3, 0.1))


@pytest.mark.parametrize(
    ("values", "kind", "says"),
    [
        ([1, 0.5, 0.3], "population", "four finite"),
        ([0, 0.5, 0.7, 1], "population", "do not decay"),
        ([1, 0.5, np.nan, 0.1], "population", "finite"),
        ([1, 0.5, 0.3, 0.1], "charge", "no decay of a 'charge'"),
    ],
)
def test_what_does_not_decay_is_refused(values: list[float], kind: str, says: str) -> None:
    with pytest.raises(InputError, match=says):
        fit_decay(np.arange(len(values)), values, kind=kind)


def test_too_short_a_trajectory_is_refused() -> None:
    with pytest.raises(InputError, match="ten finite"):
        autocorrelation([1.0] * 9, 1.0)
    with pytest.raises(InputError, match="time step of 0 fs"):
        autocorrelation(np.ones(20), 0.0)
