"""Images: contrast transfer, phase object, Fourier spots, files, indexing."""

from __future__ import annotations

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from ase.spacegroup import crystal

from qdstruct.errors import InputError
from qdstruct.simulation import zone_axis_pattern
from qdstruct.simulation.electron import pattern_axes, zone_structure_factors
from qdstruct.simulation.fourier import find_spots
from qdstruct.simulation.hrtem import hrtem_image
from qdstruct.simulation.indexing import index_overlapping, index_spots
from qdstruct.simulation.micrographs import micrograph, read_image, write_image
from qdstruct.simulation.microscope import Microscope, contrast_transfer, scherzer_defocus
from qdstruct.simulation.radiation import interaction_constant


def perovskite():
    sites = [(0, 0, 0), (0.5, 0.5, 0.5), (0, 0.5, 0.5)]
    return crystal(["Cs", "Pb", "Br"], sites, spacegroup=221, cellpar=[5.874] * 3 + [90] * 3)


def zincblende():
    return bulk("CdS", "zincblende", a=5.82, cubic=True)


def orthorhombic():
    return crystal(
        ["Pb", "Cs", "Br", "Br"],
        [(0, 0.5, 0), (0.531, 0.25, 0.00702), (0.29347, 0.47611, 0.20607), (0.0037, 0.75, 0.0455)],
        spacegroup=62,
        cellpar=[8.244, 11.7351, 8.1982, 90, 90, 90],
    )


def fringes(spots, *, shape=(256, 320), pixel=(0.3, 0.25), noise=0.2):
    y = pixel[0] * np.arange(shape[0])[:, None]
    x = pixel[1] * np.arange(shape[1])[None, :]
    values = sum(np.cos(2 * np.pi * (g[0] * x + g[1] * y) + 0.7) for g in spots)
    return micrograph(
        values + np.random.default_rng(2).normal(0, noise, shape) + 0.02 * x, pixel, name="fringes"
    )


def test_interaction_constants_are_those_of_kirkland():
    """Kirkland, Advanced Computing in Electron Microscopy, table 5.1, in rad/(kV Å)."""
    for volts, sigma in [(100e3, 0.9244), (200e3, 0.7288), (300e3, 0.6526)]:
        assert 1e3 * interaction_constant(volts) == pytest.approx(sigma, abs=2e-4)


def test_scherzer_transfer_is_one_band_up_to_its_resolution():
    """First zero at √(2√(4/3)) Cs^(−1/4) λ^(−3/4) = 1.52 Cs^(−1/4) λ^(−3/4)."""
    lens = Microscope(voltage=200e3, cs=1.2e7, focal_spread=0.0, convergence=0.0)
    zero = np.sqrt(2 * np.sqrt(4 / 3)) * lens.cs**-0.25 * lens.wavelength**-0.75
    assert contrast_transfer(np.array([zero]), lens)[0] == pytest.approx(0.0, abs=1e-9)
    band = contrast_transfer(np.linspace(0.3, 0.97, 50) * zero, lens)
    assert (band < 0).all()
    assert scherzer_defocus(lens.cs, lens.wavelength) == pytest.approx(633.5, abs=0.5)


def test_envelopes_and_aperture_only_weaken():
    k = np.linspace(0, 0.8, 200)
    sharp = contrast_transfer(k, Microscope(focal_spread=0.0, convergence=0.0))
    soft = contrast_transfer(k, Microscope())
    assert (np.abs(soft) <= np.abs(sharp) + 1e-12).all()
    assert (contrast_transfer(k, Microscope(aperture=0.4))[k > 0.4] == 0).all()


def test_thin_phase_object_is_the_weak_phase_image():
    words = {"name": "x", "zone": (0, 0, 1), "thickness": 0.02, "field": (20.0, 15.0)}
    full = hrtem_image(perovskite(), **words).image.to_numpy()
    weak = hrtem_image(perovskite(), **words, method="weak-phase").image.to_numpy()
    contrast = np.ptp(weak)
    assert contrast > 1e-4
    assert np.abs(full - weak).max() < 0.02 * contrast


