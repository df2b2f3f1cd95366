"""Small-angle scattering: closed forms, brute force, sasmodels, and the published maxima."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qdstruct.errors import InputError
from qdstruct.simulation import (
    LayerStack,
    ParticleShape,
    SimpleCubicArray,
    array_structure_factor,
    form_factor,
    small_angle_curve,
    stack_structure_factor,
    structure_maxima,
)

Q = np.linspace(0.002, 0.3, 150)


def cube(edge=80.0, **more):
    return ParticleShape(kind="cube", size=(edge,) * 3, **more)


def sphere(diameter=80.0, **more):
    return ParticleShape(kind="sphere", size=(diameter,) * 3, **more)


def normalised(shape, q=Q):
    zero = form_factor(np.zeros(1), shape).mean_square[0]
    return form_factor(q, shape).mean_square / zero


def test_sphere_is_rayleighs_with_zeros_where_tan_x_is_x():
    """First zeros of sin x − x cos x: x = 4.49341, 7.72525 (Abramowitz and Stegun, table 4.19)."""
    zeros = np.array([4.493409458, 7.725251837]) / 40.0
    assert np.abs(normalised(sphere(), zeros)).max() < 1e-18
    x = Q * 40.0
    assert normalised(sphere()) == pytest.approx((3 * (np.sin(x) - x * np.cos(x)) / x**3) ** 2)


@pytest.mark.parametrize(
    ("shape", "square_radius"),
    [
        (sphere(80.0), 3 / 5 * 40.0**2),
        (cube(80.0), 80.0**2 / 4),
        (ParticleShape(kind="cuboid", size=(30, 60, 150)), (30**2 + 60**2 + 150**2) / 12),
    ],
)
def test_guinier_radius_is_that_of_the_body(shape, square_radius):
    q = np.array([1e-3, 1.5e-3])
    slope = np.diff(np.log(normalised(shape, q))) / np.diff(q**2)
    assert -3 * slope[0] == pytest.approx(square_radius, rel=2e-3)


@pytest.mark.parametrize(
    ("shape", "surface", "volume"),
    [
        (cube(40.0), 6 * 40.0**2, 40.0**3),
        (ParticleShape(kind="cuboid", size=(25, 40, 70)), 2 * (1000 + 1750 + 2800), 70000.0),
    ],
)
def test_porod_law_gives_the_surface(shape, surface, volume):
    """⟨F²⟩ → 2π S/q⁴ on average over the ripples."""
    q = np.linspace(1.5, 3.0, 400)
    mean = (form_factor(q, shape).mean_square * q**4).mean()
    assert mean == pytest.approx(2 * np.pi * surface, rel=0.03)
    assert form_factor(np.zeros(1), shape).mean_amplitude[0] == pytest.approx(volume)


def test_cube_equals_the_debye_sum_of_points_that_fill_it():
    """Distance distribution of a cube by a fine grid of points: an independent average."""
    edge, n = 60.0, 24
    multiplicity = n - np.abs(np.arange(-n + 1, n))
    step = np.arange(-n + 1, n) * edge / n
    r = np.sqrt(step[:, None, None] ** 2 + step[:, None] ** 2 + step**2)
    weight = multiplicity[:, None, None] * multiplicity[:, None] * multiplicity
    q = np.linspace(0.01, 0.25, 12)
    grid = np.array([(weight * np.sinc(value * r / np.pi)).sum() for value in q]) / n**6
    cell = np.sinc(q * edge / n / (2 * np.pi)) ** 2
    assert normalised(cube(edge), q) == pytest.approx(grid * cell, rel=0.03)


def test_shell_with_the_cores_contrast_is_a_larger_particle():
    whole = form_factor(Q, cube(100.0))
    shelled = form_factor(Q, cube(80.0, shell=10.0, core_contrast=1.0, shell_contrast=1.0))
    assert shelled.mean_square == pytest.approx(whole.mean_square)
    invisible = form_factor(Q, sphere(80.0, shell=10.0, shell_contrast=0.0))
    assert invisible.mean_square == pytest.approx(form_factor(Q, sphere(80.0)).mean_square)


def test_hollow_sphere_in_closed_form():
    """F = V₂ φ(qR₂) − V₁ φ(qR₁)."""
    hollow = form_factor(Q, sphere(80.0, shell=15.0, core_contrast=0.0, shell_contrast=1.0))

    def amplitude(radius):
        x = Q * radius
        return 4 * np.pi * (np.sin(x) - x * np.cos(x)) / Q**3

    assert hollow.mean_amplitude == pytest.approx(amplitude(55.0) - amplitude(40.0))


@settings(max_examples=20, deadline=None)
@given(
    size=st.tuples(*[st.floats(10, 120)] * 3),
    shell=st.floats(0, 20),
    contrasts=st.tuples(st.floats(0.2, 3), st.floats(0.2, 3)),
)
def test_interference_never_exceeds_the_scattering(size, shell, contrasts):
    shape = ParticleShape(
        kind="cuboid",
        size=size,
        shell=shell,
        core_contrast=contrasts[0],
        shell_contrast=contrasts[1],
    )
    averages = form_factor(Q, shape)
    assert (averages.beta <= 1 + 1e-9).all()
    turned = ParticleShape(
        kind="cuboid",
        size=size[::-1],
        shell=shell,
        core_contrast=contrasts[0],
        shell_contrast=contrasts[1],
    )
    assert form_factor(Q, turned).mean_square == pytest.approx(averages.mean_square, rel=1e-6)


def test_polydispersity_fills_the_minima_and_keeps_the_mean_volume():
    one, many = form_factor(Q, sphere()), form_factor(Q, sphere(), polydispersity=0.1)
    assert (many.mean_square / many.mean_square[0]).min() > 10 * normalised(sphere()).min()
    zero = form_factor(np.zeros(1), sphere(), polydispersity=0.1).mean_amplitude[0]
    assert zero == pytest.approx(one.mean_amplitude[0] * (1 + 3 * 0.01), rel=1e-2)


@pytest.mark.parametrize("spherical", [False, True])
def test_structure_factor_equals_brute_force(spherical):
    array = SimpleCubicArray(spacing=114.0, cells=(4, 3, 5), spherical=spherical)
    sites = np.stack(np.meshgrid(*map(np.arange, array.cells), indexing="ij"), -1).reshape(-1, 3)
    if spherical:
        centre = (np.array(array.cells) - 1) / 2
        sites = sites[((sites - centre) ** 2).sum(axis=1) <= 1.5**2]
    r = 114.0 * np.linalg.norm(sites[:, None] - sites, axis=2)
    exact = [np.sinc(value * r / np.pi).sum() / len(sites) for value in Q]
    assert array_structure_factor(Q, array) == pytest.approx(np.array(exact), abs=1e-5)


def test_vacancies_and_disorder_equal_the_average_over_random_arrays():
    rng = np.random.default_rng(11)
    q = np.linspace(0.03, 0.15, 9)
    sites = np.stack(np.meshgrid(*[np.arange(6)] * 3, indexing="ij"), -1).reshape(-1, 3) * 114.0
    total = np.zeros_like(q)
    count = 0.0
    for _ in range(60):
        points = sites[rng.uniform(size=len(sites)) > 0.2]
        points = points + rng.normal(0, 6.0, points.shape)
        r = np.linalg.norm(points[:, None] - points, axis=2)
        total += [np.sinc(value * r / np.pi).sum() for value in q]
        count += len(points)
    array = SimpleCubicArray(spacing=114.0, cells=(6, 6, 6), disorder=6.0, vacancies=0.2)
    assert array_structure_factor(q, array) == pytest.approx(total / count, abs=0.06)


def test_supraparticle_maxima_lie_where_they_were_published():
    """Van der Burgt et al. 2018, Fig. 3c: 0.55, 0.78, 1.10, 1.23 1/nm, one spacing of 11.4 nm."""
    q = np.linspace(0.03, 0.14, 600)
    array = SimpleCubicArray(spacing=114.0, cells=(12, 12, 12), disorder=5.0)
    curve = small_angle_curve(q, cube(80.0), name="supraparticle", arrangement=array)
    places = np.array([maximum.q * 10 for maximum in curve.maxima])
    for published in (0.55, 0.78, 1.10, 1.23):
        assert np.abs(places - published).min() < 0.006


@pytest.mark.parametrize(
    "arrangement",
    [
        SimpleCubicArray(spacing=114.0, cells=(12, 12, 12), disorder=5.0),
        LayerStack(period=114.0, layers=40, disorder=3.0),
    ],
)
def test_side_lobes_of_q_zero_are_no_maxima_of_the_lattice(arrangement):
    """The first order of either is at 2π/114 Å; the curve itself keeps its ripples below."""
    q = np.linspace(0.001, 0.2, 4000)
    curve = small_angle_curve(q, cube(80.0), name="array", arrangement=arrangement)
    strongest = max(curve.maxima, key=lambda maximum: maximum.height)
    assert strongest.spacing == pytest.approx(114.0, rel=3e-3)
    all_of_them = structure_maxima(q, curve.curve["structure_factor"].to_numpy())
    assert all_of_them[0].spacing > 200
    assert [m for m in all_of_them if m.q > 0.7 * 2 * np.pi / 114.0] == list(curve.maxima)


@pytest.mark.parametrize(("cells", "own"), [(3, False), (6, False), (8, True), (15, True)])
def test_the_second_order_stands_apart_from_eight_particles_on(cells, own):
    """{200}, 6 planes at 1.10 1/nm, hides in the flank of {210}, 24 planes at 1.23 1/nm.

    15 particles are the published coherence length of 166 nm. The tolerance is half of the last
    printed digit.
    """
    q = np.linspace(0.04, 0.13, 601)
    array = SimpleCubicArray(spacing=114.0, cells=(cells,) * 3, vacancies=0.033)
    places = [10 * m.q for m in structure_maxima(q, array_structure_factor(q, array))]
    near = {printed: min(abs(q - printed) for q in places) for printed in (0.55, 0.78, 1.1, 1.23)}
    assert near[0.55] < 0.005
    assert near[0.78] < 0.005
    assert (near[1.1] < 0.005) == own
    assert near[1.23] < (0.005 if cells >= 6 else 0.05)


@pytest.mark.parametrize("edges", [(60, 80, 120), (80, 80, 80), (30, 200, 200), (20, 30, 400)])
def test_adapted_orders_equal_dense_quadrature(edges):
    """Within 1e-7 of q → 0, and 1e-5 of the value, up to q·L = 120; dense: 400 × 400 directions."""
    q = np.array([0.0, 0.01, 0.05, 0.13, 0.3])
    x, w = np.polynomial.legendre.leggauss(400)
    height, turn = (x + 1) / 2, np.pi / 4 * (x + 1)
    flat = np.sqrt(1 - height**2)
    along = np.outer(flat, np.cos(turn)), np.outer(flat, np.sin(turn)), height[:, None]
    exact = []
    for value in q:
        sincs = [np.sinc(value * e * u / (2 * np.pi)) for e, u in zip(edges, along, strict=True)]
        amplitude = np.prod(edges) * sincs[0] * sincs[1] * sincs[2]
        exact.append([w @ f @ w / 4 for f in (amplitude**2, amplitude)])
    ours = form_factor(q, ParticleShape(kind="cuboid", size=edges))
    dense = np.array(exact).T
    for got, expected in zip((ours.mean_square, ours.mean_amplitude), dense, strict=True):
        assert np.abs(got - expected).max() < 1e-7 * expected[0]
    assert ours.mean_square == pytest.approx(dense[0], rel=1e-5)


@pytest.mark.parametrize(("period_nm", "published_q"), [(10.1, 0.62), (8.1, 0.78), (7.7, 0.82)])
def test_film_maxima_lie_where_they_were_published(period_nm, published_q):
    """Enomoto et al. 2024, Fig. S5: drop-cast, C10DT and C3DT films, out of plane."""
    q = np.linspace(0.045, 0.1, 500)
    stack = LayerStack(period=10 * period_nm, layers=14, disorder=6.0)
    curve = small_angle_curve(q, cube(70.0), name="film", arrangement=stack)
    strongest = max(curve.maxima, key=lambda maximum: maximum.height)
    assert strongest.q * 10 == pytest.approx(published_q, abs=0.006)
    assert strongest.spacing / 10 == pytest.approx(period_nm, rel=0.01)


def test_stack_equals_the_average_over_random_walks():
    rng = np.random.default_rng(7)
    q = np.linspace(0.03, 0.2, 15)
    total = np.zeros_like(q)
    for _ in range(6000):
        z = np.cumsum(rng.normal(80.0, 7.0, 6))
        total += np.abs(np.exp(1j * np.outer(q, z)).sum(axis=1)) ** 2 / 6
    stack = LayerStack(period=80.0, layers=6, disorder=7.0)
    assert stack_structure_factor(q, stack) == pytest.approx(total / 6000, abs=0.1)


def test_curve_of_free_particles_is_the_form_factor_and_survives_a_round_trip():
    curve = small_angle_curve(Q, cube(), name="free")
    assert curve.maxima == ()
    assert curve.curve["intensity"].to_numpy() == pytest.approx(normalised(cube()))
    back = type(curve).from_dict(curve.to_dict())
    assert back.curve.equals(curve.curve)


@pytest.mark.parametrize(
    "make",
    [
        lambda: cube(-1.0),
        lambda: ParticleShape(kind="rod", size=(1, 1, 1)),
        lambda: ParticleShape(kind="sphere", size=(1, 2, 3)),
        lambda: cube(shell=-1.0),
        lambda: SimpleCubicArray(spacing=0.0, cells=(2, 2, 2)),
        lambda: SimpleCubicArray(spacing=1.0, cells=(0, 2, 2)),
        lambda: SimpleCubicArray(spacing=1.0, cells=(2, 2, 2), vacancies=1.0),
        lambda: LayerStack(period=80.0, layers=0),
        lambda: small_angle_curve(Q[::-1], cube(), name="x"),
        lambda: small_angle_curve(np.array([0.0, 0.1, 0.2]), cube(), name="x"),
        lambda: form_factor(np.array([np.nan]), cube()),
        lambda: form_factor(Q, cube(), polydispersity=0.9),
    ],
)
def test_impossible_requests_are_refused(make):
    with pytest.raises(InputError):
        make()


@pytest.mark.parametrize("kind", ["sphere", "parallelepiped", "core_shell_sphere"])
def test_form_factors_equal_those_of_sasmodels(kind):
    core = pytest.importorskip("sasmodels.core")
    from sasmodels.direct_model import call_kernel

    kernel = core.load_model(kind, platform="dll").make_kernel([Q])
    if kind == "sphere":
        shape, parameters = sphere(80.0), {"radius": 40.0}
    elif kind == "parallelepiped":
        shape = ParticleShape(kind="cuboid", size=(50, 80, 120))
        parameters = {"length_a": 50.0, "length_b": 80.0, "length_c": 120.0}
    else:
        shape = sphere(80.0, shell=15.0, core_contrast=3.0, shell_contrast=1.0)
        parameters = {"radius": 40.0, "thickness": 15.0, "sld_core": 4.0, "sld_shell": 2.0}
        parameters["sld_solvent"] = 1.0
    theirs = call_kernel(kernel, {**parameters, "background": 0.0, "scale": 1.0})
    ours = normalised(shape)
    assert ours == pytest.approx(theirs / theirs[0] * ours[0], rel=2e-3, abs=1e-7)
