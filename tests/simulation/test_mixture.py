"""Phase fractions from mixtures whose composition is known."""

from __future__ import annotations

import numpy as np
import pytest
from ase.build import bulk
from ase.spacegroup import crystal
from hypothesis import given, settings
from hypothesis import strategies as st

from qdstruct.errors import InputError
from qdstruct.simulation import fit_mixture, powder_pattern, read_pattern

SITES = [(0, 0, 0), (0.5, 0.5, 0.5), (0, 0.5, 0.5)]
PEROVSKITE = crystal(["Cs", "Pb", "Br"], SITES, spacegroup=221, cellpar=[5.874] * 3 + [90] * 3)
GALENA = bulk("PbS", "rocksalt", a=5.9315, cubic=True)
PHASES = [("CsPbBr3", PEROVSKITE), ("PbS", GALENA)]
SIZES = {"CsPbBr3": 14.0, "PbS": 6.0}


def mixture(weights, *, noise=0.0, background=True):
    """Counts of crystals in proportions by weight: intensity of a gram ∝ profile/(M V) of a cell.

    The same crystal in a cell twice as large must weigh the same, which fixes the factor.
    """
    total = None
    for (name, atoms), weight in zip(PHASES, weights, strict=True):
        pattern = powder_pattern(
            atoms, name=name, two_theta_range=(12, 55), size_nm=SIZES[name], step=0.02
        ).pattern
        absolute = pattern.to_numpy() * pattern.attrs["strongest_point"]
        part = weight * absolute / (atoms.get_masses().sum() * atoms.get_volume())
        total = part if total is None else total + part
    angle = pattern.coords["two_theta"].to_numpy()
    counts = 5000 * total / total.max()
    if background:
        counts = counts + 200 + 3 * (60 - angle)
    return angle, counts + np.random.default_rng(0).normal(0, noise, len(counts)) * np.sqrt(counts)


@settings(max_examples=5, deadline=None)
@given(st.floats(0.02, 0.98))
def test_known_fractions_come_back(first):
    angle, counts = mixture((first, 1 - first))
    fit = fit_mixture(angle, counts, PHASES, sizes_nm=SIZES)
    assert fit.fractions[0].weight_fraction == pytest.approx(first, abs=2e-3)
    assert sum(part.weight_fraction for part in fit.fractions) == pytest.approx(1)
    assert fit.r_wp < 2e-3


def test_weight_does_not_depend_on_the_cell_chosen_for_a_phase():
    angle, counts = mixture((0.3, 0.7))
    doubled = [("CsPbBr3", PEROVSKITE.repeat((2, 1, 1))), ("PbS", GALENA)]
    one = fit_mixture(angle, counts, PHASES, sizes_nm=SIZES)
    two = fit_mixture(angle, counts, doubled, sizes_nm=SIZES)
    for a, b in zip(one.fractions, two.fractions, strict=True):
        assert a.weight_fraction == pytest.approx(b.weight_fraction, rel=1e-6)


def test_noise_moves_the_fraction_within_its_uncertainty():
    angle, counts = mixture((0.4, 0.6), noise=1.0)
    part = fit_mixture(angle, counts, PHASES, sizes_nm=SIZES).fractions[0]
    assert abs(part.weight_fraction - 0.4) < 4 * part.uncertainty
    assert 1e-5 < part.uncertainty < 0.02


def test_absent_phase_gets_nothing_and_never_less():
    angle, counts = mixture((1.0, 0.0), noise=1.0)
    fit = fit_mixture(angle, counts, [*PHASES, ("Cu", bulk("Cu", cubic=True))], sizes_nm=SIZES)
    assert fit.fractions[0].weight_fraction > 0.98
    assert all(part.weight_fraction >= 0 for part in fit.fractions)
    back = type(fit).from_dict(fit.to_dict())
    assert back.fractions == fit.fractions


def test_files_with_headers_and_any_separator_are_read(tmp_path):
    angle, counts = mixture((0.5, 0.5))
    for separator in (" ", "\t", ",", ";"):
        path = tmp_path / "pattern.xy"
        rows = [f"{a:.4f}{separator}{c:.3f}" for a, c in zip(angle, counts, strict=True)]
        path.write_text("# measured\n2theta counts\n" + "\n".join(rows) + "\n")
        read_angle, read_counts = read_pattern(path)
        assert read_angle == pytest.approx(angle, abs=1e-4)
        assert read_counts == pytest.approx(counts, abs=1e-3)


def test_broken_patterns_are_refused(tmp_path):
    angle, counts = mixture((0.5, 0.5))
    for wrong_angle, wrong_counts, said in [
        (angle[::-1], counts, "ascend"),
        (angle, np.where(counts > 4000, np.nan, counts), "finite"),
        (angle[:20], counts[:20], "points"),
        (angle, 0 * counts, "no counts"),
    ]:
        with pytest.raises(InputError, match=said):
            fit_mixture(wrong_angle, wrong_counts, PHASES)
    with pytest.raises(InputError, match="at least one phase"):
        fit_mixture(angle, counts, [])
    hollow = 1000 - fit_mixture(angle, counts, PHASES[:1]).curve["phase: CsPbBr3"].to_numpy()
    with pytest.raises(InputError, match="none of the phases"):
        fit_mixture(angle, hollow / 2 + 600, PHASES[:1])
    (tmp_path / "words.xy").write_text("nothing here\n")
    with pytest.raises(InputError, match="no two columns"):
        read_pattern(tmp_path / "words.xy")
    with pytest.raises(InputError, match="not found"):
        read_pattern(tmp_path / "missing.xy")
