"""Multislice: kinematic limit, conservation, frames, and abTEM where it is installed."""

from __future__ import annotations

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from ase.spacegroup import crystal

from qdstruct.errors import InputError
from qdstruct.simulation.beam_cell import beam_cell
from qdstruct.simulation.hrtem import hrtem_image
from qdstruct.simulation.multislice import multislice_wave, projected_potentials
from qdstruct.simulation.radiation import electron_wavelength, interaction_constant
from qdstruct.simulation.scattering_factors import POTENTIAL_OF_FACTOR, electron_factor


def perovskite():
    sites = [(0, 0, 0), (0.5, 0.5, 0.5), (0, 0.5, 0.5)]
    return crystal(["Cs", "Pb", "Br"], sites, spacegroup=221, cellpar=[5.874] * 3 + [90] * 3)


def wurtzite():
    return bulk("CdS", "wurtzite", a=4.137, c=6.714, u=0.377)


def amplitudes(wave, max_g=2.0):
    """Return |c_g| by rounded g, the direct beam included."""
    g, coefficients = wave.coefficients()
    near = np.linalg.norm(g, axis=1) <= max_g
    return {
        tuple((np.round(place, 5) + 0.0).tolist()): abs(value)
        for place, value in zip(g[near], coefficients[near], strict=True)
    }


@pytest.mark.parametrize("thickness", [48.0, 96.0, 192.0])
def test_weak_crystal_has_the_kinematic_pendulum(thickness):
    """|c_g| = σ V_g t |mean of exp(2πi s z)|, s = λg²/2: the Ewald sphere leaves the spots."""
    a, volts = 12.0, 200e3
    atoms = Atoms("H", positions=[[1.0, 2.0, 0.3]], cell=[a, a, 48.0], pbc=True)
    wave = multislice_wave(
        atoms, name="x", zone=(0, 0, 1), thickness=thickness, voltage=volts,
        slice_thickness=1.0, sampling=0.2, b_iso={"H": 2.0},
    )  # fmt: skip
    assert wave.thickness == pytest.approx(thickness)
    found = amplitudes(wave)
    for h, k in [(1, 0), (3, 0), (6, 2), (9, 0)]:
        g = np.hypot(h, k) / a
        v = POTENTIAL_OF_FACTOR * float(electron_factor("H", g / 2)) / (a * a * 48.0)
        v *= np.exp(-2.0 * g**2 / 4)
        excitation = electron_wavelength(volts) * g**2 / 2
        layers = np.exp(2j * np.pi * excitation * np.arange(0.0, thickness, 48.0))
        expected = interaction_constant(volts) * v * thickness * layers.mean()
        key = (round(h / a, 5) + 0.0, round(k / a, 5) + 0.0, 0.0)
        strongest = interaction_constant(volts) * v * thickness
        assert found[key] == pytest.approx(abs(expected), abs=0.01 * strongest)


def test_one_slice_is_the_phase_object():
    words = {"name": "x", "zone": (0, 0, 1), "b_iso": {"Cs": 3.0, "Pb": 3.0, "Br": 3.0}}
    wave = multislice_wave(perovskite(), thickness=5.874, slice_thickness=20.0, **words)
    assert wave.slices == 1
    cell = beam_cell(perovskite(), (0, 0, 1), name="x")
    (volts,) = projected_potentials(cell, wave.wave.shape, 1, b_iso=words["b_iso"])
    spectrum = np.fft.fft2(np.exp(1j * interaction_constant(200e3) * volts)) / volts.size
    g, coefficients = wave.coefficients()
    near = np.linalg.norm(g, axis=1) < 3.0
    assert np.abs(coefficients[near]) == pytest.approx(np.abs(spectrum.ravel()[near]), abs=1e-9)


def test_no_electron_is_lost_but_beyond_the_band_limit():
    words = {"name": "x", "zone": (0, 0, 1), "b_iso": {"Cs": 2.0, "Pb": 2.0, "Br": 2.0}}
    wave = multislice_wave(perovskite(), thickness=150.0, sampling=0.06, **words)
    assert (np.abs(wave.wave) ** 2).mean() == pytest.approx(1.0, abs=2e-3)


def test_a_skew_cell_and_its_rectangular_supercell_give_one_wave():
    """Hexagonal axes against the orthorhombic cell of the same crystal."""
    hexagonal = wurtzite()
    steps = np.array([[1, 0, 0], [1, 2, 0], [0, 0, 1]])
    from ase.build import make_supercell

    rectangle = make_supercell(hexagonal, steps)
    words = {"name": "x", "zone": (0, 0, 1), "thickness": 60.0, "b_iso": {"Cd": 1.0, "S": 1.0}}
    skew = amplitudes(multislice_wave(hexagonal, **words))
    straight = amplitudes(multislice_wave(rectangle, **words))
    assert len(skew) > 50
    for g, value in skew.items():
        assert straight[g] == pytest.approx(value, abs=2e-3)


