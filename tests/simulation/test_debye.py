"""Debye scattering: closed forms, brute force, and the powder lines it must grow into."""

from __future__ import annotations

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from ase.spacegroup import crystal
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from qdstruct.errors import InputError
from qdstruct.simulation import (
    LatticeDomain,
    cut_particle,
    debye_intensity,
    debye_pattern,
    ensemble_pattern,
    powder_pattern,
    size_distribution,
    split_into_domain,
)
from qdstruct.simulation.pair_counting import edge_weights, pair_moments
from qdstruct.simulation.scattering_factors import anomalous_factor, xray_factor
from qdstruct.simulation.shared_rows import kinds_of_rows, shared_direction

Q = np.linspace(0.0, 8.0, 81)


def perovskite():
    sites = [(0, 0, 0), (0.5, 0.5, 0.5), (0, 0.5, 0.5)]
    return crystal(["Cs", "Pb", "Br"], sites, spacegroup=221, cellpar=[5.874] * 3 + [90] * 3)


def as_atoms(domain):
    parts = domain.positions()
    symbols = [symbol for symbol, points in parts.items() for _ in points]
    return Atoms(symbols, positions=np.concatenate(list(parts.values())))


def brute_force(q, atoms, b_iso=None, energy=None):
    """Write out the sum over all ordered pairs."""
    symbols = atoms.get_chemical_symbols()
    b = np.array([(b_iso or {}).get(symbol, 0.0) for symbol in symbols])
    distance = np.linalg.norm(atoms.positions[:, None] - atoms.positions, axis=2)
    total = []
    for value in q:
        s = value / (4 * np.pi)
        f = np.array([complex(xray_factor(symbol, s)) for symbol in symbols])
        if energy:
            f += np.array([anomalous_factor(symbol, energy) for symbol in symbols])
        damping = np.exp(-(b[:, None] + b) * s**2)
        np.fill_diagonal(damping, 1.0)
        terms = np.outer(f, f.conj()) * damping * np.sinc(value * distance / np.pi)
        total.append(terms.sum().real)
    return np.array(total)


def test_two_atoms_in_closed_form():
    """I = f1² + f2² + 2 f1 f2 sin(qr)/(qr)."""
    r = 2.37
    atoms = Atoms("PbS", positions=[[0, 0, 0], [0, 0, r]])
    f1, f2 = xray_factor("Pb", Q / (4 * np.pi)), xray_factor("S", Q / (4 * np.pi))
    expected = f1**2 + f2**2 + 2 * f1 * f2 * np.sinc(Q * r / np.pi)
    assert debye_intensity(Q, [atoms]) == pytest.approx(expected, rel=3e-6)


def test_forward_scattering_counts_all_ordered_pairs():
    domain = cut_particle(perovskite(), name="x", size_nm=2.0, shape="cells")
    electrons = sum(
        len(points) * float(xray_factor(symbol, 0.0))
        for symbol, points in domain.positions().items()
    )
    assert debye_intensity(np.array([0.0, 1.0]), [domain])[0] == pytest.approx(electrons**2)


@pytest.mark.parametrize("shape", ["cube", "sphere", "cells"])
def test_lattice_fft_equals_brute_force(shape):
    domain = cut_particle(perovskite(), name="x", size_nm=1.9, shape=shape)
    exact = brute_force(Q, as_atoms(domain))
    ours = debye_intensity(Q, [domain])
    assert np.abs(ours - exact).max() < 1e-7 * exact.max()
    assert ours == pytest.approx(exact, rel=1e-5)


