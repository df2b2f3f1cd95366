"""Powder lines against published ones, pymatgen, extinction rules and closed forms."""

from __future__ import annotations

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from ase.spacegroup import crystal
from hypothesis import given, settings
from hypothesis import strategies as st

from qdstruct.errors import InputError
from qdstruct.simulation import PowderSettings, powder_pattern, profile
from qdstruct.simulation.powder import lorentz_polarisation


def perovskite() -> Atoms:
    sites = [(0, 0, 0), (0.5, 0.5, 0.5), (0, 0.5, 0.5)]
    return crystal(["Cs", "Pb", "Br"], sites, spacegroup=221, cellpar=[5.874] * 3 + [90] * 3)


def zincblende() -> Atoms:
    return bulk("CdS", "zincblende", a=5.832, cubic=True)


def wurtzite() -> Atoms:
    sites = [(1 / 3, 2 / 3, 0), (1 / 3, 2 / 3, 0.3772)]
    return crystal(["Cd", "S"], sites, spacegroup=186, cellpar=[4.136, 4.136, 6.713, 90, 90, 120])


def lines(pattern, threshold=0.0):
    return {peak.hkl[0]: peak for peak in pattern.peaks if peak.intensity > threshold}


def test_cubic_cspbbr3_lines_lie_where_the_thesis_prints_them():
    found = lines(powder_pattern(perovskite(), name="CsPbBr3", anode="CuKa1"))
    published = {(1, 1, 0): 21.38, (2, 0, 0): 30.41, (2, 1, 1): 37.47, (2, 2, 0): 43.56}
    for hkl, angle in published.items():
        assert found[hkl].two_theta == pytest.approx(angle, abs=0.03)


@pytest.mark.parametrize("structure", [perovskite, zincblende, wurtzite])
@pytest.mark.parametrize("wavelength", [1.54056, 0.7093])
def test_positions_and_multiplicities_equal_pymatgens(structure, wavelength):
    """Same lines; pymatgen drops those below 0.001 and prints each family's multiplicity."""
    from pymatgen.analysis.diffraction.xrd import XRDCalculator
    from pymatgen.io.ase import AseAtomsAdaptor

    atoms = structure()
    ours = powder_pattern(atoms, name="x", anode=wavelength, two_theta_range=(10, 70))
    peer = XRDCalculator(wavelength, symprec=0).get_pattern(
        AseAtomsAdaptor.get_structure(atoms), two_theta_range=(10, 70)
    )
    strong = [peak for peak in ours.peaks if peak.intensity > 0.01]
    theirs = [i for i, y in enumerate(peer.y) if y > 0.01]
    assert [peak.two_theta for peak in strong] == pytest.approx(peer.x[theirs], abs=1e-4)
    counts = [sum(family["multiplicity"] for family in peer.hkls[i]) for i in theirs]
    assert [peak.multiplicity for peak in strong] == counts


@pytest.mark.parametrize("structure", [perovskite, zincblende, wurtzite])
def test_intensities_agree_with_pymatgens_without_anomalous_terms(structure):
    """pymatgen uses Doyle–Turner-like f0 = Z − 41.78214 s² Σ a exp(−b s²) and no f′, f″.

    The two tables differ by up to a few percent of an atom's f0, so intensities agree within two
    percent of the strongest line; the same comparison fails when LP or multiplicity is left out.
    """
    from pymatgen.analysis.diffraction.xrd import XRDCalculator
    from pymatgen.io.ase import AseAtomsAdaptor

    atoms = structure()
    ours = powder_pattern(atoms, name="x", anode=1.54056, settings=PowderSettings(anomalous=False))
    peer = XRDCalculator(1.54056, symprec=0).get_pattern(
        AseAtomsAdaptor.get_structure(atoms), two_theta_range=(10, 60)
    )
    theirs = dict(zip(np.round(peer.x, 3), peer.y, strict=True))
    for peak in ours.peaks:
        if peak.intensity > 0.1:
            assert theirs[np.round(peak.two_theta, 3)] == pytest.approx(peak.intensity, abs=2.0)


