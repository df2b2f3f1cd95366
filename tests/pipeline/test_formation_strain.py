"""Strain energy of thick films must not pass for energy of the interface."""

from __future__ import annotations

from pathlib import Path

import pytest
from ase import Atoms

from qdstruct.model import FinishedCalculation
from qdstruct.pipeline.analysing.energies import energy_results
from qdstruct.pipeline.analysing.systems import System, Workbench

AREA = 16.0
FREE = {"film": -6.0, "substrate": -8.0}
STRAIN = 0.07
SURFACE = {"film": 0.02, "substrate": 0.03}
INTERFACE = 0.011
FORMULA = {"film": "CdS", "substrate": "PbSe"}


def system(role: str, parts: dict[str, int], energy: float, *, vacuum: bool) -> System:
    symbols = "".join(FORMULA[side] * count for side, count in parts.items())
    atoms = Atoms(symbols, pbc=True)
    height = 1.5 * len(atoms)
    atoms.set_cell([4, 4, height + (20 if vacuum else 0)])
    atoms.positions[:, 2] = [1.5 * i for i in range(len(atoms))]
    regions = [side for side, count in parts.items() for _ in range(2 * count)]
    place = {"vasprun.xml": Path(role) / "vasprun.xml"}
    made = System(role=role, places=(place,), regions=tuple(regions))
    made.__dict__["facts"] = FinishedCalculation(
        atoms=atoms, energy=energy, fermi_level=0.0, converged=True, n_ionic_steps=1,
        max_force=0.0, n_electrons=8.0, engine="vasp", is_mock=False,
    )  # fmt: skip
    return made


def formation(n: int, *, with_strained: bool) -> tuple[float, str]:
    """Analyse a film of n strained units on four unstrained ones, of known energies."""
    strained = FREE["film"] + STRAIN
    below = 4 * FREE["substrate"]
    surfaces = {side: AREA * gamma for side, gamma in SURFACE.items()}
    found = {
        "interface": system("interface", {"substrate": 4, "film": n},
                            below + n * strained + sum(surfaces.values()) + AREA * INTERFACE,
                            vacuum=True),
        "slab-film": system("slab-film", {"film": n}, n * strained + 2 * surfaces["film"],
                            vacuum=True),
        "slab-substrate": system("slab-substrate", {"substrate": 4},
                                 below + 2 * surfaces["substrate"], vacuum=True),
        "bulk-film": system("bulk-film", {"film": 1}, FREE["film"], vacuum=False),
        "bulk-substrate": system("bulk-substrate", {"substrate": 1}, FREE["substrate"],
                                 vacuum=False),
    }  # fmt: skip
    if with_strained:
        found["strained-film"] = system("strained-film", {"film": 1}, strained, vacuum=False)
    bench = Workbench(systems=found, absent=lambda role, name: f"{role}/{name}", label=str)
    energies = {each.name: each.value for each in energy_results(bench)[0]}
    return energies["interface formation"], "\n".join(bench.notes)


@pytest.mark.parametrize("n", [2, 4, 8])
def test_the_formation_energy_does_not_grow_with_a_strained_film(n: int) -> None:
    value, notes = formation(n, with_strained=True)
    assert value == pytest.approx(INTERFACE)
    assert "counted against the film strained as in the interface" in notes
    assert "the substrate counts against the bulk-substrate crystal" in notes


def test_strain_energy_left_in_the_value_is_told() -> None:
    """Half of it: the slab's surface energy takes the other half away."""
    value, notes = formation(8, with_strained=False)
    assert value == pytest.approx(INTERFACE + 8 * STRAIN / 2 / AREA)
    assert "strain energy that grows with its thickness stays in the value" in notes
    assert "calculate strained-film and strained-substrate" in notes
