"""Anisotropic displacements, doublet, background and texture against formulas in print."""

from __future__ import annotations

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk

from qdstruct import phases
from qdstruct.errors import InputError, PhaseError
from qdstruct.simulation import PowderSettings, fit_mixture, powder_pattern, zone_axis_pattern
from qdstruct.simulation.structure_factor import element_sums, reflections

CRYSTAL = """data_made_up
_cell_length_a {a}
_cell_length_b {b}
_cell_length_c {c}
_cell_angle_alpha {alpha}
_cell_angle_beta {beta}
_cell_angle_gamma {gamma}
loop_
_space_group_symop_operation_xyz
{operations}
loop_
_atom_site_label
_atom_site_type_symbol
_atom_site_fract_x
_atom_site_fract_y
_atom_site_fract_z
_atom_site_U_iso_or_equiv
{sites}
loop_
_atom_site_aniso_label
_atom_site_aniso_{kind}_11
_atom_site_aniso_{kind}_22
_atom_site_aniso_{kind}_33
_atom_site_aniso_{kind}_12
_atom_site_aniso_{kind}_13
_atom_site_aniso_{kind}_23
{tensors}
"""
TRIGONAL = ("x,y,z", "-y,x-y,z", "-x+y,-x,z", "-x,-y,-z", "y,-x+y,-z", "x-y,x,-z")
MONOCLINIC = ("x,y,z", "-x,y+1/2,-z+1/2", "-x,-y,-z", "x,-y+1/2,z+1/2")
GENERAL = "0.020 0.031 0.045 0.007 -0.004 0.009"


def written(folder, cell, operations, sites, tensors, kind="U"):
    """A CIF file of a crystal made up for its symmetry; angles other than 90° are tested too."""
    a, b, c, alpha, beta, gamma = cell
    file = folder / "made-up.cif"
    file.write_text(
        CRYSTAL.format(
            a=a, b=b, c=c, alpha=alpha, beta=beta, gamma=gamma, kind=kind,
            operations="\n".join(f"'{one}'" for one in operations),
            sites="\n".join(sites), tensors="\n".join(tensors),
        )
    )  # fmt: skip
    return file


def trigonal(folder, kind="U", tensor=GENERAL):
    sites = ["Pb1 Pb 0.11 0.24 0.17 0.03", "S1 S 0 0 0 0.012"]
    cell = (7.3, 7.3, 9.1, 90, 90, 120)
    return written(folder, cell, TRIGONAL, sites, [f"Pb1 {tensor}"], kind)


def lines(pattern):
    return {peak.hkl[0]: peak.intensity for peak in pattern.peaks}


def one_atom(tensor) -> Atoms:
    atoms = Atoms("Cu", cell=[3.0, 4.1, 5.3], pbc=True)
    atoms.set_array("u_cartesian", np.array([tensor]))
    return atoms


def test_equal_mean_squares_in_all_directions_are_an_isotropic_b():
    atoms = bulk("CdS", "wurtzite", a=4.136, c=6.713)
    expected = powder_pattern(atoms, name="x", settings=PowderSettings(b_iso={"Cd": 1.3, "S": 2.4}))
    mean_square = np.where(atoms.numbers == 48, 1.3, 2.4) / (8 * np.pi**2)
    atoms.set_array("u_cartesian", mean_square[:, None, None] * np.eye(3))
    found = powder_pattern(atoms, name="x")
    assert lines(found) == pytest.approx(lines(expected), rel=1e-9)
    assert [p.multiplicity for p in found.peaks] == [p.multiplicity for p in expected.peaks]


def test_one_atom_damps_each_axis_by_its_own_mean_square():
    """|T|² = exp(−4π² U_ii h²/a_i²) for h00, 0k0 and 00l: done by hand."""
    mean_square = np.array([0.01, 0.03, 0.002])
    still = lines(powder_pattern(one_atom(np.zeros((3, 3))), name="x", two_theta_range=(10, 70)))
    moving = lines(
        powder_pattern(one_atom(np.diag(mean_square)), name="x", two_theta_range=(10, 70))
    )
    change = {hkl: moving[hkl] / still[hkl] for hkl in still}
    exponent = {
        (1, 0, 0): 0.01 / 3.0**2, (0, 1, 0): 0.03 / 4.1**2, (0, 0, 1): 0.002 / 5.3**2,
        (2, 0, 0): 4 * 0.01 / 3.0**2, (0, 2, 1): 4 * 0.03 / 4.1**2 + 0.002 / 5.3**2,
    }  # fmt: skip
    for hkl, value in exponent.items():
        expected = np.exp(-4 * np.pi**2 * (value - exponent[0, 0, 1]))
        assert change[hkl] / change[0, 0, 1] == pytest.approx(expected, rel=1e-9)


