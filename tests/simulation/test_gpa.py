"""Geometric phase analysis on images whose strain is known."""

from __future__ import annotations

import numpy as np
import pytest

from qdstruct.errors import InputError
from qdstruct.simulation.gpa import strain_map
from qdstruct.simulation.micrographs import micrograph

G1, G2 = (0.34, 0.0), (0.0, 0.34)
REFERENCE = (30.0, 30.0, 80.0, 170.0)


def lattice_image(displacement, *, pixel=(0.5, 0.5), shape=(400, 400), noise=0.0, g=(G1, G2)):
    """Two families of fringes cos 2π g·(r − u(r)): Hÿtch's model image."""
    y = pixel[0] * np.arange(shape[0])[:, None] + np.zeros(shape)
    x = pixel[1] * np.arange(shape[1])[None, :] + np.zeros(shape)
    u, v = displacement(x, y)
    image = 2.0 + sum(np.cos(2 * np.pi * (k[0] * (x - u) + k[1] * (y - v))) for k in g)
    image = image + np.random.default_rng(0).normal(0, noise, shape)
    return micrograph(image, pixel, name="fringes")


def inside(field, x0, x1):
    """Mean over a stripe, in displaced coordinates well away from edges and interface."""
    return float(np.nanmean(field.sel(x=slice(x0, x1), y=slice(30, 170)).to_numpy()))


@pytest.mark.parametrize("noise", [0.0, 0.3])
def test_a_step_of_two_percent_comes_back_within_a_tenth_of_a_percent(noise):
    """A film of period 1.02/g beyond x = 100 Å: u = 0.02/1.02 (x − 100)."""
    image = lattice_image(
        lambda x, y: (np.where(x > 100, 0.02 / 1.02 * (x - 100), 0.0), 0 * x), noise=noise
    )
    result = strain_map(image, G1, G2, reference=REFERENCE)
    assert inside(result.maps["exx"], 120, 180) == pytest.approx(0.02, abs=1e-3)
    assert inside(result.maps["exx"], 30, 80) == pytest.approx(0.0, abs=2e-4)
    assert inside(result.maps["eyy"], 120, 180) == pytest.approx(0.0, abs=1e-3)
    assert inside(result.maps["exy"], 120, 180) == pytest.approx(0.0, abs=1e-3)
    assert result.g1 == pytest.approx(G1, abs=1e-4)
    if noise == 0:
        assert result.noise < 2e-4


def test_profile_crosses_half_way_within_the_resolution_of_the_interface():
    image = lattice_image(lambda x, y: (np.where(x > 100, 0.05 / 1.05 * (x - 100), 0.0), 0 * x))
    result = strain_map(image, G1, G2, reference=REFERENCE, resolution=15.0)
    profile = result.maps["exx"].sel(y=slice(30, 170)).mean("y")
    x = profile.coords["x"].to_numpy()
    middle = x[np.nanargmin(np.abs(profile.to_numpy() - 0.025))]
    assert abs(middle - 100) < 3.0
    spread = x[(profile.to_numpy() > 0.005) & (profile.to_numpy() < 0.045)]
    assert np.ptp(spread) < 1.5 * result.resolution


def test_large_homogeneous_deformation_is_exact_with_oblique_spots_and_odd_pixels():
    """F applied to half of the image; first-order GPA would be off by 0.6 % at 8 %."""
    deformation = np.array([[1.08, 0.02], [-0.01, 0.95]])
    inverse = np.linalg.inv(deformation)
    spots = ((0.30, 0.05), (0.08, 0.31))

    def displacement(x, y):
        back = inverse @ np.stack([(x - 100).ravel(), y.ravel()])
        u = np.where(x > 100, x - 100 - back[0].reshape(x.shape), 0.0)
        v = np.where(x > 100, y - back[1].reshape(x.shape), 0.0)
        return u, v

    image = lattice_image(displacement, pixel=(0.5, 0.4), shape=(400, 500), g=spots)
    result = strain_map(image, *spots, reference=REFERENCE)
    assert inside(result.maps["exx"], 125, 175) == pytest.approx(0.08, abs=1e-3)
    assert inside(result.maps["eyy"], 125, 175) == pytest.approx(-0.05, abs=1e-3)
    assert inside(result.maps["exy"], 125, 175) == pytest.approx(0.005, abs=1e-3)
    rotation = np.degrees((-0.01 - 0.02) / 2)
    assert inside(result.maps["rotation"], 125, 175) == pytest.approx(rotation, abs=0.06)


