"""The registry: irreducible shifts, the bulk found again, scans that can be stopped."""

from __future__ import annotations

import json

import numpy as np
import pytest
from building_cases import one_to_one

from qdstruct import matching, phases
from qdstruct.building import build_interface
from qdstruct.building.calculators import interface_calculator
from qdstruct.building.registry import irreducible_shifts, registry_cell, shift_cell
from qdstruct.building.registry_scan import place_film, scan_registry
from qdstruct.errors import BuildError, InputError, RunError
from qdstruct.model import RegistryScan


class Counted:
    """A calculator that counts its calls and fails after some of them."""

    name = "harmonic test potential"

    def __init__(self, *, fail_after: int = 10**9) -> None:
        self.calls, self.fail_after = 0, fail_after

    def get_potential_energy(self, atoms) -> float:
        if self.calls >= self.fail_after:
            raise RuntimeError("stopped")
        self.calls += 1
        return float((atoms.positions**2).sum() * 1e-3)


def interface_of(film, film_hkl, substrate, substrate_hkl, **options):
    upper, lower = phases.load(film), phases.load(substrate)
    match = matching.find_matches(upper, lower, film_hkl, substrate_hkl, max_area=200,
                                  max_strain=0.05)[0]  # fmt: skip
    return build_interface(upper, lower, match, **options), upper, lower, match


CASES = [
    ("PbS-galena", (1, 0, 0), "CsPbBr3-cubic", (1, 0, 0)),
    ("CdS-zincblende", (0, 0, 1), "CsPbBr3-Pbnm", (0, 0, 1)),
    ("PbS-galena", (1, 1, 1), "CdS-zincblende", (1, 1, 1)),
    ("PbS-galena", (1, 1, 0), "CsPbBr3-cubic", (1, 1, 0)),
]


@pytest.mark.parametrize("case", CASES)
def test_the_cell_has_the_area_of_the_displacement_lattice(case) -> None:
    _, film, substrate, match = interface_of(*case)
    area = abs(np.linalg.det(registry_cell(film, substrate, match))) * match.area
    assert area == pytest.approx(abs(np.linalg.det(matching.displacement_lattice(match))), rel=1e-6)
    assert area == pytest.approx(abs(np.linalg.det(shift_cell(match))) * match.area, rel=1e-6)


@pytest.mark.parametrize("case", CASES)
def test_shifts_by_the_cell_change_nothing(case) -> None:
    interface, film, substrate, match = interface_of(*case)
    model = interface_calculator("ionic", film, substrate)
    basis = registry_cell(film, substrate, match)
    energies = [
        model.get_potential_energy(place_film(interface.atoms, np.add(shift, (0.07, 0.19)), 2.8))
        for shift in ((0.0, 0.0), basis[0], basis[1], basis[1] - 2 * basis[0])
    ]
    assert np.ptp(energies) < 1e-6
    half = place_film(interface.atoms, basis[0] / 2 + np.array((0.07, 0.19)), 2.8)
    assert abs(model.get_potential_energy(half) - energies[0]) > 1e-4


@pytest.mark.parametrize("case", [*CASES, ("CdS-zincblende", (1, 1, 0), "PbS-galena", (1, 0, 0))])
@pytest.mark.parametrize("grid", [(4, 4), (3, 2)])
def test_the_symmetrised_map_is_the_full_map(case, grid) -> None:
    interface, film, substrate, match = interface_of(*case, shift=(0.13, 0.21))
    model = interface_calculator("ionic", film, substrate)
    options = {"registry_cell": registry_cell(film, substrate, match), "grid": grid,
               "gaps": [2.6, 3.1]}  # fmt: skip
    full = scan_registry(interface, model, use_symmetry=False, **options)
    reduced = scan_registry(interface, model, **options)
    assert np.allclose(full.energies, reduced.energies, atol=1e-6)
    assert full.distinct_shifts == grid[0] * grid[1]
    assert reduced.computed == 2 + 2 * reduced.distinct_shifts
    if case[1] == (1, 0, 0) and grid == (4, 4):
        assert reduced.distinct_shifts == 6