def test_electron_spots_are_damped_by_the_same_factor():
    still = zone_axis_pattern(one_atom(np.zeros((3, 3))), name="x", zone=(0, 0, 1))
    moving = zone_axis_pattern(one_atom(np.diag([0.01, 0.03, 0.0])), name="x", zone=(0, 0, 1))
    ratio = {
        a.hkl: b.intensity / a.intensity for a, b in zip(still.spots, moving.spots, strict=True)
    }
    expected = np.exp(-4 * np.pi**2 * (0.01 / 3.0**2 - 0.03 / 4.1**2))
    assert ratio[1, 0, 0] / ratio[0, 1, 0] == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("engine", ["dense", "nufft"])
def test_both_engines_equal_the_sum_written_out(engine):
    if engine == "nufft":
        pytest.importorskip("finufft")
    rng = np.random.default_rng(1)
    cell = [[7.1, 0.3, 0.0], [-1.2, 8.4, 0.5], [0.4, 0.9, 11.0]]
    atoms = Atoms("Pb12S12", scaled_positions=rng.random((24, 3)), cell=cell, pbc=True)
    roots = rng.normal(0, 0.1, (6, 3, 3))
    tensors = (roots @ np.swapaxes(roots, 1, 2))[rng.integers(0, 6, 24)]
    tensors[5] = np.nan
    atoms.set_array("u_cartesian", tensors)
    which = reflections(np.asarray(atoms.cell), 0.7)
    tensors[5] = 0.0
    damping = np.exp(-2 * np.pi**2 * np.einsum("mi,jik,mk->mj", which.g, tensors, which.g))
    waves = damping * np.exp(2j * np.pi * which.g @ atoms.positions.T)
    for symbol, sums in element_sums(atoms, which, engine=engine).items():
        expected = waves[:, atoms.symbols == symbol].sum(axis=1)
        assert np.abs(sums - expected).max() < (1e-10 if engine == "dense" else 1e-5)


def test_tensors_of_a_file_follow_the_formula_of_the_cif_dictionary(tmp_path):
    """T = exp(−2π² Σ U_ij h_i h_j a*_i a*_j) for the first atom, in a cell that is triclinic."""
    cell = (5.1, 6.3, 7.9, 82, 97, 111)
    file = written(tmp_path, cell, ["x,y,z"], ["Pb1 Pb 0 0 0 0.03"], [f"Pb1 {GENERAL}"])
    atoms = phases.read_atoms(file, displacements=True)
    a, b, c = np.asarray(atoms.cell)
    volume = a @ np.cross(b, c)
    stars = [np.cross(b, c) / volume, np.cross(c, a) / volume, np.cross(a, b) / volume]
    u = np.array([[0.020, 0.007, -0.004], [0.007, 0.031, 0.009], [-0.004, 0.009, 0.045]])
    for hkl in [(1, 0, 0), (2, -1, 3), (0, 4, 1)]:
        weighted = np.array(hkl) * [np.linalg.norm(star) for star in stars]
        g = np.array(hkl) @ stars
        assert g @ atoms.arrays["u_cartesian"][0] @ g == pytest.approx(weighted @ u @ weighted)


@pytest.mark.parametrize(
    ("operations", "cell"),
    [
        (TRIGONAL, (7.3, 7.3, 9.1, 90, 90, 120)),
        (MONOCLINIC, (6.1, 7.3, 9.1, 90, 104, 90)),
    ],
)
def test_expanded_tensors_leave_the_symmetry_of_the_crystal(tmp_path, operations, cell):
    """|F(h)| = |F(hR)| for every operation, and F = 0 where a glide or screw says so.

    The sums are done here atom by atom; with the tensors left unturned the same sums differ.
    """
    sites = ["Pb1 Pb 0.11 0.24 0.17 0.03", "S1 S 0 0 0 0.012"]
    file = written(tmp_path, cell, operations, sites, [f"Pb1 {GENERAL}"])
    atoms = phases.read_atoms(file, displacements=True)
    tensors = atoms.arrays["u_cartesian"]
    first = tensors[atoms.symbols == "Pb"][0]
    unturned = np.where((atoms.symbols == "Pb")[:, None, None], first, tensors)
    reciprocal = np.linalg.inv(np.asarray(atoms.cell)).T
    hkl = np.array([[1, 2, 3], [3, -1, 2], [0, 2, 5], [4, 1, -3]])

    def moduli(indices, u):
        g = indices @ reciprocal
        damping = np.exp(-2 * np.pi**2 * np.einsum("mi,jik,mk->mj", g, u, g))
        waves = damping * np.exp(2j * np.pi * g @ atoms.positions.T)
        return np.abs(waves @ atoms.numbers)

    matrices = [images(operation) for operation in operations]
    for matrix in matrices:
        assert moduli(hkl @ matrix, tensors) == pytest.approx(moduli(hkl, tensors), rel=1e-9)
    wrong = [np.abs(moduli(hkl @ m, unturned) - moduli(hkl, unturned)).max() for m in matrices]
    assert max(wrong) > 0.1
    if operations is MONOCLINIC:
        absent = np.array([[0, 3, 0], [2, 0, 1], [-1, 0, 3]])
        assert moduli(absent, tensors) == pytest.approx(0, abs=1e-9)