def test_lattice_fft_of_a_triclinic_crystal_with_anomalous_terms_and_displacements():
    rng = np.random.default_rng(5)
    cell = [5.1, 6.2, 4.4, 81, 97, 104]
    atoms = Atoms("PbSCs", scaled_positions=rng.uniform(0, 1, (3, 3)), cell=cell, pbc=True)
    domain = cut_particle(atoms, name="x", size_nm=2.2, shape="sphere")
    b_iso = {"Pb": 1.3, "Cs": 4.0}
    exact = brute_force(Q, as_atoms(domain), b_iso, 8047.8)
    ours = debye_intensity(Q, [domain], b_iso=b_iso, energy=8047.8)
    assert ours == pytest.approx(exact, rel=1e-5)


def test_two_domains_and_loose_atoms_equal_brute_force():
    core = cut_particle(perovskite(), name="x", size_nm=1.5, shape="cells")
    cap_crystal = bulk("CdS", "zincblende", a=5.832, cubic=True)
    cap = cut_particle(cap_crystal, name="x", size_nm=1.2, shape="cells")
    moved = type(cap)(
        cell=cap.cell,
        origin=cap.origin + np.array([0.3, -0.2, 21.0]),
        basis=cap.basis,
        symbols=cap.symbols,
        occupied=cap.occupied,
    )
    ligands = Atoms("N2Br", positions=[[3, 3, -4], [9, 2, -4.5], [20, 1, 3]])
    parts = [core, moved, ligands]
    everything = as_atoms(core) + as_atoms(moved) + ligands
    assert debye_intensity(Q, parts) == pytest.approx(brute_force(Q, everything), rel=1e-5)


def test_splitting_finds_the_crystal_and_leaves_the_rest():
    crystal_atoms = perovskite()
    domain = cut_particle(crystal_atoms, name="x", size_nm=1.7, shape="sphere")
    particle = as_atoms(domain)
    particle.positions += [1.0, 2.0, 3.0]
    particle.positions[5] += [0.3, 0.0, 0.0]
    origin = domain.origin + np.array([1.0, 2.0, 3.0])
    found, rest = split_into_domain(particle, crystal_atoms, origin=origin)
    assert len(rest) == 1
    assert len(found) == len(particle) - 1
    exact = brute_force(Q, particle)
    assert debye_intensity(Q, [found, rest]) == pytest.approx(exact, rel=1e-5)
    nothing, all_of_it = split_into_domain(particle, crystal_atoms, origin=origin + 1.4)
    assert nothing is None
    assert len(all_of_it) == len(particle)


def test_large_particle_shows_the_powder_lines_with_their_areas():
    """Integrated lines of a 12 nm cube against |F|²·LP; the sums share tails, so 3 percent."""
    atoms = bulk("PbS", "rocksalt", a=5.9315, cubic=True)
    domain = cut_particle(atoms, name="PbS", size_nm=12.0, shape="sphere")
    particle = debye_pattern([domain], name="PbS", two_theta_range=(22, 46), step=0.02)
    angle = particle.pattern.coords["two_theta"].to_numpy()
    intensity = particle.pattern.to_numpy()
    lines = {p.hkl[0]: p for p in powder_pattern(atoms, name="PbS").peaks}

    def area(hkl):
        near = np.abs(angle - lines[hkl].two_theta) < 1.4
        return intensity[near].sum()

    for hkl in [(1, 1, 1), (2, 2, 0)]:
        expected = lines[hkl].intensity / lines[2, 0, 0].intensity
        assert area(hkl) / area((2, 0, 0)) == pytest.approx(expected, rel=0.03)
    assert angle[intensity.argmax()] == pytest.approx(lines[2, 0, 0].two_theta, abs=0.05)


def test_line_width_follows_scherrer():
    """A sphere of diameter D: K = 1.107 for the full width (Langford and Wilson 1978)."""
    atoms = bulk("Po", "sc", a=3.345)
    domain = cut_particle(atoms, name="Po", size_nm=10.0, shape="sphere")
    pattern = debye_pattern([domain], name="Po", two_theta_range=(24, 30), step=0.005)
    angle = pattern.pattern.coords["two_theta"].to_numpy()
    above = angle[pattern.pattern.to_numpy() > 50]
    theta = np.radians(angle[pattern.pattern.to_numpy().argmax()] / 2)
    width = np.radians(above[-1] - above[0]) * np.cos(theta) * 100 / pattern.wavelength
    assert width == pytest.approx(1.107, rel=0.03)


