"""Fits recover what synthetic data were made of, and agree with published numbers."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import constants
from scipy.integrate import quad

from qdstruct.errors import InputError
from qdstruct.model.fits import FittedValue, SpectrumFit
from qdstruct.simulation import spectra
from qdstruct.simulation.spectra.temperature import ENERGY_MODELS, linewidth

pytest.importorskip("lmfit")


def within(fit, expected, sigmas=3.0):
    """Every named value lies within three of its own standard deviations."""
    for name, truth in expected.items():
        found = fit[name]
        assert found.error is not None, name
        assert found.error > 0, name
        assert abs(found.value - truth) < sigmas * found.error, (name, found, truth)


def known(value, error=None):
    return FittedValue(name="x", value=value, error=error, unit="eV", meaning="given")


@pytest.mark.parametrize("width", [0.02, 0.3, 2.0])
@pytest.mark.parametrize("lifetime", [0.1, 1.0, 20.0])
def test_a_decay_behind_a_response_is_the_convolution_integral(width, lifetime):
    t = np.array([-1.5, -0.2, 0.0, 0.4, 2.0, 9.0])

    def integrand(u, time):
        gauss = np.exp(-0.5 * (u / width) ** 2) / (width * np.sqrt(2 * np.pi))
        return gauss * np.exp(-(time - u) / lifetime)

    for time, value in zip(t, spectra.decay(t, lifetime, width), strict=True):
        low, high = -9 * width, min(time, 9 * width)
        expected = 0.0
        if high > low:
            expected = quad(integrand, low, high, args=(time,), epsabs=1e-13, limit=400)[0]
        assert value == pytest.approx(expected, rel=1e-6, abs=1e-10)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_two_lifetimes_from_poisson_counts(seed):
    t = np.arange(0, 60, 0.1)
    truth = 6000 * np.exp(-t / 2.0) + 3000 * np.exp(-t / 12.0) + 20
    counts = np.random.default_rng(seed).poisson(truth).astype(float)
    counts[0] = 9100.0  # the fit begins at the maximum
    fit = spectra.fit_kinetics(t, counts, components=2, counts=True)
    within(fit, {"tau1": 12.0, "tau2": 2.0, "A1": 3000, "A2": 6000, "y0": 20})
    amplitude, intensity = spectra.average_lifetimes([3000, 6000], [12.0, 2.0])
    within(fit, {"tau_amplitude": amplitude, "tau_intensity": intensity})
    assert fit.reduced_chi_square == pytest.approx(1.0, abs=4 * np.sqrt(2 / 600))


def test_three_lifetimes_and_the_criterion_that_prefers_them():
    t = np.linspace(0, 200, 2000)
    truth = 5e4 * np.exp(-t / 1.0) + 2e4 * np.exp(-t / 8.0) + 1e4 * np.exp(-t / 45.0) + 10
    counts = np.random.default_rng(0).poisson(truth).astype(float)
    fits = [spectra.fit_kinetics(t, counts, components=n, counts=True) for n in (1, 2, 3)]
    within(fits[2], {"tau1": 45.0, "tau2": 8.0, "tau3": 1.0})
    assert fits[0].bic > fits[1].bic > fits[2].bic


@pytest.mark.parametrize("measured", [False, True])
def test_lifetime_shorter_than_the_response(measured):
    t = np.arange(0, 25, 0.05)
    width = 0.8 / (2 * np.sqrt(2 * np.log(2)))
    truth = 4000 * spectra.decay(t - 4.0, 0.5, width) + 5
    rng = np.random.default_rng(4)
    counts = rng.poisson(truth).astype(float)
    if measured:
        response = np.exp(-0.5 * ((t - 4.0) / width) ** 2)
        fit = spectra.fit_kinetics(t, counts, response=response, counts=True)
        assert fit["t0"].value == pytest.approx(0.0, abs=0.05)
    else:
        fit = spectra.fit_kinetics(t, counts, response_fwhm=0.8, counts=True)
        within(fit, {"t0": 4.0})
    assert fit["tau1"].value == pytest.approx(0.5, abs=0.02)
    assert fit["A1"].value == pytest.approx(4000, rel=0.1 if measured else 0.03)


@pytest.mark.parametrize(
    ("a1", "tau1", "a2", "tau2", "published"),
    [
        (0.13, 0.25, 0.87, 6.27, 6.23),
        (0.12, 0.49, 0.87, 4.87, 4.80),
        (0.18, 0.25, 0.82, 4.26, 4.20),
        (0.50, 0.21, 0.49, 4.06, 3.87),
    ],
)
def test_published_average_lifetimes_are_intensity_weighted(a1, tau1, a2, tau2, published):
    """Transient absorption of CsPbBr3–PbS: Yang, PhD thesis (2024), table 3-2; its last digit."""
    assert spectra.average_lifetimes([a1, a2], [tau1, tau2])[1] == pytest.approx(
        published, abs=0.02
    )


@given(
    st.lists(st.tuples(st.floats(0.01, 10), st.floats(0.01, 100)), min_size=1, max_size=3),
    st.floats(0.1, 10),
)
def test_averages_lie_between_the_lifetimes_and_scale_with_them(pairs, scale):
    amplitudes, lifetimes = zip(*pairs, strict=True)
    amplitude, intensity = spectra.average_lifetimes(amplitudes, lifetimes)
    assert min(lifetimes) * (1 - 1e-9) <= amplitude <= intensity * (1 + 1e-9)
    assert intensity <= max(lifetimes) * (1 + 1e-9)
    scaled = spectra.average_lifetimes(amplitudes, [scale * tau for tau in lifetimes])
    assert scaled == pytest.approx((scale * amplitude, scale * intensity))


TRUTH = {
    "varshni": {"E0": 1.55, "alpha": 4.5e-4, "beta": 180.0},
    "bose-einstein": {"E0": 2.33, "S": 2.0, "E_ph": 0.018},
    "expansion": {"E0": 2.20, "A_te": 3e-4, "A_ep": -0.03, "E_ph": 0.04},
    "two-oscillator": {"E0": 2.30, "A1": 0.015, "E1": 0.004, "A2": -0.06, "E2": 0.035},
}


@pytest.mark.parametrize("model", sorted(TRUTH))
@pytest.mark.parametrize("seed", [1, 2])
def test_energies_against_temperature(model, seed):
    t = np.linspace(10, 400, 60)
    exact = ENERGY_MODELS[model].curve(t, TRUTH[model])
    noisy = exact + np.random.default_rng(seed).normal(0, 2e-4, len(t))
    fit = spectra.fit_energy(t, noisy, model=model, sigma=np.full(len(t), 2e-4))
    within(fit, TRUTH[model], 3.5)
    assert 0.5 < fit.reduced_chi_square < 1.6


def test_bose_einstein_is_the_published_hyperbolic_cotangent():
    t = np.array([5.0, 77.0, 300.0])
    values = {"E0": 2.33, "S": 2.0, "E_ph": 0.018}
    boltzmann = constants.k / constants.e
    expected = 2.33 - 2.0 * 0.018 * (1 / np.tanh(0.018 / (2 * boltzmann * t)) - 1)
    assert ENERGY_MODELS["bose-einstein"].curve(t, values) == pytest.approx(expected, abs=1e-8)
    assert ENERGY_MODELS["varshni"].curve(np.array([0.0]), TRUTH["varshni"]) == 1.55


@pytest.mark.parametrize("acoustic", [True, False])
def test_linewidth_against_temperature(acoustic):
    truth = {"G0": 20.0, "g_ac": 0.03 if acoustic else 0.0, "g_LO": 60.0, "E_LO": 18.0}
    t = np.linspace(5, 350, 70)
    noisy = linewidth(t, truth) + np.random.default_rng(1).normal(0, 0.3, len(t))
    fit = spectra.fit_linewidth(t, noisy, acoustic=acoustic)
    if not acoustic:
        assert fit["g_ac"].fixed
        del truth["g_ac"]
    within(fit, truth)


def test_errors_are_those_of_repeated_experiments():
    truth = {"G0": 20.0, "g_ac": 0.03, "g_LO": 60.0, "E_LO": 18.0}
    t = np.linspace(5, 350, 70)
    pulls = []
    for seed in range(80):
        noisy = linewidth(t, truth) + np.random.default_rng(seed).normal(0, 0.3, len(t))
        fit = spectra.fit_linewidth(t, noisy)
        pulls.append([(fit[name].value - value) / fit[name].error for name, value in truth.items()])
    assert np.mean(pulls, axis=0) == pytest.approx(np.zeros(4), abs=4 / np.sqrt(80))
    assert np.std(pulls, axis=0) == pytest.approx(np.ones(4), abs=0.3)


def test_parameters_that_data_cannot_tell_apart_are_said_to_be_so():
    t = np.linspace(250, 300, 30)
    noisy = linewidth(t, {"G0": 20.0, "g_ac": 0.03, "g_LO": 60.0, "E_LO": 18.0})
    noisy += np.random.default_rng(1).normal(0, 0.5, len(t))
    fit = spectra.fit_linewidth(t, noisy)
    assert any("strongly correlated" in w for w in fit.warnings)


@pytest.mark.parametrize("sign", [1, -1])
def test_tunnelling_decay(sign):
    x = np.array([0.5, 0.7, 0.9, 1.1, 1.3, 1.5])
    beta = 2 * np.sqrt(2 * 0.4 * constants.m_e * 0.5 * constants.e) / constants.hbar * 1e-9
    assert spectra.decay_constant(0.5, 0.4) == pytest.approx(beta)
    noisy = sign * 200 * np.exp(-beta * x) + np.random.default_rng(2).normal(0, 0.1, len(x))
    fit = spectra.fit_tunnelling(x, noisy, mass=0.4, sigma=np.full(len(x), 0.1))
    within(fit, {"dE0": sign * 200, "beta": beta, "V": 0.5})


@given(st.floats(0.01, 5), st.floats(0.05, 2))
def test_barrier_and_decay_constant_are_inverse(barrier, mass):
    assert spectra.barrier_height(spectra.decay_constant(barrier, mass), mass) == pytest.approx(
        barrier
    )


def test_brus_equation_and_its_inverse():
    """The 1S exciton of 4 nm CdSe-like spheres, terms from CODATA."""
    radius = 2e-9
    kinetic = constants.hbar**2 * np.pi**2 / (2 * 0.1 * constants.m_e * radius**2) / constants.e
    coulomb = 1.786 * constants.e / (4 * np.pi * constants.epsilon_0 * 6.0 * radius)
    words = {"gap": 1.74, "mass": 0.1, "permittivity": 6.0}
    energy = spectra.brus_energy(np.array([4.0]), **words)
    assert energy[0] == pytest.approx(1.74 + kinetic - coulomb, rel=1e-7)
    sizes = np.array([2.0, 5.0, 8.0])
    assert spectra.brus_size(spectra.brus_energy(sizes, **words), **words) == pytest.approx(sizes)
    with pytest.raises(InputError, match="the lowest is"):
        spectra.brus_size(np.array([1.0]), **words)


def test_brus_parameters_from_sizes():
    d = np.linspace(3, 12, 15)
    exact = spectra.brus_energy(d, gap=2.25, mass=0.126, permittivity=7.3)
    noisy = exact + np.random.default_rng(3).normal(0, 0.003, len(d))
    within(spectra.fit_brus(d, noisy, permittivity=7.3), {"E_g": 2.25, "mu": 0.126})
    fixed = spectra.fit_brus(d, noisy, permittivity=7.3, gap=2.25)
    assert fixed["E_g"].fixed
    assert fixed["E_g"].error is None
    within(fixed, {"mu": 0.126})


@pytest.mark.parametrize(
    ("d", "tau", "mu", "length"),
    [
        (0.0356, 9.2, 1.4, 181),
        (0.0176, 9.2, 0.68, 127),
        (0.00383, 6.0, 0.15, 49),
        (0.00144, 6.0, 0.056, 30),
    ],
)
def test_published_mobilities_and_diffusion_lengths(d, tau, mu, length):
    """CsPbBr3–PMA2PbBr4: Yang, PhD thesis (2024), table 4-1, with the lifetimes of its text."""
    assert spectra.mobility(d) == pytest.approx(mu, rel=0.02)
    assert spectra.diffusion_length(d, tau) == pytest.approx(length, rel=0.03)


def test_diffusion_from_a_spreading_cloud():
    t = np.linspace(0, 10, 40)
    noisy = 1e4 + 2 * 2 * 0.03e5 * t + np.random.default_rng(6).normal(0, 500, len(t))
    fit = spectra.fit_diffusion(t, noisy, dimensions=2, lifetime=9.0)
    within(fit, {"s0": 1e4, "D": 0.03, "L_D": spectra.diffusion_length(0.03, 9.0)})
    assert fit["mobility"].value == pytest.approx(0.03 / (constants.k * 298.15 / constants.e), 0.2)


@settings(max_examples=20, deadline=None)
@given(st.floats(0.01, 5), st.floats(-3, 3))
def test_errors_scale_with_the_noise_given(factor, shift):
    t = np.linspace(0, 5, 20)
    y = 3 + 2e5 * t + shift
    fits = [spectra.fit_diffusion(t, y, sigma=np.full(20, s)) for s in (1.0, factor)]
    assert fits[1]["D"].error == pytest.approx(factor * fits[0]["D"].error, rel=1e-3)


def test_too_few_points_and_wrong_requests():
    with pytest.raises(InputError, match="3 points cannot determine 3 parameters"):
        spectra.fit_energy(np.array([1.0, 2, 3]), np.array([2.0, 2, 2]), model="varshni")
    with pytest.raises(InputError, match="known are varshni"):
        spectra.fit_energy(np.arange(9.0), np.arange(9.0), model="quadratic")
    with pytest.raises(InputError, match="below zero"):
        spectra.fit_linewidth(np.array([-20.0, 0, 20, 40, 60]), np.ones(5))
    with pytest.raises(InputError, match="1 to 3"):
        spectra.fit_kinetics(np.arange(9.0), np.ones(9), components=4)
    with pytest.raises(InputError, match="evenly spaced"):
        spectra.fit_kinetics(np.geomspace(1, 9, 20), np.ones(20), response=np.ones(20))
    with pytest.raises(InputError, match="both signs"):
        spectra.fit_tunnelling(np.arange(4.0), np.array([1.0, -1, 1, 1]))


def test_a_missing_lmfit_is_said(monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "lmfit", None)
    with pytest.raises(InputError, match="lmfit") as caught:
        spectra.fit_brus(np.arange(3.0, 9.0), np.arange(6.0), permittivity=5.0)
    assert "qdstruct[fits]" in str(caught.value)


def test_a_fit_survives_json():
    fit = spectra.fit_tunnelling(np.arange(5.0), np.exp(-np.arange(5.0)))
    again = SpectrumFit.from_dict(json.loads(json.dumps(fit.to_dict())))
    assert json.dumps(again.to_dict()) == json.dumps(fit.to_dict())
    assert again.curve["measured"].attrs["units"] == "meV"
    with pytest.raises(KeyError):
        again["nothing"]
