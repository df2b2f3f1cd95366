"""Potentials whose steps, plateaus and dipoles are known in closed form."""

from __future__ import annotations

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from scipy.special import erf
from xarray import DataArray

from qdstruct.analysis import (
    layer_period,
    macroscopic_average,
    plateau,
    potential_profile,
    vacuum_gap,
)
from qdstruct.errors import InputError
from qdstruct.units import COULOMB

HEIGHT, POINTS = 40.0, 400
Z = np.arange(POINTS) * HEIGHT / POINTS


def profile(values: np.ndarray, height: float = HEIGHT) -> DataArray:
    z = np.arange(len(values)) * height / len(values)
    attrs = {"height": height, "unit": "eV", "source": "LOCPOT"}
    return DataArray(values, dims=("z",), coords={"z": z}, attrs=attrs)


def slab(bottom: float = 10.0, top: float = 20.0, height: float = HEIGHT) -> Atoms:
    z = np.arange(bottom, top + 0.01, 2.5)
    return Atoms("Pb" * len(z), positions=[[0, 0, h] for h in z], cell=[5, 5, height], pbc=True)


def dipole_slab(
    charge: float, *, sheet: float = 35.0, shift: float = 0.0
) -> tuple[Atoms, np.ndarray]:
    """Sheets of −`charge` at 11 Å and +`charge` at 19 Å, smeared by 0.8 Å, and a dipole sheet.

    Poisson: the potential energy of an electron falls by 4π e² σ d from the negative side to the
    positive one; the correcting sheet in the vacuum puts it back.
    """
    atoms = slab()
    atoms.translate([0, 0, shift])
    sigma = charge / 25.0
    drop = 4 * np.pi * COULOMB * sigma

    def ramp(z: np.ndarray) -> np.ndarray:
        """Second antiderivative of a smeared sheet of unit charge per area."""
        x = z / (0.8 * np.sqrt(2))
        return z / 2 * (1 + erf(x)) + 0.8 / np.sqrt(2 * np.pi) * np.exp(-(x**2))

    z = (Z - shift) % HEIGHT
    potential = 2.0 + drop * (ramp(z - 19) - ramp(z - 11))
    potential += np.where(z > sheet, drop * 8.0, 0.0)
    return atoms, potential


def test_the_step_of_a_known_dipole_is_found_on_both_sides() -> None:
    atoms, potential = dipole_slab(0.1)
    found = potential_profile(profile(potential), atoms, fermi_level=-3.0)
    expected = -4 * np.pi * COULOMB * (0.1 / 25.0) * 8.0
    below, above = found.vacuum_levels
    assert (below.side, above.side) == ("below", "above")
    assert below.level == pytest.approx(2.0, abs=1e-3)
    assert found.dipole_step == pytest.approx(expected, abs=2e-3)
    assert found.work_function("below") == pytest.approx(5.0, abs=1e-3)
    assert found.work_function("above") == pytest.approx(5.0 + expected, abs=2e-3)
    assert found.work_function("left") is None
    assert found.notes == ()
    assert max(below.uncertainty, above.uncertainty) < 0.01


@pytest.mark.parametrize("shift", [-12.0, 7.0, 15.0, 25.0])
def test_the_slab_may_lie_anywhere_in_the_cell(shift: float) -> None:
    reference = potential_profile(profile(dipole_slab(0.1)[1]), dipole_slab(0.1)[0])
    atoms, potential = dipole_slab(0.1, shift=shift)
    found = potential_profile(profile(potential), atoms)
    assert found.dipole_step == pytest.approx(reference.dipole_step, abs=2e-3)


def test_a_symmetric_slab_has_one_level() -> None:
    potential = 4.0 - 10.0 * np.exp(-(((Z - 15) / 3) ** 2))
    found = potential_profile(profile(potential), slab(), fermi_level=0.0)
    assert found.dipole_step == pytest.approx(0.0, abs=2e-3)
    assert found.work_function("above") == pytest.approx(4.0, abs=0.02)
    assert "one vacuum level" in found.notes[0]


def test_a_field_in_the_vacuum_is_reported_with_its_slope() -> None:
    atoms, potential = dipole_slab(0.1, sheet=39.99)
    tilt = -4 * np.pi * COULOMB * (0.1 / 25.0) * 8.0 / HEIGHT
    potential = potential - np.where(Z > 39.99, potential - 2.0, 0.0) - tilt * Z
    found = potential_profile(profile(potential), atoms)
    assert len(found.notes) == 2
    assert "dipole correction" in found.notes[0]
    assert f"{-tilt:+.3f} eV/Å" in found.notes[0]