def images(operation: str):
    """The matrix of an operation, from its value at the three unit vectors and at the origin."""

    def at(x, y, z):
        return np.array([eval(part, {"x": x, "y": y, "z": z}) for part in operation.split(",")])

    columns = [at(*unit) - at(0, 0, 0) for unit in np.eye(3).tolist()]
    return np.rint(np.array(columns).T).astype(int)


def test_b_and_u_say_the_same_and_sites_left_out_take_their_isotropic_value(tmp_path):
    by_u = phases.read_atoms(trigonal(tmp_path), displacements=True).arrays["u_cartesian"]
    scaled = " ".join(f"{8 * np.pi**2 * float(word):.9f}" for word in GENERAL.split())
    by_b = phases.read_atoms(trigonal(tmp_path, "B", scaled), displacements=True)
    assert by_b.arrays["u_cartesian"] == pytest.approx(by_u, abs=1e-9)
    (sulphur,) = by_u[by_b.symbols == "S"]
    assert sulphur == pytest.approx(0.012 * np.eye(3), abs=1e-12)
    assert "u_cartesian" not in phases.read_atoms(trigonal(tmp_path)).arrays


def test_a_group_given_by_number_expands_like_its_operations(tmp_path):
    listed = trigonal(tmp_path)
    tensors = phases.read_atoms(listed, displacements=True).arrays["u_cartesian"]
    start, rest = listed.read_text().split("loop_\n_space_group_symop_operation_xyz\n")
    named = tmp_path / "named.cif"
    named.write_text(f"{start}_space_group_IT_number 147\nloop_\n{rest.split('loop_', 1)[1]}")
    again = phases.read_atoms(named, displacements=True)
    assert len(again) == len(tensors) == 7
    spread = np.abs(again.arrays["u_cartesian"][:, None] - tensors[None]).max(axis=(2, 3))
    assert spread.min(axis=1) == pytest.approx(0, abs=1e-9)


def test_positions_more_symmetric_than_displacements_do_not_merge_or_remove_lines(tmp_path):
    """A square lattice whose atoms swing along a: h00 is weaker than 0k0, and each keeps its own.

    Two atoms at 0 and ½½½ with other tensors no longer cancel where h + k + l is odd.
    """
    atoms = Atoms("Fe2", scaled_positions=[[0] * 3, [0.5] * 3], cell=[3.0] * 3, pbc=True)
    atoms.set_array("u_cartesian", np.array([np.diag([0.04, 0, 0]), np.diag([0, 0.04, 0])]))
    pattern = powder_pattern(atoms, name="x", two_theta_range=(20, 70))
    found = lines(pattern)
    t = np.exp(-2 * np.pi**2 * 0.04 / 9)
    square = (1 - t) ** 2
    odd = next(peak for peak in pattern.peaks if (1, 0, 0) in peak.hkl)
    even = next(peak for peak in pattern.peaks if (1, 1, 0) in peak.hkl)
    # of 100, 010, 001 the last has no damping at all and stays absent
    assert odd.multiplicity == 4
    assert found[1, 0, 0] < found[1, 1, 0]
    from qdstruct.simulation import radiation
    from qdstruct.simulation.powder import lorentz_polarisation
    from qdstruct.simulation.scattering_factors import anomalous_factor, xray_factor

    energy = radiation("CuKa").energy

    def part(peak, weight):
        f = xray_factor("Fe", 1 / (2 * peak.d)) + anomalous_factor("Fe", energy)
        return weight * abs(f) ** 2 * lorentz_polarisation(np.array(peak.two_theta))

    # 110 and 1−10 (4 with signs): both atoms t; 101, 011 (8 with signs): t and 1
    expected = part(odd, 4 * square) / part(even, 4 * (2 * t) ** 2 + 8 * (1 + t) ** 2)
    assert odd.intensity / even.intensity == pytest.approx(float(expected), rel=1e-9)


def test_a_b_that_is_given_replaces_the_tensors_of_its_element(tmp_path):
    atoms = phases.read_atoms(trigonal(tmp_path), displacements=True)
    bare = phases.read_atoms(trigonal(tmp_path))
    both = PowderSettings(b_iso={"Pb": 1.0, "S": 2.0})
    replaced = powder_pattern(atoms, name="x", settings=both)
    assert lines(replaced) == pytest.approx(lines(powder_pattern(bare, name="x", settings=both)))
    assert lines(powder_pattern(atoms, name="x")) != pytest.approx(lines(replaced), rel=1e-2)