def test_whole_coincidence_cells_hold_the_displacement_lattice() -> None:
    """Translations of either half are found without being told of."""
    interface, film, substrate, match = interface_of(*CASES[0])
    atoms = interface.atoms
    upper = atoms.arrays["region"] == "film"
    cell = np.linalg.inv(registry_cell(film, substrate, match))
    n = 4 * round(abs(np.linalg.det(cell)))
    like = irreducible_shifts(atoms[upper], atoms[~upper], np.eye(2), (n, n))
    small = irreducible_shifts(atoms[upper], atoms[~upper], np.linalg.inv(cell), (4, 4))
    assert len(np.unique(like)) <= n * n / round(abs(np.linalg.det(cell)))
    assert len(np.unique(small)) == 6


@pytest.fixture(scope="module")
def galena_on_itself() -> RegistryScan:
    galena = phases.load("PbS-galena")
    match = one_to_one(galena, (1, 0, 0), galena, (1, 0, 0))
    return scan_registry(
        build_interface(galena, galena, match),
        interface_calculator("ionic", galena, galena),
        registry_cell=registry_cell(galena, galena, match),
        grid=(4, 4),
        gaps=np.arange(2.4, 3.61, 0.2),
    )


def test_a_crystal_on_itself_is_the_bulk(galena_on_itself) -> None:
    spacing = phases.load("PbS-galena").atoms.cell.lengths()[0] / 2
    assert galena_on_itself.best_shift == (0.0, 0.0)
    assert abs(galena_on_itself.best_gap - spacing) <= 0.1
    assert galena_on_itself.relaxed_gap == pytest.approx(spacing, abs=0.1)
    assert galena_on_itself.warnings == ()


def test_perovskite_on_itself_is_the_bulk() -> None:
    crystal = phases.load("CsPbBr3-cubic")
    match = one_to_one(crystal, (1, 0, 0), crystal, (1, 0, 0))
    scan = scan_registry(
        build_interface(crystal, crystal, match),
        interface_calculator("ionic", crystal, crystal),
        registry_cell=registry_cell(crystal, crystal, match),
        grid=(2, 2),
        gaps=np.arange(2.5, 3.4, 0.2),
    )
    assert scan.best_shift == (0.0, 0.0)
    assert scan.relaxed_gap == pytest.approx(crystal.atoms.cell.lengths()[0] / 2, abs=0.1)


def test_the_map_has_the_symmetry_of_the_face(galena_on_itself) -> None:
    energies = np.asarray(galena_on_itself.energies)
    assert np.allclose(energies, energies.transpose(1, 0, 2), atol=1e-7)
    mirrored = energies[(-np.arange(4)) % 4]
    assert np.allclose(energies, mirrored, atol=1e-7)


def test_energies_are_per_area_and_vanish_far_away(galena_on_itself) -> None:
    area = phases.load("PbS-galena").atoms.cell.lengths()[0] ** 2 / 2
    assert galena_on_itself.area == pytest.approx(area)
    expected = galena_on_itself.best_energy / area * 16.02176634
    assert galena_on_itself.best_energy_per_area == pytest.approx(expected)
    galena = phases.load("PbS-galena")
    match = one_to_one(galena, (1, 0, 0), galena, (1, 0, 0))
    far = scan_registry(
        build_interface(galena, galena, match),
        interface_calculator("ionic", galena, galena),
        registry_cell=registry_cell(galena, galena, match), grid=(1, 1), gaps=[14.0],
    )  # fmt: skip
    assert abs(far.best_energy_per_area) < 1e-4
    assert len(far.warnings) == 2


def test_the_result_survives_a_file(galena_on_itself) -> None:
    again = RegistryScan.from_dict(json.loads(json.dumps(galena_on_itself.to_dict())))
    assert again.energies.identical(galena_on_itself.energies)
    assert again.energies.attrs["units"] == "J/m2"
    assert again.relaxed_gap == galena_on_itself.relaxed_gap
    assert "ionic model" in again.method