def test_rotated_grain_is_rotation_and_not_strain():
    angle = np.radians(1.0)

    def displacement(x, y):
        u = x - (np.cos(angle) * x + np.sin(angle) * y)
        v = y - (-np.sin(angle) * x + np.cos(angle) * y)
        return np.where(x > 100, u, 0.0), np.where(x > 100, v, 0.0)

    result = strain_map(lattice_image(displacement), G1, G2, reference=REFERENCE)
    assert inside(result.maps["rotation"], 125, 175) == pytest.approx(1.0, abs=0.02)
    assert inside(result.maps["exx"], 125, 175) == pytest.approx(0.0, abs=5e-4)


def test_the_edge_is_not_a_number_and_the_map_survives_a_round_trip():
    result = strain_map(lattice_image(lambda x, y: (0 * x, 0 * x)), G1, G2, reference=REFERENCE)
    field = result.maps["exx"].to_numpy()
    assert np.isnan(field[0]).all()
    assert np.isnan(field[:, -1]).all()
    assert np.isfinite(field[200, 200])
    back = type(result).from_dict(result.to_dict())
    assert back.g1 == result.g1
    assert back.maps.equals(result.maps)


@pytest.mark.parametrize("noise", [0.0, 0.05])
def test_where_a_reflection_is_absent_there_is_no_strain(noise):
    """Left a square lattice, right one of another period turned by 30°: no fringes at g there."""
    left = lattice_image(lambda x, y: (0 * x, 0 * x), noise=noise)
    turn = np.radians(30)
    other = tuple((0.23 * np.cos(turn + a), 0.23 * np.sin(turn + a)) for a in (0, np.pi / 2))
    right = lattice_image(lambda x, y: (0 * x, 0 * x), noise=noise, g=other)
    x = left.image.coords["x"].to_numpy()
    halves = np.where(x[None, :] > 100, right.image.to_numpy(), left.image.to_numpy())
    image = micrograph(halves, (0.5, 0.5), name="halves")
    result = strain_map(image, G1, G2, reference=REFERENCE)
    for name, field in result.maps.data_vars.items():
        values = field.sel(y=slice(30, 170))
        assert np.isnan(values.sel(x=slice(125, 170)).to_numpy()).all(), name
        assert np.isfinite(values.sel(x=slice(30, 90)).to_numpy()).all(), name
        assert np.nanmax(np.abs(values.to_numpy())) < (10 if name == "rotation" else 0.2), name


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"g2": (0.68, 0.0)}, "parallel"),
        ({"g2": (0.0, 0.0)}, "not a spot"),
        ({"g2": (0.0, 1.4)}, "resolve"),
        ({"reference": (-10.0, 0.0, 50.0, 50.0)}, "leaves the image"),
        ({"reference": (10.0, 10.0, 12.0, 12.0)}, "smaller"),
        ({"resolution": 1.0}, "neighbouring"),
        ({"resolution": 120.0, "reference": (0.0, 0.0, 190.0, 190.0)}, "nothing"),
    ],
)
def test_impossible_requests_are_refused(wrong, said):
    image = lattice_image(lambda x, y: (0 * x, 0 * x))
    words = {"g1": G1, "g2": G2, "reference": REFERENCE} | wrong
    with pytest.raises(InputError, match=said):
        strain_map(image, words.pop("g1"), words.pop("g2"), **words)
