"""Cube crystals with vacancies: lattices, gaps, bookkeeping, seeds, checkpoints, physics."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qdstruct.errors import InputError
from qdstruct.model.assembly import AssemblyRun
from qdstruct.simulation.assembly import (
    assembly_settings,
    occupied_sites,
    row_gaps,
    simulate_assembly,
    starting_positions,
)
from qdstruct.simulation.assembly.measured import measured_assemblies
from qdstruct.simulation.assembly.run import _save
from qdstruct.simulation.assembly.vacancies import _full_assignment, alignment_order
from qdstruct.simulation.assembly.walker import Walker

SMALL = {"cubes": 120, "vacancies": 0.032, "sweeps": 60, "sample_every": 10, "seeds": (1, 2)}


def overlapping_pairs(walker):
    """Overlaps found by corners and centres of one cube inside another, and by a grid of points."""
    points = np.stack(np.meshgrid(*[np.linspace(-0.5, 0.5, 5)] * 3), axis=-1).reshape(-1, 3)
    bad, box = 0, walker.settings.box
    for n, (centre, own) in enumerate(zip(walker.positions, walker.axes, strict=True)):
        away = walker.positions - centre
        away -= box * np.rint(away / box)
        for m in np.flatnonzero(((away**2).sum(axis=1) < 3) & (np.arange(len(away)) != n)):
            inside = (away[m] + points @ walker.axes[m]) @ own.T
            bad += int((np.abs(inside).max(axis=1) < 0.5 - 1e-9).any())
    return bad


def pairs_in_the_well(walker):
    away = walker.positions[:, None] - walker.positions[None]
    away -= walker.settings.box * np.rint(away / walker.settings.box)
    near = (away**2).sum(axis=2) < walker.settings.well_range**2
    return (near.sum() - len(near)) // 2


def test_settings_choose_the_nearest_lattice():
    chosen = assembly_settings(cubes=1000, vacancies=0.03, packing=0.8)
    assert (chosen.sites, chosen.vacancies, chosen.cubes) == (10, 30, 970)
    assert chosen.cubes / chosen.box**3 == pytest.approx(0.8)
    assert chosen.lattice_constant == pytest.approx((0.97 / 0.8) ** (1 / 3))


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({"packing": 1.2}, "not between 0 and 1"),
        ({"packing": 0.98}, "they overlap"),
        ({"vacancies": -0.1}, "vacancies"),
        ({"well_range": 2.0}, "outside 1 to √3"),
        ({"well": float("nan")}, "finite"),
        ({"seeds": (1, 1)}, "different"),
        ({"start": "molten"}, "known are localised, spread"),
        ({"sweeps": 10, "warm_up": 10}, "nothing to average"),
        ({"sweeps": 10, "warm_up": 5, "sample_every": 8}, "fewer sweeps"),
        ({"vacancies": 0.3, "packing": 0.3, "start": "spread"}, "more vacancies than rows"),
        ({"vacancies": 0.09, "packing": 0.3, "start": "spread-xyz"}, "that do not cross"),
    ],
)
def test_impossible_crystals_are_refused(words, message):
    with pytest.raises(InputError, match=message):
        assembly_settings(**words)


@pytest.mark.parametrize("start", ["localised", "spread", "spread-xyz"])
def test_a_start_has_no_overlap_and_the_gaps_it_is_named_for(start):
    chosen = assembly_settings(**SMALL, start=start)
    walker = Walker.start(chosen, 3)
    assert walker.counted() == (pairs_in_the_well(walker), 0)
    gaps = row_gaps(walker.positions, chosen.lattice_constant, chosen.sites)
    assert gaps.shape == (chosen.vacancies, 3)
    if start == "localised":
        assert gaps == pytest.approx(1.0)
    elif start == "spread":
        assert gaps[:, 0] == pytest.approx(1 / (chosen.sites - 1))
        assert (gaps[:, 1:] > 0.8).all()
    else:
        open_along = gaps.argmin(axis=1)
        assert set(np.bincount(open_along, minlength=3)) <= {
            chosen.vacancies // 3, -(-chosen.vacancies // 3)
        }  # fmt: skip
        assert gaps.min(axis=1) == pytest.approx(1 / (chosen.sites - 1))
        assert (np.sort(gaps, axis=1)[:, 1:] > 0.8).all()


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 1000), shift=st.tuples(*[st.floats(0, 7)] * 3))
def test_gaps_find_the_empty_sites_wherever_the_lattice_lies(seed, shift):
    chosen = assembly_settings(**SMALL)
    rng = np.random.default_rng(seed)
    perfect = starting_positions(chosen, rng)
    moved = perfect + rng.normal(0, 0.04, perfect.shape) + shift
    moved -= chosen.box * np.floor(moved / chosen.box)
    gaps = row_gaps(moved, chosen.lattice_constant, chosen.sites)
    assert gaps.shape == (chosen.vacancies, 3)
    assert gaps == pytest.approx(1.0, abs=0.3)
    sites = occupied_sites(moved, chosen.lattice_constant, chosen.sites)
    assert len(np.unique(sites, axis=0)) == chosen.cubes


def test_near_and_full_assignments_agree():
    chosen = assembly_settings(**SMALL)
    rng = np.random.default_rng(0)
    place = starting_positions(chosen, rng) / chosen.lattice_constant - 0.5
    place += rng.normal(0, 0.15, place.shape)
    near = occupied_sites(
        np.mod(place, chosen.sites) * chosen.lattice_constant, chosen.lattice_constant, chosen.sites
    )
    n = chosen.sites
    full = np.stack(np.unravel_index(_full_assignment(place, n), (n, n, n)), axis=1)
    step = (near - full) % n
    assert (step == step[0]).all()  # the same, but for the origin of the lattice


def test_alignment_of_aligned_and_of_random_cubes():
    from scipy.spatial.transform import Rotation

    assert alignment_order(np.tile(np.eye(3), (4, 1, 1))) == pytest.approx(1.0)
    random = Rotation.random(50_000, random_state=0).as_matrix()
    # ⟨max(x², y², z²)⟩ on the sphere is 1/3 + 2√3/(3π)
    expected = 1.5 * (1 / 3 + 2 * np.sqrt(3) / (3 * np.pi)) - 0.5
    assert alignment_order(random) == pytest.approx(expected, abs=0.002)


@pytest.mark.parametrize("well", [0.0, -1.0])
def test_energy_is_kept_and_nothing_ever_overlaps(well):
    walker = Walker.start(assembly_settings(**SMALL, well=well), 1)
    while not walker.done:
        walker.advance()
        pairs, overlapping = walker.counted()
        assert overlapping == 0
        assert overlapping_pairs(walker) == 0
        assert walker.pairs == pairs == pairs_in_the_well(walker)
        assert walker.samples[-1].energy == pytest.approx(well * pairs / walker.settings.cubes)
    edges = np.einsum("nij,nkj->nik", walker.axes, walker.axes)
    assert edges == pytest.approx(np.broadcast_to(np.eye(3), edges.shape), abs=1e-12)
    assert (walker.made[:2, 1] > 0).all()


def test_steps_stand_still_once_they_are_adapted():
    walker = Walker.start(assembly_settings(**SMALL), 1)
    steps = []
    while not walker.done:
        walker.advance()
        steps.append(tuple(walker.steps))
    assert steps[0] != steps[1]
    assert len(set(steps[1:])) == 1


def test_seeds_decide_and_threads_do_not():
    chosen = assembly_settings(**SMALL)
    runs = [simulate_assembly(chosen, jobs=jobs).to_dict() for jobs in (1, 2)]
    assert json.dumps(runs[0]) == json.dumps(runs[1])
    assert (
        runs[0]["series"][0]["opening"]["data"][1:] != runs[0]["series"][1]["opening"]["data"][1:]
    )
    again = AssemblyRun.from_dict(json.loads(json.dumps(runs[0])))
    assert json.dumps(again.to_dict()) == json.dumps(runs[0])


def test_an_interrupted_run_continues_bit_for_bit(tmp_path):
    chosen = assembly_settings(**SMALL, well=-0.5)
    whole = simulate_assembly(chosen)
    checkpoint = tmp_path / "run.checkpoint.json"
    calls = []

    def stop(made, wanted, opening):
        calls.append(made)
        if len(calls) == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        simulate_assembly(chosen, checkpoint=checkpoint, progress=stop)
    assert checkpoint.exists()
    continued = []
    resumed = simulate_assembly(
        chosen, checkpoint=checkpoint, progress=lambda made, *_: continued.append(made)
    )
    assert continued[0] == calls[-1] + 2 * chosen.sample_every
    assert json.dumps(resumed.to_dict()) == json.dumps(whole.to_dict())
    assert not checkpoint.exists()


def test_seeds_may_be_at_different_sweeps_when_interrupted(tmp_path):
    chosen = assembly_settings(**SMALL, well=-0.5)
    walkers = [Walker.start(chosen, seed) for seed in chosen.seeds]
    walkers[1].advance()
    checkpoint = tmp_path / "run.checkpoint.json"
    _save(chosen, walkers, checkpoint)
    resumed = simulate_assembly(chosen, checkpoint=checkpoint)
    assert json.dumps(resumed.to_dict()) == json.dumps(simulate_assembly(chosen).to_dict())


def test_a_checkpoint_of_another_run_is_refused(tmp_path):
    checkpoint = tmp_path / "run.checkpoint.json"

    def stop(*_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        simulate_assembly(assembly_settings(**SMALL), checkpoint=checkpoint, progress=stop)
    with pytest.raises(InputError, match="other settings \\(well\\)"):
        simulate_assembly(assembly_settings(**SMALL, well=-1.0), checkpoint=checkpoint)
    checkpoint.write_text("{}")
    with pytest.raises(InputError, match="not a checkpoint"):
        simulate_assembly(assembly_settings(**SMALL), checkpoint=checkpoint)


def test_attraction_keeps_vacancies_whole_and_hard_cubes_close_them():
    """The published statement, at a size and length that a test can afford."""
    words = {"cubes": 200, "vacancies": 0.028, "sweeps": 140, "seeds": (1, 2, 3, 4)}
    words["sample_every"] = 5
    hard, sticky = (simulate_assembly(assembly_settings(**words, well=w)) for w in (0.0, -1.0))
    for part in ("localised", "opening"):
        low, high = getattr(hard, part), getattr(sticky, part)
        assert low.error is not None
        assert high.error is not None
        assert high.value - low.value > 3 * np.hypot(low.error, high.error)
    assert sticky.localised.value > 0.8
    assert all(s.overlapping == 0 for s in (*hard.series, *sticky.series))


def test_stored_runs_bracket_the_published_statement():
    runs = {(run.well, run.start): run for run in measured_assemblies()}
    pairs = {(w, s) for w in (0.0, -0.5, -1.0) for s in ("localised", "spread")}
    assert set(runs) == pairs | {(0.0, "spread-xyz")}
    for run in runs.values():
        assert f"--well={run.well:g} " in run.command
        assert f"--sweeps {run.sweeps} " in run.command
    assert max(run.localised.value for (w, _), run in runs.items() if w == 0) < 0.25
    assert min(runs[-1.0, s].localised.value for s in ("localised", "spread")) > 0.75
    for start in ("localised", "spread"):
        parts = [runs[well, start].localised.value for well in (0.0, -0.5, -1.0)]
        assert parts == sorted(parts)
