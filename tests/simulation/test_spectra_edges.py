"""Gaps and edges read off straight parts; level diagrams."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter1d

from qdstruct.errors import InputError
from qdstruct.model.fits import FittedValue
from qdstruct.simulation import spectra
from qdstruct.simulation.spectra.straight import straight_part


def ev(value, error=None):
    return FittedValue(name="x", value=value, error=error, unit="eV", meaning="given")


def absorption(energy, gap, power, *, urbach=0.02, noise=0.0, seed=0):
    """(αE)^r = E − gap above the gap, an Urbach tail below, and a bend 0.35 eV above."""
    height = np.clip(energy - gap, 0, None)
    line = np.where(height < 0.35, height, 0.35 + 0.25 * (height - 0.35))
    tail = urbach * np.exp(np.clip((energy - gap) / urbach, -50, 0))
    plot = np.where(energy > gap, line + urbach, tail) - 0.0
    values = np.maximum(plot, 0) ** (1 / power) / energy
    return np.abs(values + np.random.default_rng(seed).normal(0, noise, len(energy)))


@pytest.mark.parametrize(("transition", "power"), [("direct", 2.0), ("indirect", 0.5)])
@pytest.mark.parametrize("gap", [2.37, 3.06])
def test_a_gap_is_found_without_being_told_where(transition, power, gap):
    energy = np.linspace(gap - 0.6, gap + 0.8, 400)
    exact = np.where(energy > gap, np.clip(energy - gap, 0, 0.4), 0.0) ** (1 / power) / energy
    fit = spectra.fit_tauc(energy, exact, transition=transition)
    assert fit["E_g"].value == pytest.approx(gap, abs=0.01)
    assert not fit.warnings


@pytest.mark.parametrize("seed", range(4))
def test_noise_and_a_tail_are_covered_by_the_error(seed):
    energy = np.linspace(1.9, 3.1, 300)
    # the line through the straight part meets zero one Urbach energy below the break
    data = absorption(energy, 2.37, 2.0, noise=0.002, seed=seed)
    fit = spectra.fit_tauc(energy, data)
    assert fit["E_g"].error is not None
    assert fit["E_g"].error < 0.03
    assert abs(fit["E_g"].value - 2.35) < 3 * fit["E_g"].error


def test_a_range_given_is_the_range_used():
    energy = np.linspace(1.9, 3.1, 300)
    fit = spectra.fit_tauc(energy, absorption(energy, 2.37, 2.0), span=(2.4, 2.6))
    assert 2.4 <= fit["low"].value <= fit["high"].value <= 2.6
    assert fit["E_g"].value == pytest.approx(2.35, abs=1e-6)
    with pytest.raises(InputError, match="fewer than 3 points"):
        spectra.fit_tauc(energy, absorption(energy, 2.37, 2.0), span=(5, 6))


def test_a_line_error_is_that_of_ordinary_least_squares():
    from scipy.stats import linregress

    rng = np.random.default_rng(3)
    x = np.linspace(1, 2, 40)
    y = 3 * (x - 0.7) + rng.normal(0, 0.02, 40)
    part = straight_part(x, y, span=(1, 2))
    line = linregress(x, y)
    assert part.crossing == pytest.approx(-line.intercept / line.slope)
    covariance = -x.mean() * line.stderr**2
    gradient = np.array([line.intercept / line.slope**2, -1 / line.slope])
    matrix = np.array([[line.stderr**2, covariance], [covariance, line.intercept_stderr**2]])
    assert part.error == pytest.approx(np.sqrt(gradient @ matrix @ gradient))


def photoemission(noise, seed=0, work=4.56, edge=1.40, photon=21.218):
    """A spectrum with straight edges, broadened by 0.05 eV."""
    energy = np.arange(-2.0, 18.5, 0.02)
    cutoff = photon - work
    valence = 4000 * np.clip((energy - edge) / 1.0, 0, 1) * (1 + 0.4 * np.sin(energy - edge))
    secondary = 9e4 * np.clip((energy - 9) / (cutoff - 9.3), 0, None) ** 3
    spectrum = np.where(energy > edge + 1, np.maximum(valence, 3000), valence) + secondary
    spectrum *= np.clip((cutoff - energy) / 0.3, 0, 1)
    spectrum = gaussian_filter1d(spectrum, 0.05 / 0.02) + 50
    return energy, spectrum + np.random.default_rng(seed).normal(0, noise, len(energy))


@pytest.mark.parametrize("seed", range(3))
def test_work_function_and_valence_edge(seed):
    fit = spectra.fit_ups(*photoemission(15.0, seed), gap=(2.37, 0.01))
    assert fit["phi"].value == pytest.approx(4.56, abs=0.04)
    assert fit["E_F-E_VBM"].value == pytest.approx(1.40, abs=0.06)
    assert fit["I"].value == pytest.approx(fit["phi"].value + fit["E_F-E_VBM"].value)
    assert fit["chi"].value == pytest.approx(fit["I"].value - 2.37)
    assert abs(fit["I"].value - 5.96) < 3 * max(fit["I"].error, 0.02)


def test_a_spectrum_that_ends_before_its_cutoff_is_refused():
    energy, counts = photoemission(0.0)
    kept = energy < 16.0
    with pytest.raises(InputError, match="no secondary-electron cut-off"):
        spectra.fit_ups(energy[kept], counts[kept])
    with pytest.raises(InputError, match="where the cut-off lies"):
        spectra.fit_ups(energy[energy < 9], counts[energy < 9])


def test_published_levels_of_cspbbr3_and_pma2pbbr4():
    """Yang, PhD thesis (2024), fig. 4-9: 4.56/1.40/2.37 eV against 4.85/0.45/3.06 eV."""
    bromide = spectra.band_levels("CsPbBr3", ev(4.56, 0.05), ev(1.40, 0.05), (2.37, 0.02))
    layered = spectra.band_levels("PMA2PbBr4", ev(4.85, 0.05), ev(0.45, 0.05), (3.06, 0.02))
    assert bromide.ionisation_energy.value == pytest.approx(5.96)
    assert bromide.ionisation_energy.error == pytest.approx(0.05 * np.sqrt(2))
    assert bromide.electron_affinity.value == pytest.approx(3.59)
    offsets = spectra.band_offsets(bromide, layered)
    assert offsets.valence.value == pytest.approx(0.66)
    assert offsets.conduction.value == pytest.approx(1.35)
    assert offsets.conduction.error == pytest.approx(np.sqrt(4 * 0.05**2 + 2 * 0.02**2))
    assert offsets.alignment == "II (staggered)"


@pytest.mark.parametrize(
    ("affinity", "ionisation", "kind"),
    [(4.5, 5.5, "I"), (3.0, 7.0, "I"), (3.5, 5.0, "II"), (4.5, 6.5, "II"), (6.5, 8.0, "III"),
     (2.0, 3.5, "III")],
)  # fmt: skip
def test_types_of_alignment(affinity, ionisation, kind):
    first = spectra.band_levels("a", ev(5.0), ev(1.0), (2.0, None))  # χ 4, I 6
    second = spectra.band_levels("b", ev(ionisation), ev(0.0), (ionisation - affinity, None))
    assert spectra.band_offsets(first, second).alignment.split()[0] == kind
    assert spectra.band_offsets(second, first).alignment.split()[0] == kind
    assert spectra.band_offsets(first, second).valence.error is None


def test_unusable_edges():
    x = np.linspace(2, 3, 50)
    with pytest.raises(InputError, match="too few"):
        spectra.fit_tauc(x[:6], x[:6])
    with pytest.raises(InputError, match="negative absorbance"):
        spectra.fit_tauc(x, x - 2.5)
    with pytest.raises(InputError, match="known are direct"):
        spectra.fit_tauc(x, x, transition="sideways")
    with pytest.raises(InputError, match="no straight edge"):
        spectra.fit_tauc(x, np.linspace(1, 0, 50) / x)
    assert spectra.wavelength_to_energy(np.array([500.0]))[0] == pytest.approx(2.47968, abs=1e-5)