@pytest.mark.parametrize("method", ["phase-object", "weak-phase", "multislice"])
def test_heavy_column_is_dark_at_scherzer_and_lies_where_the_cell_says(method):
    atoms = Atoms("Pb", scaled_positions=[(0.21, 0.37, 0.0)], cell=[7.3, 6.1, 4.0], pbc=True)
    atoms.rotate(33, "z", rotate_cell=True)
    image = hrtem_image(
        atoms,
        name="x",
        zone=(0, 0, 1),
        thickness=4.0,
        field=(6.0, 6.0),
        pixel_size=0.05,
        b_iso={"Pb": 4.0},
        method=method,
    ).image
    found = zone_structure_factors(atoms, name="x", zone=(0, 0, 1), max_g=0.5)
    axes = pattern_axes(found, atoms, (0, 0, 1))
    lattice = np.asarray(atoms.cell)[:2] @ axes.T
    darkest = np.unravel_index(image.to_numpy().argmin(), image.shape)
    place = np.array([float(image.x[darkest[1]]), float(image.y[darkest[0]])])
    offset = np.linalg.solve(lattice.T, place - axes @ atoms.positions[0])
    assert offset == pytest.approx(np.rint(offset), abs=0.02)


def test_phase_object_loses_no_electrons_before_the_lens():
    from qdstruct.simulation.hrtem import _ProjectedCell

    b_iso = {"Cd": 1.0, "S": 1.0}
    found = zone_structure_factors(zincblende(), name="x", zone=(1, 1, 0), max_g=3.0, b_iso=b_iso)
    cell = _ProjectedCell.of(found, 0.002 * found.factors.conj(), (1, 1, 0))
    total = abs(cell.mean_wave) ** 2 + (np.abs(cell.wave_coefficients()) ** 2).sum()
    assert cell.largest > 1.5
    assert total == pytest.approx(1.0, abs=1e-4)
    assert cell.phase.mean() == pytest.approx(0.0, abs=1e-9)


def test_spots_of_the_image_are_the_spots_of_the_diffraction_pattern():
    turn = 17.0
    image = hrtem_image(
        perovskite(), name="x", zone=(0, 0, 1), field=(120.0, 100.0), pixel_size=0.3, turn=turn
    )
    pattern = zone_axis_pattern(perovskite(), name="x", zone=(0, 0, 1), max_g=0.5)
    allowed = {(spot.length, (spot.angle + turn) % 180) for spot in pattern.spots}
    found = find_spots(image, max_g=0.36, threshold=1000)
    assert len(found) == 6
    for spot in found:
        assert any(
            abs(spot.length - length) < 0.0015 and abs(spot.angle - angle) < 0.5
            for length, angle in allowed
        )


def test_fourier_spots_are_found_below_the_pixel_and_shading_is_not():
    spots = [(0.311, 0.072), (-0.0944, 0.2857)]
    found = find_spots(fringes(spots), max_g=0.8)
    assert len(found) == 2
    for spot in found:
        assert min(np.hypot(spot.g[0] - g[0], spot.g[1] - g[1]) for g in spots) < 0.0006


def test_noise_alone_has_no_spots():
    with pytest.raises(InputError, match="no lattice spots"):
        find_spots(fringes([], noise=1.0))


@pytest.mark.parametrize("ending", [".npy", ".tif", ".png"])
def test_images_survive_being_written_and_read(tmp_path, ending):
    image = fringes([(0.3, 0.1)])
    path = tmp_path / f"image{ending}"
    write_image(image, path)
    back = read_image(path, (0.3, 0.25))
    ours, theirs = image.image.to_numpy(), back.image.to_numpy()
    if ending == ".png":
        ours = (ours - ours.min()) / np.ptp(ours)
        theirs = theirs / 255
    assert theirs == pytest.approx(ours, abs=0.003 if ending == ".png" else 1e-5)
    assert back.pixel_size == pytest.approx((0.3, 0.25))
    with pytest.raises(InputError, match="exists"):
        write_image(image, path)


def test_bad_images_are_refused(tmp_path):
    good = np.random.default_rng(0).normal(size=(32, 32))
    (tmp_path / "text.png").write_text("not an image")
    np.save(tmp_path / "cube.npy", np.zeros((4, 4, 4)))
    for path, said in [("missing.png", "not found"), ("text.png", "not an image")]:
        with pytest.raises(InputError, match=said):
            read_image(tmp_path / path, 0.2)
    with pytest.raises(InputError, match="shape"):
        read_image(tmp_path / "cube.npy", 0.2)
    with pytest.raises(InputError, match="pixel is not known"):
        read_image(tmp_path / "cube.npy", None)
    with pytest.raises(InputError, match="pixel size"):
        micrograph(good, -0.2, name="x")
    with pytest.raises(InputError, match="empty"):
        micrograph(np.ones((32, 32)), 0.2, name="x")
    with pytest.raises(InputError, match="not finite"):
        micrograph(np.where(good > 2, np.nan, good), 0.2, name="x")
    with pytest.warns(UserWarning, match="saturated"):
        micrograph(np.minimum(good, 1.0), 0.2, name="x")
    with pytest.raises(InputError, match="not written"):
        write_image(micrograph(good, 0.2, name="x"), tmp_path / "x.bmp")


