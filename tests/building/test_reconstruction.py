"""Polar slabs made non-polar: Tasker's shares, no dipole, the crystal's composition and sites."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import pytest
from ase.neighborlist import neighbor_list

from qdstruct import phases
from qdstruct.building import build_slab, check_structure
from qdstruct.errors import BuildError

CASES = [
    ("PbS-galena", (1, 1, 1), "1/2", 2),
    ("CdS-zincblende", (0, 0, 1), "1/2", 2),
    ("CdS-zincblende", (1, 1, 1), "1/4", 4),
    ("CsPbBr3-cubic", (1, 1, 0), "1/2", 1),
    ("CsPbBr3-cubic", (1, 1, 1), "1/2", 2),
]


def dipole(atoms) -> float:
    return float(atoms.arrays["formal_charge"] @ atoms.positions[:, 2])


@pytest.mark.parametrize("layers", [2, 3])
@pytest.mark.parametrize(("name", "hkl", "share", "cells"), CASES)
def test_the_dipole_goes_and_the_composition_stays(name, hkl, share, cells, layers) -> None:
    """Half of the plane on rock salt (111) and zinc blende (001), a quarter on (111) (Tasker)."""
    phase = phases.load(name)
    slab = build_slab(phase, hkl, layers=layers, variant="nonpolar")
    atoms = slab.atoms
    assert slab.reconstruction.startswith(f"{share} of the ")
    assert atoms.arrays["formal_charge"].sum() == pytest.approx(0, abs=1e-9)
    assert dipole(atoms) == pytest.approx(0, abs=1e-6)
    assert slab.kind.nonpolar
    assert slab.kind.stoichiometric
    bulk = phase.atoms.symbols.formula.reduce()[0]
    assert atoms.symbols.formula.reduce()[0] == bulk
    whole = build_slab(phase, hkl, layers=layers)
    assert len(atoms) == cells * len(whole.atoms)
    assert abs(dipole(whole.atoms)) > 1.0
    assert check_structure(atoms) == ()


@pytest.mark.parametrize(("name", "hkl"), [case[:2] for case in CASES])
def test_pymatgen_agrees_that_it_is_not_polar(name, hkl) -> None:
    from pymatgen.core.surface import Slab
    from pymatgen.io.ase import AseAtomsAdaptor

    phase = phases.load(name)
    found = []
    for variant in (None, "nonpolar"):
        atoms = build_slab(phase, hkl, layers=2, variant=variant, centre=True).atoms
        bare = AseAtomsAdaptor.get_structure(atoms)
        bare.add_oxidation_state_by_site(atoms.arrays["formal_charge"].tolist())
        slab = Slab(bare.lattice, bare.species, bare.frac_coords, hkl,
                    AseAtomsAdaptor.get_structure(phase.atoms), 0, np.eye(3))  # fmt: skip
        found.append(slab.is_polar(tol_dipole_per_unit_area=1e-6))
    assert found == [True, False]


@pytest.mark.parametrize(("name", "hkl"), [case[:2] for case in CASES])
def test_moved_ions_lie_on_sites_of_the_crystal(name, hkl) -> None:
    """Every distance between near neighbours occurs in the bulk, for the same two elements."""
    phase = phases.load(name)
    slab = build_slab(phase, hkl, layers=2, variant="nonpolar")
    allowed = distances(phase.atoms)
    for pair, found in distances(slab.atoms).items():
        apart = np.abs(found[:, None] - allowed[pair][None]).min(axis=1)
        assert apart.max() < 1e-4


def distances(atoms, reach: float = 6.0) -> dict[tuple[str, str], np.ndarray]:
    first, second, lengths = neighbor_list("ijd", atoms, reach)
    symbols = np.array(atoms.get_chemical_symbols())
    pairs = zip(symbols[first], symbols[second], strict=True)
    found: dict[tuple[str, str], set[float]] = defaultdict(set)
    for (one, other), length in zip(pairs, lengths, strict=True):
        found[min(one, other), max(one, other)].add(round(float(length), 5))
    return {pair: np.array(sorted(values)) for pair, values in found.items()}


def test_moved_ions_are_evenly_spaced() -> None:
    """On the square lattice of CdS (001) the half that moves makes a checkerboard."""
    phase = phases.load("CdS-zincblende")
    slab = build_slab(phase, (0, 0, 1), layers=2, variant="nonpolar")
    lattice = phase.atoms.cell.lengths()[0]
    assert slab.atoms.cell.cellpar()[[0, 1, 5]] == pytest.approx([lattice, lattice, 90])
    quarter = build_slab(phase, (1, 1, 1), layers=2, variant="nonpolar").atoms
    counts = np.bincount(quarter.arrays["layer"])
    assert sorted(counts) == [1, 3, 4, 4, 4]


def test_cells_and_terminations_that_were_asked_for() -> None:
    galena = phases.load("PbS-galena")
    upright = build_slab(galena, (1, 1, 1), layers=2, variant="nonpolar", cell="orthogonal")
    assert upright.atoms.cell.angles() == pytest.approx([90, 90, 90])
    assert dipole(upright.atoms) == pytest.approx(0, abs=1e-6)
    lead = build_slab(galena, (1, 1, 1), layers=2, variant="nonpolar", top_termination="Pb")
    assert lead.reconstruction.startswith("1/2 of the Pb plane moved from the top to the bottom")
    assert (lead.bottom_termination, lead.top_termination) == ("Pb(1/2)", "Pb(1/2)")
    assert dipole(lead.atoms) == pytest.approx(0, abs=1e-6)
    with pytest.raises(BuildError, match="no termination 'Xe'"):
        build_slab(galena, (1, 1, 1), layers=2, variant="nonpolar", top_termination="Xe")
    with pytest.raises(BuildError, match="cannot be closed"):
        build_slab(galena, (1, 1, 1), layers=2, variant="nonpolar", vacuum=0.0)


@pytest.mark.parametrize(
    ("name", "hkl", "named", "faces"),
    [
        ("CdS-zincblende", (1, 1, 1), {"top_termination": "Cd"}, ("Cd(1/4)", "Cd(3/4)")),
        ("CdS-zincblende", (1, 1, 1), {"bottom_termination": "S"}, ("S(3/4)", "S(1/4)")),
        ("CdS-zincblende", (-1, -1, -1), {"top_termination": "S"}, ("S(1/4)", "S(3/4)")),
        ("CdS-zincblende", (0, 0, 1), {"top_termination": "Cd"}, ("Cd(1/2)", "Cd(1/2)")),
        ("CsPbBr3-cubic", (1, 1, 1), {"top_termination": "CsBr3"}, ("CsBr3(1/2)", "CsBr3(1/2)")),
    ],
)
def test_the_named_face_keeps_half_of_the_named_plane(name, hkl, named, faces) -> None:
    """The ions leave the named plane; a cation alone on the other face is reported, not hidden."""
    phase = phases.load(name)
    slab = build_slab(phase, hkl, layers=2, variant="nonpolar", **named)
    assert (slab.bottom_termination, slab.top_termination) == faces
    assert slab.atoms.arrays["formal_charge"].sum() == pytest.approx(0, abs=1e-9)
    assert dipole(slab.atoms) == pytest.approx(0, abs=1e-6)
    assert slab.atoms.symbols.formula.reduce()[0] == phase.atoms.symbols.formula.reduce()[0]
    lone = [0] if faces == ("Cd(1/4)", "Cd(3/4)") else []
    found = check_structure(slab.atoms)
    assert [slab.atoms.arrays["layer"][one.atoms[0]] for one in found] == lone
    assert all(one.kind == "coordination" for one in found)


@pytest.mark.parametrize("named", [{"top_termination": "S"}, {"bottom_termination": "Cd"}])
def test_a_named_plane_that_would_mostly_leave_is_refused(named) -> None:
    with pytest.raises(BuildError, match="at most 1/2 of the named plane") as caught:
        build_slab(phases.load("CdS-zincblende"), (1, 1, 1), variant="nonpolar", **named)
    assert "Cd at the top (3/4 of it stays); S at the bottom (3/4 of it stays)" in caught.value.hint
    assert "the same on the opposite face (-1,-1,-1)" in caught.value.hint