def test_fcc_and_diamond_extinctions():
    fcc = powder_pattern(bulk("Cu", cubic=True), name="Cu", two_theta_range=(10, 100))
    for peak in fcc.peaks:
        for hkl in peak.hkl:
            assert len({index % 2 for index in hkl}) == 1
    diamond = powder_pattern(bulk("Si", cubic=True), name="Si", two_theta_range=(10, 100))
    assert {peak.hkl[0] for peak in diamond.peaks} == {
        (1, 1, 1),
        (2, 2, 0),
        (3, 1, 1),
        (4, 0, 0),
        (3, 3, 1),
        (4, 2, 2),
        (5, 1, 1),
    }


def test_zincblende_keeps_the_weak_200_that_diamond_lacks():
    found = lines(powder_pattern(zincblende(), name="CdS", two_theta_range=(10, 60)))
    assert {(1, 1, 1), (2, 0, 0), (2, 2, 0), (3, 1, 1), (2, 2, 2)} <= set(found)
    assert found[2, 0, 0].multiplicity == 6


def test_lines_of_one_spacing_share_a_peak_and_name_both_families():
    pattern = powder_pattern(perovskite(), name="x")
    peak = next(peak for peak in pattern.peaks if (3, 0, 0) in peak.hkl)
    assert set(peak.hkl) == {(3, 0, 0), (2, 2, 1)}
    assert peak.multiplicity == 6 + 24


def test_weak_lines_stay_until_a_threshold_is_asked_for():
    atoms = perovskite()
    atoms.positions[0] += (0.01, 0.0, 0.0)
    everything = powder_pattern(atoms.repeat((2, 1, 1)), name="x")
    atoms = atoms.repeat((2, 1, 1))
    atoms.positions[0] += (0.02, 0, 0)
    weak = powder_pattern(atoms, name="x")
    assert len(weak.peaks) > len(everything.peaks)
    assert min(peak.intensity for peak in weak.peaks) < 1e-2
    cut = powder_pattern(atoms, name="x", settings=PowderSettings(min_intensity=1.0))
    assert min(peak.intensity for peak in cut.peaks) >= 1.0


def test_supercell_gives_the_same_lines_and_intensities():
    small = powder_pattern(perovskite(), name="x")
    big = powder_pattern(perovskite().repeat((2, 3, 2)), name="x")
    assert [p.two_theta for p in big.peaks] == pytest.approx([p.two_theta for p in small.peaks])
    assert [p.intensity for p in big.peaks] == pytest.approx([p.intensity for p in small.peaks])


def test_friedel_pairs_of_a_crystal_without_centre_are_both_counted():
    """|F(111)|² ≠ |F(−1−1−1)|² in zincblende with f″; closed form of the mean of the two."""
    from qdstruct.simulation import radiation
    from qdstruct.simulation.scattering_factors import anomalous_factor, xray_factor

    pattern = powder_pattern(zincblende(), name="CdS", anode="CuKa", two_theta_range=(20, 60))
    energy = radiation("CuKa").energy

    def pair(hkl, multiplicity, peak):
        s = 1 / (2 * peak.d)
        cd = xray_factor("Cd", s) + anomalous_factor("Cd", energy)
        sulphur = xray_factor("S", s) + anomalous_factor("S", energy)
        phase = np.exp(0.5j * np.pi * sum(hkl))
        square = (abs(cd + sulphur * phase) ** 2 + abs(cd + sulphur * phase.conj()) ** 2) / 2
        return multiplicity * square * lorentz_polarisation(np.array(peak.two_theta))

    found = lines(pattern)
    ratio = found[3, 1, 1].intensity / found[1, 1, 1].intensity
    expected = pair((3, 1, 1), 24, found[3, 1, 1]) / pair((1, 1, 1), 8, found[1, 1, 1])
    assert ratio == pytest.approx(float(expected), rel=1e-9)


