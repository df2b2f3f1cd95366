"""Zone-axis patterns: geometry, extinctions, electron scattering factors."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from ase.build import bulk
from ase.data import chemical_symbols
from ase.spacegroup import crystal
from hypothesis import given, settings
from hypothesis import strategies as st

from qdstruct import phases
from qdstruct.errors import InputError
from qdstruct.simulation import electron_wavelength, zone_axis_pattern
from qdstruct.simulation.scattering_factors import electron_factor, xray_factor


def perovskite():
    sites = [(0, 0, 0), (0.5, 0.5, 0.5), (0, 0.5, 0.5)]
    return crystal(["Cs", "Pb", "Br"], sites, spacegroup=221, cellpar=[5.874] * 3 + [90] * 3)


def test_cubic_001_is_a_square_of_a_reciprocal():
    pattern = zone_axis_pattern(perovskite(), name="CsPbBr3", zone=(0, 0, 1), max_g=0.35)
    first = {spot.hkl: spot for spot in pattern.spots[:4]}
    assert set(first) == {(1, 0, 0), (0, 1, 0), (-1, 0, 0), (0, -1, 0)}
    assert first[1, 0, 0].angle == 0.0
    assert first[0, 1, 0].angle == pytest.approx(90.0)
    assert first[1, 0, 0].length == pytest.approx(1 / 5.874)
    diagonal = next(spot for spot in pattern.spots if spot.hkl == (1, 1, 0))
    assert diagonal.angle == pytest.approx(45.0)
    assert diagonal.length == pytest.approx(np.sqrt(2) / 5.874)


def test_zincblende_111_shows_a_hexagon_of_220_and_marks_the_rest():
    atoms = bulk("CdS", "zincblende", a=5.832, cubic=True)
    pattern = zone_axis_pattern(atoms, name="CdS", zone=(1, 1, 1), max_g=0.5)
    allowed = [spot for spot in pattern.spots if not spot.forbidden]
    assert sorted(spot.angle for spot in allowed) == pytest.approx([0, 60, 120, 180, 240, 300])
    assert [spot.length for spot in allowed] == pytest.approx([np.sqrt(8) / 5.832] * 6)
    assert all(sorted(map(abs, spot.hkl)) == [0, 2, 2] for spot in allowed)
    assert {tuple(sorted(map(abs, s.hkl))) for s in pattern.spots if s.forbidden} == {
        (0, 1, 1),
        (1, 1, 2),
    }


def test_diamond_200_is_forbidden_and_lit_by_double_diffraction_along_110_only():
    """h k l = 2 0 0 = (1 1 1) + (1 −1 −1): both lie in zone [0 1 −1] (Hirsch et al. 1965)."""
    silicon = bulk("Si", cubic=True)
    along_110 = zone_axis_pattern(silicon, name="Si", zone=(0, 1, -1), max_g=0.6)
    spot = next(spot for spot in along_110.spots if spot.hkl == (2, 0, 0))
    assert spot.forbidden
    assert spot.double_diffraction
    along_001 = zone_axis_pattern(silicon, name="Si", zone=(0, 0, 1), max_g=0.6)
    spot = next(spot for spot in along_001.spots if spot.hkl == (2, 0, 0))
    assert spot.forbidden
    assert not spot.double_diffraction


def test_glide_extinctions_of_pnma():
    """0kl: k + l = 2n, hk0: h = 2n (International Tables, Pnma)."""
    atoms = crystal(
        ["Pb", "Cs", "Br", "Br"],
        [(0, 0.5, 0), (0.531, 0.25, 0.00702), (0.29347, 0.47611, 0.20607), (0.0037, 0.75, 0.0455)],
        spacegroup=62,
        cellpar=[8.244, 11.7351, 8.1982, 90, 90, 90],
    )
    zone_100 = zone_axis_pattern(atoms, name="x", zone=(1, 0, 0), max_g=0.6)
    for spot in zone_100.spots:
        assert spot.forbidden == ((spot.hkl[1] + spot.hkl[2]) % 2 == 1)
    zone_001 = zone_axis_pattern(atoms, name="x", zone=(0, 0, 1), max_g=0.6)
    for spot in zone_001.spots:
        assert spot.forbidden == (spot.hkl[0] % 2 == 1 or (spot.hkl[0] == 0 and spot.hkl[1] % 2))


def test_a_phase_can_be_seen_in_two_settings_with_the_same_spots():
    """The [001] pattern of a cube equals the [100] pattern of the same cube, axes permuted."""
    cube = zone_axis_pattern(perovskite(), name="x", zone=(0, 0, 1))
    turned = zone_axis_pattern(perovskite(), name="x", zone=(1, 0, 0))
    assert [s.length for s in cube.spots] == pytest.approx([s.length for s in turned.spots])
    assert sorted(s.intensity for s in cube.spots) == pytest.approx(
        sorted(s.intensity for s in turned.spots)
    )


@settings(max_examples=25, deadline=None)
@given(
    zone=st.tuples(*[st.integers(-3, 3)] * 3).filter(any),
    factor=st.integers(1, 3),
)
def test_every_spot_obeys_the_zone_law_and_has_its_opposite(zone, factor):
    sites = [(1 / 3, 2 / 3, 0), (1 / 3, 2 / 3, 0.3772)]
    cell = [4.136, 4.136, 6.713, 90, 90, 120]
    atoms = crystal(["Cd", "S"], sites, spacegroup=186, cellpar=cell)
    scaled = tuple(factor * index for index in zone)
    pattern = zone_axis_pattern(atoms, name="x", zone=scaled, max_g=1.0)
    by_hkl = {spot.hkl: spot for spot in pattern.spots}
    for hkl, spot in by_hkl.items():
        assert np.dot(hkl, zone) == 0
        assert np.hypot(*spot.g) == pytest.approx(spot.length)
        opposite = by_hkl[tuple(-index for index in hkl)]
        assert opposite.g == pytest.approx((-spot.g[0], -spot.g[1]))
        assert opposite.intensity == pytest.approx(spot.intensity, rel=1e-6, abs=1e-9)


def test_angle_between_two_spots_is_the_angle_between_their_planes():
    atoms = crystal(["Cd"], [(0, 0, 0)], spacegroup=1, cellpar=[4.1, 5.3, 6.2, 80, 95, 103])
    pattern = zone_axis_pattern(atoms, name="x", zone=(1, 2, -1), max_g=0.6)
    reciprocal = np.linalg.inv(np.asarray(atoms.cell)).T
    one, two = pattern.spots[0], pattern.spots[3]
    g_one, g_two = np.array(one.hkl) @ reciprocal, np.array(two.hkl) @ reciprocal
    cosine = g_one @ g_two / np.linalg.norm(g_one) / np.linalg.norm(g_two)
    assert np.cos(np.radians(one.angle - two.angle)) == pytest.approx(cosine)


def test_electron_factors_of_silicon_are_those_of_doyle_and_turner():
    """Doyle and Turner, Acta Cryst. A 24, 390 (1968): Σ a exp(−b s²) to s = 2."""
    a = np.array([2.1293, 2.5333, 0.8349, 0.3216])
    b = np.array([57.7748, 16.4756, 2.8796, 0.3860])
    s = np.linspace(0.05, 1.0, 30)
    published = np.exp(-np.outer(s**2, b)) @ a
    assert electron_factor("Si", s) == pytest.approx(published, rel=0.02)
    assert electron_factor("Si", 0.0) == pytest.approx(5.828, rel=0.02)


@cache
def elements_of_the_phases():
    return {s for phase in phases.catalogue() for s in phase.atoms.symbols} | {"Au", "Se"}


def test_electron_factors_equal_those_of_doyle_and_turner_for_all_our_elements():
    """Within 3.5 % for 0.05 ≤ s ≤ 1 1/Å, as pymatgen tabulates them (De Graef and McHenry 2007).

    Another calculation of the atoms and another fit: four Gaussians. For tin, tellurium and most
    metals of the transition rows that table falls back on Smith and Burge (1962), Thomas–Fermi
    atoms, 5 to 50 % off ours and as much off Mott and Bethe; these are left out.
    """
    import json
    from importlib.resources import files

    path = files("pymatgen.analysis.diffraction") / "atomic_scattering_params.json"
    table = json.loads(path.read_text(encoding="utf-8"))
    s = np.linspace(0.05, 1.0, 40)
    compared = [e for e in sorted(elements_of_the_phases()) if e not in ("Sn", "Te")]
    assert {"Cs", "Pb", "Br", "Cd", "S", "Zn", "C", "N", "H"} <= set(compared)
    for element in compared:
        a, b = np.array(table[element]).T
        published = np.exp(-np.outer(s**2, b)) @ a
        assert electron_factor(element, s) == pytest.approx(published, rel=0.035), element


def test_mott_and_bethe_join_electron_and_xray_factors():
    """f_e = 0.023934 (Z − f_x)/s², f_x of Waasmaier and Kirfel: two fits by different authors.

    Hydrogen to californium within 3 % (2.8 % cerium, 2.3 % or less all others), the elements of
    our phases within 1 %.
    """
    s = np.linspace(0.2, 1.5, 30)
    for z, element in enumerate(chemical_symbols[1:99], start=1):
        expected = 0.0239337 * (z - xray_factor(element, s)) / s**2
        limit = 0.01 if element in elements_of_the_phases() else 0.03
        assert electron_factor(element, s) == pytest.approx(expected, rel=limit), element


def test_electron_factors_are_finite_at_the_origin_and_refuse_dummies():
    with pytest.raises(InputError, match="dummy"):
        electron_factor("X", 0.1)
    assert electron_factor("Pb", 0.0) == pytest.approx(float(electron_factor("Pb", 1e-4)), rel=1e-6)


def test_electron_wavelengths_of_the_textbooks():
    """Williams and Carter, table 1.2: 100, 200, 300 kV."""
    for volts, wavelength in [(100e3, 0.03701), (200e3, 0.02508), (300e3, 0.01969)]:
        assert electron_wavelength(volts) == pytest.approx(wavelength, abs=6e-6)


@pytest.mark.parametrize(
    "wrong",
    [
        {"zone": (0, 0, 0)},
        {"zone": (0, 0, 1), "max_g": 0.0},
        {"zone": (0, 0, 1), "max_g": float("nan")},
        {"zone": (0, 0, 1), "max_g": 0.01},
    ],
)
def test_impossible_requests_are_refused(wrong):
    with pytest.raises(InputError):
        zone_axis_pattern(perovskite(), name="x", **wrong)