def scan_of(calculator, resume_file=None, **options):
    galena = phases.load("PbS-galena")
    match = one_to_one(galena, (1, 0, 0), galena, (1, 0, 0))
    interface = build_interface(galena, galena, match, **options)
    basis = registry_cell(galena, galena, match)
    return scan_registry(interface, calculator, registry_cell=basis, grid=(2, 3),
                         gaps=(2.0, 2.5, 3.0), resume_file=resume_file,
                         use_symmetry=False)  # fmt: skip


@pytest.mark.parametrize("stop", [0, 1, 7, 19])
def test_a_stopped_scan_continues(tmp_path, stop) -> None:
    file = tmp_path / "points.csv"
    whole = scan_of(Counted())
    assert whole.computed == 2 + 18
    first = Counted(fail_after=stop)
    with pytest.raises(RunError, match="RuntimeError: stopped"):
        scan_of(first, file)
    second = Counted()
    continued = scan_of(second, file)
    assert first.calls + second.calls == 20
    assert continued.computed == second.calls
    assert continued.energies.identical(whole.energies)
    third = Counted()
    assert scan_of(third, file).computed == third.calls == 0


def test_a_torn_last_line_is_computed_again(tmp_path) -> None:
    file = tmp_path / "points.csv"
    whole = scan_of(Counted(), file)
    file.write_bytes(file.read_bytes()[:-9])
    again = Counted()
    assert scan_of(again, file).energies.identical(whole.energies)
    assert again.calls == 1


def test_points_of_another_scan_are_refused(tmp_path) -> None:
    file = tmp_path / "points.csv"
    scan_of(Counted(), file)
    with pytest.raises(InputError, match="belong to another scan"):
        scan_of(Counted(), file, film_layers=3)


def test_progress_is_told() -> None:
    told = []
    galena = phases.load("PbS-galena")
    match = one_to_one(galena, (1, 0, 0), galena, (1, 0, 0))
    interface = build_interface(galena, galena, match)
    scan_registry(
        interface, Counted(), registry_cell=np.eye(2), grid=(2, 1), gaps=[2.0, 3.0],
        use_symmetry=False,
        on_progress=lambda *one: told.append(one[:2]),
    )  # fmt: skip
    assert told == [(1, 4), (2, 4), (3, 4), (4, 4)]


@pytest.mark.parametrize(
    ("options", "words"),
    [({"vacuum": 0.0}, "needs vacuum"), ({"sandwich": True}, "this is a sandwich")],
)
def test_interfaces_that_cannot_be_scanned(options, words) -> None:
    with pytest.raises(BuildError, match=words):
        scan_of(Counted(), **options)


@pytest.mark.parametrize("gaps", [[], [0.0, 1.0], [float("nan")]])
def test_gaps_that_do_not_exist(gaps) -> None:
    interface, *_ = interface_of(*CASES[0])
    with pytest.raises(BuildError, match="positive lengths"):
        scan_registry(interface, Counted(), registry_cell=np.eye(2), gaps=gaps)


def test_a_calculator_without_a_number_is_an_error() -> None:
    class Broken(Counted):
        def get_potential_energy(self, atoms) -> float:
            return float("nan")

    with pytest.raises(RunError, match="returned nan at 'film'"):
        scan_of(Broken())


def test_unknown_and_missing_calculators() -> None:
    galena = phases.load("PbS-galena")
    with pytest.raises(BuildError, match="'vasp' is unknown"):
        interface_calculator("vasp", galena, galena)
    with pytest.raises(BuildError, match="holds molecules"):
        interface_calculator("ionic", galena, phases.load("PMA2PbBr4"))


def test_chgnet_is_asked_for(monkeypatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "chgnet", None)
    galena = phases.load("PbS-galena")
    with pytest.raises(BuildError, match="needs the package chgnet") as caught:
        interface_calculator("chgnet", galena, galena)
    assert "qdstruct[chgnet]" in str(caught.value)
