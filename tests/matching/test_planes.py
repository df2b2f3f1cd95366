"""Plane-spacing mismatch against published values and against pymatgen's extinctions."""

from __future__ import annotations

import numpy as np
import pytest
from matching_factories import perovskite, rocksalt, zincblende

from qdstruct import matching, phases
from qdstruct.errors import MatchError


def test_three_definitions():
    (row,) = matching.plane_mismatches(
        rocksalt(6.0), zincblende(5.0), planes=[((2, 0, 0), (2, 0, 0))]
    )
    assert (row.film_spacing, row.substrate_spacing) == pytest.approx((3.0, 2.5))
    assert row.over_film == pytest.approx(-0.5 / 3)
    assert row.over_substrate == pytest.approx(-0.2)
    assert row.over_mean == pytest.approx(-0.5 / 2.75)


def test_published_spacings_of_the_cube_on_cube_pair():
    """d(220) of zinc-blende CdS is printed as 2.0614 Å and of cubic CsPbBr3 as 2.061 Å, <1 %."""
    film, substrate = phases.load("CdS-zincblende"), phases.load("CsPbBr3-cubic")
    (row,) = matching.plane_mismatches(film, substrate, planes=[((2, 2, 0), (2, 2, 0))])
    assert row.film_spacing == pytest.approx(2.0614, abs=0.006)
    assert abs(row.over_film) < 0.01


def test_published_layered_perovskite_mismatch():
    """5.61 % for (100) of CsPbBr3 against the sixth order of the layer spacing."""
    film, substrate = phases.load("PMA2PbBr4"), phases.load("CsPbBr3-cubic")
    (row,) = matching.plane_mismatches(film, substrate, planes=[((6, 0, 0), (1, 0, 0))])
    assert row.over_film == pytest.approx(0.0561, abs=0.001)
    assert not row.film_forbidden


def test_centring_forbids_the_odd_orders_that_were_printed():
    film = phases.load("PMA2PbBr4")
    for order in range(1, 12):
        assert matching.is_forbidden(film, (order, 0, 0)) == bool(order % 2)


@pytest.mark.parametrize("name", ["PbS-galena", "CdS-wurtzite", "CsPbBr3-Pnma", "CsPbBr3-Pbnm"])
def test_extinctions_agree_with_pymatgen(name):
    """A family is forbidden exactly when pymatgen's powder calculator has no line of it."""
    from pymatgen.analysis.diffraction.xrd import XRDCalculator
    from pymatgen.io.ase import AseAtomsAdaptor

    phase = phases.load(name)
    structure = AseAtomsAdaptor.get_structure(phase.atoms)
    calculator = XRDCalculator(wavelength=0.5, symprec=0)
    calculator.SCALED_INTENSITY_TOL = 1e-9
    pattern = calculator.get_pattern(structure, two_theta_range=(0, 40))
    lines = {_family(phase, entry["hkl"]) for family in pattern.hkls for entry in family}
    families = matching.plane_families(phase, 2)
    assert families
    for hkl in families:
        assert matching.is_forbidden(phase, hkl) == (_family(phase, hkl) not in lines), hkl


def _family(phase, hkl):
    """The lexicographically largest member of a family under the Laue group, by spglib."""
    import spglib

    atoms = phase.atoms
    cell = (np.asarray(atoms.cell), atoms.get_scaled_positions(), atoms.numbers)
    rotations = spglib.get_symmetry_dataset(cell, symprec=1e-3).rotations
    indices = np.array(hkl if len(hkl) == 3 else (hkl[0], hkl[1], hkl[3]))
    images = np.concatenate([indices @ rotations, -(indices @ rotations)])
    return max(map(tuple, images.tolist()))


def test_families_are_complete():
    assert matching.plane_families(perovskite(), 2) == (
        (1, 0, 0), (1, 1, 0), (1, 1, 1), (2, 0, 0), (2, 1, 0), (2, 1, 1), (2, 2, 0), (2, 2, 1),
        (2, 2, 2),
    )  # fmt: skip


def test_scan_is_best_first_and_covers_all_pairs():
    rows = matching.plane_mismatches(rocksalt(), perovskite(), max_index=2)
    assert len(rows) == 81
    sizes = [abs(row.over_film) for row in rows]
    assert sizes == sorted(sizes)


def test_bad_planes_are_refused():
    with pytest.raises(MatchError, match="not a lattice plane"):
        matching.plane_mismatches(rocksalt(), rocksalt(), planes=[((0, 0, 0), (1, 0, 0))])
    with pytest.raises(MatchError, match="three integers"):
        matching.plane_mismatches(rocksalt(), rocksalt(), planes=[((1, 0), (1, 0, 0))])
    with pytest.raises(MatchError):
        matching.plane_families(rocksalt(), 0)