@settings(max_examples=20, deadline=None)
@given(st.lists(st.floats(0.6, 40.0), min_size=1, max_size=30), st.floats(0.1, 3.0))
def test_moments_reproduce_cubic_polynomials_of_the_distances(distances, slope):
    width = 0.5
    first = np.zeros((1, 3))
    second = np.stack([np.zeros(len(distances)), np.zeros(len(distances)), distances], axis=1)
    weights = edge_weights(pair_moments(first, second, width, 90, False, 1))
    edges = width * (np.arange(len(weights)) - 1)

    def cubic(r):
        return 1 - slope * r + 0.3 * r**2 - 0.01 * slope * r**3

    assert weights @ cubic(edges) == pytest.approx(cubic(np.array(distances)).sum(), rel=1e-9)


def test_threads_share_the_pairs_without_loss():
    rng = np.random.default_rng(1)
    points = rng.uniform(0, 20, (101, 3))
    one = pair_moments(points, points, 0.1, 400, True, 1)
    four = pair_moments(points, points, 0.1, 400, True, 4)
    assert one[:, 0].sum() == 101 * 100 / 2
    assert four == pytest.approx(one)


@pytest.mark.parametrize(
    ("q", "parts", "said"),
    [
        ([1.0], [], "no atoms"),
        ([-1.0, 1.0], [Atoms("Pb")], "negative"),
        ([np.nan], [Atoms("Pb")], "q must"),
        ([80.0], [Atoms("Pb")], "beyond"),
    ],
)
def test_impossible_requests_are_refused(q, parts, said):
    with pytest.raises(InputError, match=said):
        debye_intensity(np.array(q), parts)


def test_too_much_work_or_memory_is_refused_at_once():
    with pytest.raises(InputError, match="one by one"):
        debye_intensity(np.array([1.0]), [Atoms(numbers=np.full(700_000, 82))])
    with pytest.raises(InputError, match="memory"):
        cut_particle(perovskite(), name="x", size_nm=500.0)
    with pytest.raises(InputError, match="shape"):
        cut_particle(perovskite(), name="x", size_nm=5.0, shape="pyramid")
    shifted = Atoms("Po", positions=[[1.6, 1.6, 1.6]], cell=[3.3] * 3, pbc=True)
    with pytest.raises(InputError, match="no atom fits"):
        cut_particle(shifted, name="x", size_nm=0.05, shape="sphere")


def turned(domain, rotation, shift):
    """Return the domain turned about the origin and then moved."""
    matrix = rotation.as_matrix().T
    return LatticeDomain(
        cell=domain.cell @ matrix,
        origin=domain.origin @ matrix + shift,
        basis=domain.basis @ matrix,
        symbols=domain.symbols,
        occupied=domain.occupied,
    )


def zincblende():
    return crystal(
        ["Cd", "S"], [(0, 0, 0), (0.25, 0.25, 0.25)], spacegroup=216, cellpar=[5.83] * 3 + [90] * 3
    )


@pytest.mark.parametrize("kind", ["axes parallel", "[001] on [111]", "turned about [001]"])
def test_counting_rows_equals_counting_atoms(kind, monkeypatch):
    """Both lattices of a Janus particle share a row direction; vacancies break rows in two."""
    rotation = {
        "axes parallel": Rotation.identity(),
        "[001] on [111]": Rotation.align_vectors([[0, 0, 1], [1, 0, 0]], [[1, 1, 1], [1, -1, 0]])[
            0
        ],
        "turned about [001]": Rotation.from_rotvec([0, 0, 0.31]),
    }[kind]
    core = cut_particle(perovskite(), name="core", size_nm=2.4, shape="cube")
    core.occupied[0, 1, 1, 2] = False
    cap = cut_particle(zincblende(), name="cap", size_nm=2.1, shape="sphere")
    cap = turned(cap, rotation, np.array([1.3, 0.7, 25.0]))
    counted = debye_intensity(Q, [core, cap])
    monkeypatch.setattr("qdstruct.simulation.pair_histogram.ROWS_SAVE", np.inf)
    by_rows = debye_intensity(Q, [core, cap])
    assert not np.array_equal(by_rows, counted)
    assert by_rows == pytest.approx(counted, rel=2e-6)


