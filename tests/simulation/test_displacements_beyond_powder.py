"""Displacement tensors in exit waves, lattice images and Debye sums."""

from __future__ import annotations

import json
import sys

import numpy as np
import pytest
from ase import Atoms

from qdstruct import phases
from qdstruct.cli.app import app
from qdstruct.cli.outcome import run_command
from qdstruct.simulation import (
    debye_intensity,
    equivalent_isotropic,
    hrtem_image,
    multislice_wave,
    zone_axis_pattern,
)
from qdstruct.simulation.scattering_factors import xray_factor

CIF = """data_flat
_cell_length_a 4.0
_cell_length_b 4.0
_cell_length_c 4.0
_cell_angle_alpha 90
_cell_angle_beta 90
_cell_angle_gamma 90
loop_
_symmetry_equiv_pos_as_xyz
'x,y,z'
loop_
_atom_site_label
_atom_site_fract_x
_atom_site_fract_y
_atom_site_fract_z
Si1 0 0 0
loop_
_atom_site_aniso_label
_atom_site_aniso_U_11
_atom_site_aniso_U_22
_atom_site_aniso_U_33
_atom_site_aniso_U_12
_atom_site_aniso_U_13
_atom_site_aniso_U_23
Si1 0.01 0.02 0.06 0 0 0
"""


def perovskite(tensors=None):
    """Cubic CsPbBr3; by default bromine moves mostly across its Pb–Br bond."""
    atoms = phases.load("CsPbBr3-cubic").atoms.copy()
    if tensors is None:
        symbols, places = np.array(atoms.get_chemical_symbols()), atoms.get_scaled_positions()
        tensors = np.where(symbols == "Cs", 0.066, 0.028)[:, None, None] * np.eye(3)
        for i in np.flatnonzero(symbols == "Br"):
            bond = places[i] - places[symbols == "Pb"][0]
            along = np.abs(bond - np.rint(bond)).argmax()
            tensors[i] = 0.085 * np.eye(3)
            tensors[i, along, along] = 0.025
    atoms.set_array("u_cartesian", np.asarray(tensors, dtype=float))
    return atoms


WAVE = {"name": "x", "zone": (0, 0, 1), "thickness": 12.0, "sampling": 0.08}
B_ISO = {"Cs": 5.2, "Pb": 2.2, "Br": 5.0}


def isotropic():
    b = [B_ISO[s] for s in phases.load("CsPbBr3-cubic").atoms.get_chemical_symbols()]
    return perovskite(np.array(b)[:, None, None] / (8 * np.pi**2) * np.eye(3))


def test_isotropic_tensors_are_isotropic_displacements():
    plain = phases.load("CsPbBr3-cubic").atoms
    given = multislice_wave(plain, b_iso=B_ISO, **WAVE).wave
    assert multislice_wave(isotropic(), **WAVE).wave == pytest.approx(given, abs=1e-12)
    words = {"name": "x", "zone": (0, 0, 1), "field": (12.0, 12.0)}
    for method in ("phase-object", "weak-phase"):
        expected = hrtem_image(plain, b_iso=B_ISO, method=method, **words).image.to_numpy()
        image = hrtem_image(isotropic(), method=method, **words).image.to_numpy()
        assert image == pytest.approx(expected, abs=1e-9)
    assert equivalent_isotropic(isotropic()) == pytest.approx(B_ISO)
    assert equivalent_isotropic(plain) == {}


def test_only_displacements_across_the_beam_count():
    plain = phases.load("CsPbBr3-cubic").atoms
    along = perovskite(np.tile(np.diag([0.0, 0.0, 0.2]), (5, 1, 1)))
    rest = multislice_wave(plain, **WAVE).wave
    assert multislice_wave(along, **WAVE).wave == pytest.approx(rest, abs=1e-12)
    across = perovskite(np.tile(np.diag([0.0, 0.05, 0.0]), (5, 1, 1)))
    assert np.abs(multislice_wave(across, **WAVE).wave - rest).max() > 0.1


def test_a_given_displacement_replaces_the_tensors():
    given = multislice_wave(perovskite(), b_iso=B_ISO, **WAVE).wave
    plain = multislice_wave(phases.load("CsPbBr3-cubic").atoms, b_iso=B_ISO, **WAVE).wave
    assert given == pytest.approx(plain, abs=1e-12)


