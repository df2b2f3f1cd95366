"""What pymatgen's coincidence search finds within the bounds, ours finds too."""

from __future__ import annotations

import numpy as np
import pytest
from matching_factories import perovskite, rocksalt, zincblende
from pymatgen.analysis.interfaces.zsl import ZSLGenerator

from qdstruct import matching


@pytest.mark.parametrize(
    ("film", "film_hkl", "substrate", "substrate_hkl"),
    [
        (perovskite(), (1, 0, 0), rocksalt(), (1, 0, 0)),
        (rocksalt(), (1, 1, 1), perovskite(), (1, 1, 0)),
        (zincblende(), (1, 1, 0), perovskite(), (1, 1, 1)),
        (zincblende(), (2, 1, 0), rocksalt(), (1, 1, 1)),
    ],
)
def test_zsl_matches_within_the_bounds_are_a_subset(film, film_hkl, substrate, substrate_hkl):
    area, strain = 250.0, 0.05
    f, s = matching.facets(film, film_hkl)[0], matching.facets(substrate, substrate_hkl)[0]
    ours = matching.match_facets(f, s, max_area=area, max_strain=strain)
    rows = np.column_stack([ours.areas, np.sort(ours.principal_strains, axis=1)])
    generator = ZSLGenerator(
        max_area=area, max_area_ratio_tol=0.1, max_length_tol=0.06, max_angle_tol=0.05
    )
    checked = 0
    for match in generator(f.plane.vectors, s.plane.vectors):
        row = _strain_of(match, f, s, area, strain)
        if row is None:
            continue
        # a mirrored or non-primitive row of theirs has its primitive image in ours
        same = np.isclose(rows[:, 1:], row[1:], atol=1e-6).all(axis=1)
        multiple = row[0] / rows[:, 0]
        assert np.any(same & (np.abs(multiple - np.rint(multiple)) < 1e-6)), row
        checked += 1
    assert checked > 0


def _strain_of(match, f, s, area, strain):
    """Principal strains of a ZSL match if its correspondence is proper and within bounds."""
    a = np.asarray(match.film_sl_vectors) @ f.plane.frame.T
    b = np.asarray(match.substrate_sl_vectors) @ s.plane.frame.T
    if np.linalg.det(a[:, :2]) * np.linalg.det(b[:, :2]) <= 0:
        return None
    F = np.linalg.solve(a[:, :2], b[:, :2]).T
    strains = np.linalg.svd(F, compute_uv=False) - 1
    areas = abs(np.linalg.det(a[:, :2])), abs(np.linalg.det(b[:, :2]))
    if np.abs(strains).max() > strain or max(areas) > area:
        return None
    return np.array([areas[1], *np.sort(strains)])