def test_lorentz_polarisation_at_angles_done_by_hand():
    """2θ = 90°: (1 + 0)/2 / (½ · √½) = √2; a monochromator at 90° leaves no cos² term."""
    assert lorentz_polarisation(np.array([90.0]))[0] == pytest.approx(np.sqrt(2))
    at_60 = lorentz_polarisation(np.array([60.0]), monochromator=90.0)[0]
    assert at_60 == pytest.approx(1 / (0.25 * np.cos(np.pi / 6)))


def test_displacements_weaken_by_the_debye_waller_factor():
    cold = lines(powder_pattern(bulk("Cu", cubic=True), name="Cu", two_theta_range=(40, 60)))
    hot = lines(
        powder_pattern(
            bulk("Cu", cubic=True),
            name="Cu",
            two_theta_range=(40, 60),
            settings=PowderSettings(b_iso={"Cu": 2.0}),
        )
    )
    change = hot[2, 0, 0].intensity / hot[1, 1, 1].intensity
    change /= cold[2, 0, 0].intensity / cold[1, 1, 1].intensity
    d_111, d_200 = cold[1, 1, 1].d, cold[2, 0, 0].d
    assert change == pytest.approx(np.exp(-2 * 2.0 * (1 / d_200**2 - 1 / d_111**2) / 4))


def test_plates_on_001_strengthen_00l():
    texture = PowderSettings(preferred_orientation=((0, 0, 1), 0.5))
    plain = lines(powder_pattern(wurtzite(), name="x"))
    oriented = lines(powder_pattern(wurtzite(), name="x", settings=texture))
    gain = oriented[0, 0, 2].intensity / oriented[1, 0, 0].intensity
    gain /= plain[0, 0, 2].intensity / plain[1, 0, 0].intensity
    assert gain == pytest.approx((0.5**-3) / (1 / 0.5) ** -1.5)


def test_march_weights_average_to_one_over_the_sphere():
    from qdstruct.simulation.powder import _march_dollase
    from qdstruct.simulation.structure_factor import reflections

    atoms = bulk("Po", "sc", a=50.0)
    shell = reflections(np.asarray(atoms.cell), 1.0, 0.8)
    weights = _march_dollase(atoms, shell, ((0, 0, 1), 0.6))
    assert weights.mean() == pytest.approx(1.0, abs=2e-3)


def test_doublet_splits_lines_at_high_angle_and_leaves_their_area():
    atoms = bulk("Si", cubic=True)
    one = powder_pattern(atoms, name="Si", two_theta_range=(80, 100), instrument_fwhm=0.05)
    two = powder_pattern(
        atoms,
        name="Si",
        two_theta_range=(80, 100),
        instrument_fwhm=0.05,
        settings=PowderSettings(doublet=True),
    )

    def maxima(pattern):
        y = pattern.pattern.to_numpy()
        return int(((y[1:-1] > y[:-2]) & (y[1:-1] > y[2:]) & (y[1:-1] > 1)).sum())

    assert maxima(two) == 2 * maxima(one)
    assert two.peaks == one.peaks


def test_scherrer_width_is_the_width_of_the_drawn_line():
    pattern = powder_pattern(
        bulk("Po", "sc", a=3.345),
        name="Po",
        two_theta_range=(20, 35),
        size_nm=8.0,
        step=0.005,
        instrument_fwhm=0.001,
    )
    peak = pattern.peaks[0]
    angle = pattern.pattern.coords["two_theta"].to_numpy()
    above = angle[pattern.pattern.to_numpy() > 50]
    expected = 0.94 * pattern.wavelength / (80 * np.cos(np.radians(peak.two_theta / 2)))
    assert above[-1] - above[0] == pytest.approx(np.degrees(expected), rel=0.01)