def test_beams_of_a_thin_crystal_have_the_kinematic_intensities():
    """One light atom, 4 Å thick: |ψ_g|² goes as |F_g|² with the tensor, turned axes and all."""
    turn, _ = np.linalg.qr(np.random.default_rng(3).normal(size=(3, 3)))
    cell = np.array([[3.5, 0, 0], [1.1, 4.2, 0], [0, 0, 4.0]])
    tensor = np.array([[0.06, 0.02, 0.01], [0.02, 0.015, 0.0], [0.01, 0.0, 0.03]])
    atoms = Atoms("Li", positions=[[0, 0, 0]], cell=cell @ turn, pbc=True)
    atoms.set_array("u_cartesian", (turn.T @ tensor @ turn)[None])
    wave = multislice_wave(
        atoms, name="x", zone=(0, 0, 1), thickness=4.0, slice_thickness=4.0, sampling=0.1,
        voltage=1e6,
    )  # fmt: skip
    g, beams = wave.coefficients()
    pattern = zone_axis_pattern(atoms, name="x", zone=(0, 0, 1), max_g=0.9)
    kinematic = {spot.hkl: spot.intensity for spot in pattern.spots}
    indices = np.rint(g @ atoms.cell.array.T).astype(int)
    ours = {tuple(hkl): abs(c) ** 2 for hkl, c in zip(indices.tolist(), beams, strict=True)}
    first = next(iter(kinematic))
    ratios = [ours[hkl] / ours[first] / (kinematic[hkl] / kinematic[first]) for hkl in kinematic]
    assert len(ratios) > 20
    assert ratios == pytest.approx(np.ones(len(ratios)), rel=0.05)


def exact_powder_average(q, atoms):
    """⟨|Σ f T(q) exp(iq·r)|² + Σ f² (1 − T²)⟩ over directions of q, T = exp(−½ qᵀUq)."""
    height = (np.arange(800) + 0.5) / 800
    turn = np.pi * (3 - np.sqrt(5)) * np.arange(800)
    flat = np.sqrt(1 - height**2)
    n = np.stack([flat * np.cos(turn), flat * np.sin(turn), height], axis=1)
    u, symbols = atoms.arrays["u_cartesian"], atoms.get_chemical_symbols()
    square = np.einsum("mi,nij,mj->mn", n, u, n)
    total = []
    for value in q:
        f = np.array([float(xray_factor(s, value / (4 * np.pi))) for s in symbols])
        damped = f * np.exp(-0.5 * value**2 * square)
        wave = (damped * np.exp(1j * value * (n @ atoms.positions.T))).sum(axis=1)
        total.append((np.abs(wave) ** 2 + (f**2 - damped**2).sum(axis=1)).mean())
    return np.array(total)


def test_isotropic_debye_sum_is_within_a_few_percent_of_the_tensors():
    """Strongly anisotropic bromine; 4 % of the maximum is what the documentation says."""
    particle = perovskite().repeat((3, 3, 3))
    q = np.linspace(1.0, 5.0, 17)
    exact = exact_powder_average(q, particle)
    plain = Atoms(particle.get_chemical_symbols(), positions=particle.positions)
    ours = debye_intensity(q, [plain], b_iso=equivalent_isotropic(particle))
    at_rest = debye_intensity(q, [plain])
    assert np.abs(ours - exact).max() < 0.04 * exact.max()
    assert np.abs(at_rest - exact).max() > 0.12 * exact.max()


def test_the_debye_command_says_that_it_takes_tensors_as_isotropic(monkeypatch, capsys, tmp_path):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "flat.cif").write_text(CIF)
    printed = {}
    b = 8 * np.pi**2 * 0.03
    for words in ((), ("-b", f"Si={b:.12g}"), ("-b", "Si=0")):
        command = ["qdstruct", "xrd", "flat.cif", "--debye", "--size", "1.5nm", "--json", *words]
        monkeypatch.setattr(sys, "argv", command)
        assert run_command(app) == 0
        printed[words[-1:]], said = capsys.readouterr()
        assert ("takes displacement tensors as isotropic, B = Si 2.37" in said) == (not words)
    found, given, rest = (json.loads(text)["pattern"]["intensity"] for text in printed.values())
    assert found == pytest.approx(given)
    assert found != pytest.approx(rest, rel=1e-2)