def test_without_vacuum_there_is_no_level() -> None:
    bulk = slab(0.0, 37.5)
    found = potential_profile(profile(np.zeros(POINTS)), bulk)
    assert found.vacuum_levels == ()
    assert found.dipole_step is None
    assert "no vacuum" in found.notes[0]
    thin = slab(2.5, 36.0, height=39.0)
    assert "too thin" in potential_profile(profile(np.zeros(POINTS), 39.0), thin).notes[0]


def test_the_gap_is_found_across_the_cell_boundary() -> None:
    atoms = slab()
    assert vacuum_gap(atoms) == pytest.approx((20.0, 50.0))
    atoms.translate([0, 0, 15])
    top, bottom = vacuum_gap(atoms) or (0, 0)
    assert bottom - top == pytest.approx(30.0)


def two_materials(offset: float) -> tuple[Atoms, np.ndarray]:
    """Eight repeats of 2 Å and six of 4 Å with their own oscillations, `offset` eV apart."""
    left = Z < 16
    potential = np.where(
        left, 3 * np.cos(2 * np.pi * Z / 2), offset + 2 * np.cos(2 * np.pi * (Z - 16) / 4)
    )
    atoms = Atoms(
        ["Pb", "S"] * 8 + ["Cd", "Se"] * 6,
        positions=[[0, 0, z] for z in (*np.arange(0, 16, 1.0), *np.arange(16, 40, 2.0))],
        cell=[5, 5, HEIGHT],
        pbc=True,
    )
    return atoms, potential


@pytest.mark.parametrize("offset", [-1.3, 0.0, 0.7])
def test_the_step_between_two_materials_survives_the_macroscopic_average(offset: float) -> None:
    atoms, potential = two_materials(offset)
    periods = (layer_period(atoms, range(16)), layer_period(atoms, range(16, 28)))
    assert periods == pytest.approx((2.0, 4.0))
    smooth = macroscopic_average(profile(potential), periods)
    substrate, first = plateau(smooth, 0, 16)
    film, second = plateau(smooth, 16, 40)
    assert film - substrate == pytest.approx(offset, abs=5e-3)
    assert max(first, second) < 0.02
    raw = plateau(profile(potential), 16, 40)
    assert raw[1] > 1.9


def test_the_average_keeps_the_mean_and_kills_the_oscillation() -> None:
    wave = profile(1.5 + np.cos(2 * np.pi * Z / 4))
    smooth = macroscopic_average(wave, (4.0,))
    assert np.allclose(smooth, 1.5, atol=1e-12)
    assert smooth.attrs["periods"] == [4.0]
    half = macroscopic_average(wave, (2.0,))
    assert float(half.max()) == pytest.approx(1.5 + 2 / np.pi, abs=1e-9)
    assert np.allclose(macroscopic_average(wave, ()), wave, atol=1e-12)


@pytest.mark.parametrize("period", [0.0, -1.0, 41.0])
def test_impossible_windows_are_refused(period: float) -> None:
    with pytest.raises(InputError, match="does not fit a cell 40 Å high"):
        macroscopic_average(profile(Z), (period,))


def test_a_structure_of_another_cell_is_refused() -> None:
    with pytest.raises(InputError, match=r"40\.000 Å high, the cell 44\.000"):
        potential_profile(profile(Z), slab(height=44.0))


def test_a_stack_that_nearly_fills_its_cell_keeps_its_period() -> None:
    atoms = bulk("PbS", "rocksalt", a=6.0, cubic=True).repeat((1, 1, 6))
    atoms.center(vacuum=1.5, axis=2)
    assert layer_period(atoms, range(len(atoms))) == pytest.approx(3.0)


def test_planes_without_a_repeat_need_explicit_periods() -> None:
    atoms = Atoms("PbSCdSe", positions=[[0, 0, z] for z in (0, 2, 4, 6)], cell=[5, 5, 20], pbc=True)
    with pytest.raises(InputError, match="show no repeat"):
        layer_period(atoms, range(4))


def test_a_relaxed_perovskite_still_shows_its_repeat() -> None:
    """CsBr and PbBr2 planes whose bromines have moved by up to 0.25 Å."""
    generator = np.random.default_rng(3)
    symbols, z = [], []
    for layer in range(4):
        symbols += ["Cs", "Br", "Pb", "Br", "Br"]
        base = np.array([0, 0, 2.9, 2.9, 2.9]) + 5.8 * layer
        z += (base + generator.uniform(-0.25, 0.25, 5) * [0.3, 1, 0.3, 1, 1]).tolist()
    atoms = Atoms(symbols, positions=[[0, 0, h] for h in z], cell=[5, 5, 45], pbc=True)
    atoms.translate([0, 0, 38])
    assert layer_period(atoms, range(20)) == pytest.approx(5.8, abs=0.15)