@pytest.mark.parametrize(
    "shape",
    [
        profile.LineShape(instrument_fwhm=0.1),
        profile.LineShape(instrument_fwhm=0.05, size_nm=9.0, microstrain=0.01),
    ],
)
def test_many_lines_are_drawn_as_if_one_by_one(shape):
    rng = np.random.default_rng(3)
    position, area = rng.uniform(19, 41, 5000), rng.uniform(0, 1, 5000)
    grid = np.arange(20, 40, 0.02)
    together = profile.draw_lines(grid, position, area, shape, 1.54)
    apart = sum(
        profile.draw_lines(grid, position[i : i + 500], area[i : i + 500], shape, 1.54)
        for i in range(0, 5000, 500)
    )
    assert np.abs(together - apart).max() < 2e-3 * apart.max()


def test_pseudo_voigt_approximates_the_voigt_function_and_keeps_its_area():
    from scipy.special import voigt_profile

    x = np.linspace(-3, 3, 2001)
    fwhm, eta = profile.thompson_cox_hastings(np.array(0.12), np.array(0.08))
    sigma, gamma = 0.12 / np.sqrt(8 * np.log(2)), 0.04
    exact = voigt_profile(x, sigma, gamma)
    ours = profile.pseudo_voigt(x, float(fwhm), float(eta))
    assert np.abs(ours - exact).max() < 0.015 * exact.max()
    assert np.trapezoid(ours, x) == pytest.approx(1, abs=0.02)


@settings(max_examples=15, deadline=None)
@given(shift=st.tuples(*[st.floats(-3, 3)] * 3), angle=st.floats(0, 180))
def test_pattern_does_not_care_where_the_crystal_lies(shift, angle):
    reference = powder_pattern(wurtzite(), name="x")
    moved = wurtzite()
    moved.positions += shift
    moved.rotate(angle, (1, 2, 3), rotate_cell=True)
    pattern = powder_pattern(moved, name="x")
    assert [p.intensity for p in pattern.peaks] == pytest.approx(
        [p.intensity for p in reference.peaks], rel=1e-6
    )


@pytest.mark.parametrize("span", [(60, 10), (0, 60), (10, 180), (10, 10), (np.nan, 60)])
def test_impossible_ranges_are_refused(span):
    with pytest.raises(InputError, match="2θ"):
        powder_pattern(perovskite(), name="x", two_theta_range=span)


@pytest.mark.parametrize(
    "wrong",
    [{"size_nm": 0.0}, {"size_nm": -2.0}, {"instrument_fwhm": 0.0}, {"step": 0.0}, {"step": 80.0}],
)
def test_impossible_widths_and_steps_are_refused(wrong):
    with pytest.raises(InputError):
        powder_pattern(perovskite(), name="x", **wrong)


def test_unknown_anode_lists_the_known_ones():
    with pytest.raises(InputError) as caught:
        powder_pattern(perovskite(), name="x", anode="CuZz")
    assert "CuKa1" in str(caught.value)


def test_a_range_without_lines_and_a_molecule_are_refused():
    with pytest.raises(InputError, match="no reflection"):
        powder_pattern(perovskite(), name="x", two_theta_range=(10, 14))
    with pytest.raises(InputError, match="cell"):
        powder_pattern(Atoms("CO", positions=[[0, 0, 0], [0, 0, 1.1]]), name="CO")
    with pytest.raises(InputError, match="no atoms"):
        powder_pattern(Atoms(cell=[3, 3, 3], pbc=True), name="nothing")


def test_pattern_survives_a_round_trip():
    pattern = powder_pattern(perovskite(), name="x", size_nm=12.0)
    back = type(pattern).from_dict(pattern.to_dict())
    assert back.peaks == pattern.peaks
    assert np.array_equal(back.pattern, pattern.pattern)
    assert np.array_equal(back.cell, pattern.cell)