def test_lattices_without_a_common_direction_are_counted_atom_by_atom():
    core = cut_particle(perovskite(), name="core", size_nm=1.8, shape="cube")
    cap = cut_particle(zincblende(), name="cap", size_nm=1.8, shape="sphere")
    cap = turned(cap, Rotation.from_euler("xyz", [11.3, 23.9, 37.1], degrees=True), [0, 0, 25.0])
    assert shared_direction(core, cap) is None
    both = as_atoms(core) + as_atoms(cap)
    assert debye_intensity(Q, [core, cap]) == pytest.approx(brute_force(Q, both), rel=2e-6)


def test_rows_hold_every_atom_once():
    domain = cut_particle(zincblende(), name="sphere", size_nm=2.5, shape="sphere")
    frame = np.array([[1, -1, 0], [1, 1, -2], [1, 1, 1]]) / np.sqrt([[2], [6], [3]])
    kinds = kinds_of_rows(domain, np.array([1, 1, 1]), frame)
    rebuilt = [
        (*row, kind.offsets[k])
        for kind in kinds
        for row, (first, last) in zip(kind.across, kind.stretch, strict=True)
        for k in range(first, last)
    ]
    expected = np.concatenate(list(domain.positions().values())) @ frame.T
    order = [np.lexsort(np.round(points, 4).T) for points in (np.array(rebuilt), expected)]
    assert np.array(rebuilt)[order[0]] == pytest.approx(expected[order[1]], abs=1e-4)


def test_sizes_follow_their_distribution():
    sizes, fractions = size_distribution(12.0, 0.1, 0.3)
    mean = sizes @ fractions
    assert mean == pytest.approx(12.0, rel=2e-3)
    assert np.sqrt((sizes - mean) ** 2 @ fractions) / mean == pytest.approx(0.1, rel=0.03)
    assert size_distribution(12.0, 0.0, 0.3)[0].tolist() == [12.0]
    with pytest.raises(InputError, match="spread"):
        size_distribution(12.0, -0.1, 0.3)


def test_a_spread_of_sizes_smears_the_fringes_and_adds_the_particles_by_number():
    cell = perovskite()
    words = {"two_theta_range": (4.0, 30.0), "step": 0.05}
    pattern = ensemble_pattern(cell, name="dots", size_nm=4.0, spread=0.12, shape="cells", **words)
    sizes, fractions = size_distribution(4.0, 0.12, 5.874 / 20)
    total = 0.0
    for size, fraction in zip(sizes, fractions, strict=True):
        part = cut_particle(cell, name="dot", size_nm=size, shape="cells")
        one = debye_pattern([part], name="dot", **words).pattern
        total = total + fraction * one.to_numpy() * one.attrs["strongest_point"]
    assert pattern.pattern.to_numpy() == pytest.approx(100 * total / total.max(), rel=1e-9)
    sharp = debye_pattern([cut_particle(cell, name="dot", size_nm=4.0, shape="cells")], name="dot",
                          **words).pattern.to_numpy()  # fmt: skip
    smooth = pattern.pattern.to_numpy()
    fringes = [np.abs(np.diff(np.log(curve[:80]), 2)).sum() for curve in (sharp, smooth)]
    assert fringes[1] < 0.5 * fringes[0]