def measured_spots(atoms, zone, turn, max_g, scale=1.0, jitter=0.0):
    rng = np.random.default_rng(4)
    pattern = zone_axis_pattern(atoms, name="x", zone=zone, max_g=max_g)
    points = []
    for spot in pattern.spots:
        if spot.forbidden or spot.intensity < 1 or not 0 <= spot.angle < 180:
            continue
        angle = np.radians(spot.angle + turn)
        point = scale * spot.length * np.array([np.cos(angle), np.sin(angle)])
        points.append(tuple(point + rng.normal(0, jitter, 2)))
    return points


@pytest.mark.parametrize(
    ("make", "zone"),
    [
        (perovskite, (0, 0, 1)),
        (perovskite, (0, 1, 1)),
        (zincblende, (1, 1, 1)),
        (zincblende, (0, 1, 1)),
        (orthorhombic, (0, 1, 0)),
    ],
)
def test_phase_and_zone_come_back_from_their_own_spots(make, zone):
    phases = [("cubic", perovskite()), ("CdS", zincblende()), ("ortho", orthorhombic())]
    truth = {perovskite: "cubic", zincblende: "CdS", orthorhombic: "ortho"}[make]
    spots = measured_spots(make(), zone, 23.0, 0.55, scale=1.002, jitter=0.0008)
    best = index_spots(spots, phases)[0]
    assert best.phase == truth
    assert sorted(map(abs, best.zone)) == sorted(map(abs, zone))
    assert len(best.spots) == len(spots)
    assert best.missing == 0


def test_turn_lays_the_computed_pattern_on_the_measured_spots():
    spots = measured_spots(orthorhombic(), (1, 1, 0), 31.0, 0.5)
    best = index_spots(spots, [("ortho", orthorhombic())])[0]
    pattern = zone_axis_pattern(orthorhombic(), name="x", zone=best.zone, max_g=0.6)
    by_hkl = {spot.hkl: spot for spot in pattern.spots}
    assert best.rms < 1e-6
    for indexed in best.spots:
        spot = by_hkl[indexed.hkl]
        angle = np.radians(spot.angle + best.turn)
        place = spot.length * np.array([np.cos(angle), np.sin(angle)])
        assert place == pytest.approx(np.array(indexed.measured), abs=1e-6)


def test_two_overlapping_crystals_are_told_apart():
    """CsPbBr3 [001] on CdS [111], the published orientation relation, 11° between the patterns."""
    spots = measured_spots(perovskite(), (0, 0, 1), 4.0, 0.5)
    spots += measured_spots(zincblende(), (1, 1, 1), 15.0, 0.6)
    phases = [("CsPbBr3", perovskite()), ("CdS", zincblende())]
    both = index_overlapping(spots, phases, tolerance=0.01, angle_tolerance=1.0)
    assert {explanation.phase for explanation in both} == {"CsPbBr3", "CdS"}
    zones = {e.phase: sorted(map(abs, e.zone)) for e in both}
    assert zones == {"CsPbBr3": [0, 0, 1], "CdS": [1, 1, 1]}


@pytest.mark.parametrize(
    ("spots", "said"),
    [
        ([(0.3, 0.0)], "two spots"),
        ([(0.3, 0.0), (0.6, 0.0)], "one line"),
        ([(0.3, 0.0), (0.0, 0.0)], "origin"),
        ([(0.3, 0.0), (0.0, np.nan)], "two spots"),
        ([(0.011, 0.0), (0.0, 0.017)], "explains"),
    ],
)
def test_spots_that_cannot_be_indexed_are_refused(spots, said):
    with pytest.raises(InputError, match=said):
        index_spots(spots, [("cubic", perovskite())])


@pytest.mark.parametrize(
    "wrong",
    [
        {"thickness": -1.0},
        {"pixel_size": 0.0},
        {"field": (3000.0, 3000.0), "pixel_size": 0.05},
        {"zone": (0, 0, 0)},
        {"method": "magic"},
    ],
)
def test_impossible_images_are_refused(wrong):
    with pytest.raises(InputError):
        hrtem_image(perovskite(), **({"name": "x", "zone": (0, 0, 1)} | wrong))