@pytest.mark.parametrize(
    ("tensors", "said"),
    [
        (["Zn9 0.02 0.02 0.02 0 0 0"], "Zn9"),
        (["Pb1 0.02 ? 0.02 0 0 0"], "part of"),
        (["Pb1 0.02 much 0.02 0 0 0"], "much"),
        (["S1 0.02 0.02 0.06 0 0 0"], "breaks the symmetry"),
    ],
)
def test_broken_tensors_are_refused_with_file_and_site(tmp_path, tensors, said):
    sites = ["Pb1 Pb 0.11 0.24 0.17 0.03", "S1 S 0 0 0 0.012"]
    file = written(tmp_path, (7.3, 7.3, 9.1, 90, 90, 120), TRIGONAL, sites, tensors)
    with pytest.raises(PhaseError, match=said) as caught:
        phases.read_atoms(file, displacements=True)
    assert "made-up.cif" in str(caught.value)


def test_a_negative_mean_square_is_refused():
    with pytest.raises(InputError, match="mean square"):
        powder_pattern(one_atom(np.diag([0.01, -0.02, 0.01])), name="x")
    atoms = one_atom(np.eye(3))
    atoms.arrays["u_cartesian"] = np.zeros((1, 6))
    with pytest.raises(InputError, match="shape"):
        powder_pattern(atoms, name="x")


def test_doublet_lines_stand_where_bragg_puts_them_with_intensities_two_to_one():
    """Cu Kα₁ 1.540593 and Kα₂ 1.544427 Å (Hölzer et al., Phys. Rev. A 56, 4554 (1997))."""
    atoms = bulk("Si", cubic=True, a=5.4312)
    pattern = powder_pattern(
        atoms, name="Si", two_theta_range=(90, 100), step=0.002, instrument_fwhm=0.04,
        settings=PowderSettings(doublet=True),
    ).pattern  # fmt: skip
    angle, y = pattern.coords["two_theta"].to_numpy(), pattern.to_numpy()
    d = 5.4312 / np.sqrt(27)
    first, second = 2 * np.degrees(np.arcsin(np.array([1.540593, 1.544427]) / (2 * d)))
    middle = (first + second) / 2
    left, right = angle < middle, angle >= middle
    assert angle[left][y[left].argmax()] == pytest.approx(first, abs=0.01)
    assert angle[right][y[right].argmax()] == pytest.approx(second, abs=0.01)
    near = np.abs(angle - middle) < 2
    areas = y[left & near].sum() / y[right & near].sum()
    assert areas == pytest.approx(2.0, rel=0.01)


def test_a_polynomial_background_comes_back_as_it_was():
    atoms = bulk("Si", cubic=True)
    pattern = powder_pattern(atoms, name="Si", two_theta_range=(20, 60), size_nm=20).pattern
    angle = pattern.coords["two_theta"].to_numpy()
    background = 400 - 6 * (angle - 20) + 0.09 * (angle - 40) ** 2
    fit = fit_mixture(
        angle, 30 * pattern.to_numpy() + background, [("Si", atoms)], sizes_nm={"Si": 20},
        background_degree=3,
    )  # fmt: skip
    assert fit.curve["background"].to_numpy() == pytest.approx(background, rel=5e-3)


@pytest.mark.parametrize("r", [0.4, 1.7])
def test_march_dollase_gains_equal_the_printed_formula_at_every_angle(r):
    """W = (r² cos²α + sin²α/r)^(−3/2), Dollase (1986), at α worked out from a tetragonal cell."""
    a, c = 4.0, 5.2
    atoms = Atoms("Sn", cell=[a, a, c], pbc=True)
    plain = lines(powder_pattern(atoms, name="x"))
    texture = PowderSettings(preferred_orientation=((0, 0, 1), r))
    oriented = lines(powder_pattern(atoms, name="x", settings=texture))
    gain = {hkl: oriented[hkl] / plain[hkl] for hkl in plain}

    def printed(h, k, l):  # noqa: E741 - the crystallographer's l
        cosine = (l / c) / np.sqrt((h * h + k * k) / a**2 + (l / c) ** 2)
        return (r**2 * cosine**2 + (1 - cosine**2) / r) ** -1.5

    for hkl in [(1, 0, 0), (1, 0, 1), (1, 1, 1), (1, 0, 2), (0, 0, 2)]:
        expected = printed(*hkl) / printed(0, 0, 1)
        assert gain[hkl] / gain[0, 0, 1] == pytest.approx(expected, rel=1e-9)