def test_the_cell_of_the_beam_holds_the_crystal():
    cell = beam_cell(perovskite(), (1, 1, 0), name="x")
    assert cell.period == pytest.approx(5.874 * np.sqrt(2))
    area = np.linalg.norm(np.cross(*cell.vectors))
    assert area * cell.period / len(cell.symbols) == pytest.approx(5.874**3 / 5)
    assert cell.vectors @ np.array([1, 1, 0]) == pytest.approx([0.0, 0.0], abs=1e-9)
    assert np.cross(*cell.vectors) @ np.array([1, 1, 0]) > 0
    assert ((cell.depth >= 0) & (cell.depth < cell.period)).all()


def test_multislice_leaves_the_phase_object_as_the_crystal_grows():
    words = {"name": "x", "zone": (0, 0, 1), "field": (6.0, 6.0), "pixel_size": 0.2}
    differences = []
    for thickness in (5.874, 58.74):
        images = [
            hrtem_image(perovskite(), thickness=thickness, method=method, **words).image
            for method in ("phase-object", "multislice")
        ]
        thin, full = (image.to_numpy() for image in images)
        differences.append(np.abs(thin - full).max() / np.ptp(full))
    assert images[1].attrs["slices"] == 60
    assert differences[0] < 0.15
    assert differences[1] > 3 * differences[0]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ({"thickness": 0.0}, "thickness"),
        ({"thickness": 10.0, "slice_thickness": 0.0}, "slices"),
        ({"thickness": 1e6}, "slices"),
        ({"thickness": 10.0, "zone": (1, 2, 3), "atoms": "triclinic"}, "no two lattice vectors"),
        ({"thickness": 10.0, "atoms": "huge"}, "GB"),
    ],
)
def test_impossible_requests_are_refused(words, said):
    cells = {
        "triclinic": Atoms("Si", cell=[4.1, 5.3, 6.7, 81.0, 95.0, 102.0], pbc=True),
        "huge": Atoms("Si", cell=[900.0, 900.0, 5.0], pbc=True),
    }
    atoms = cells.get(words.pop("atoms", ""), perovskite())
    with pytest.raises(InputError, match=said):
        multislice_wave(atoms, **{"name": "x", "zone": (0, 0, 1)} | words)


def test_propagation_is_that_of_abtem():
    """The same slices of potential: exit waves after 68 slices (100 Å of CsPbBr3 at 200 kV)."""
    abtem = pytest.importorskip("abtem")
    words = {"name": "x", "zone": (0, 0, 1), "slice_thickness": 1.5, "thickness": 100.0}
    ours = multislice_wave(perovskite(), **words)
    assert ours.slices == 68
    cell = beam_cell(perovskite(), (0, 0, 1), name="x")
    period = projected_potentials(cell, ours.wave.shape, 4)
    volts = np.array([period[i % 4] for i in range(ours.slices)])
    lengths = np.linalg.norm(cell.vectors, axis=1)
    with abtem.config.set({"antialias.taper": 0.0, "precision": "float64"}):
        potential = abtem.PotentialArray(
            volts, slice_thickness=cell.period / 4, extent=tuple(lengths)
        )
        wave = abtem.PlaneWave(energy=200e3).multislice(potential)
        theirs = np.asarray(wave.compute(progress_bar=False).array)
    assert np.abs(theirs - ours.wave).max() < 1e-5


@pytest.mark.parametrize(
    ("atoms", "sampling"), [(perovskite(), 0.03), (wurtzite(), 0.04)], ids=["cubic", "hexagonal"]
)
def test_exit_waves_are_those_of_abtem(atoms, sampling):
    """Its own projected potentials and slices, 68 and 75 of them; measured: 0.0006 and 0.0005."""
    abtem = pytest.importorskip("abtem")
    from qdstruct.simulation.abtem_adapter import abtem_wave

    words = {"name": "x", "zone": (0, 0, 1), "thickness": 100.0, "slice_thickness": 1.5}
    words["sampling"] = sampling
    with abtem.config.set({"antialias.taper": 0.0, "precision": "float64"}):
        theirs = abtem_wave(atoms, **words)
    ours = multislice_wave(atoms, **words | {"thickness": theirs.thickness})
    assert ours.slices == theirs.slices >= 16
    mine, other = amplitudes(ours), amplitudes(theirs)
    difference = np.array([mine.get(g, 0.0) - value for g, value in other.items()])
    assert np.sqrt((difference**2).sum()) < 0.002


def test_abtem_is_asked_for_where_it_is_missing(monkeypatch):
    monkeypatch.setattr("qdstruct.simulation.abtem_adapter.find_spec", lambda name: None)
    with pytest.raises(InputError, match="abTEM is not installed"):
        hrtem_image(perovskite(), name="x", zone=(0, 0, 1), method="abtem")
