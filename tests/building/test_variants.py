"""Symmetric, stoichiometric and non-polar slabs, against spglib and the atoms themselves."""

from __future__ import annotations

import numpy as np
import pytest
import spglib
from building_cases import random_crystals
from hypothesis import given, settings
from hypothesis import strategies as st

from qdstruct import phases
from qdstruct.building import build_slab, slab_variants
from qdstruct.building.cut import Cut
from qdstruct.building.slab_atoms import slab_from_cut
from qdstruct.building.stack import plane_stack
from qdstruct.building.variants import describe_cut
from qdstruct.errors import BuildError


def exchanges_its_faces(atoms) -> bool:
    """Whether spglib finds an operation of the slab that turns z over."""
    cell = (np.asarray(atoms.cell), atoms.get_scaled_positions(), atoms.numbers)
    operations = spglib.get_symmetry(cell, symprec=5e-3)
    return bool((operations["rotations"][:, 2, 2] == -1).any())


def check_kind(cut: Cut) -> None:
    slab = slab_from_cut(cut, np.eye(2, dtype=np.int64), vacuum=12.0)
    kind = describe_cut(cut)
    assert slab.kind == kind
    assert kind.symmetric == exchanges_its_faces(slab.atoms)
    charges, heights = slab.atoms.arrays["formal_charge"], slab.atoms.positions[:, 2]
    assert kind.charge == pytest.approx(charges.sum(), abs=1e-6)
    if abs(kind.charge) < 1e-6:
        assert kind.dipole == pytest.approx(charges @ heights, abs=1e-6)
    bulk, ours = (atoms.symbols.formula.reduce()[0] for atoms in
                  (cut.stack.phase.atoms, slab.atoms))  # fmt: skip
    assert kind.stoichiometric == (bulk == ours)


@pytest.mark.parametrize(
    ("name", "hkl"),
    [("CsPbBr3-cubic", (1, 1, 0)), ("CdS-zincblende", (1, 1, 1)), ("CdS-zincblende", (0, 0, 1)),
     ("CdS-wurtzite", (1, 0, 0)), ("CsPbBr3-Pbnm", (0, 0, 1)), ("Pb4S3Br2", (1, 0, 0)),
     ("PMA2PbBr4", (1, 0, 0))],
)  # fmt: skip
def test_kinds_of_the_shipped_crystals(name, hkl) -> None:
    stack = plane_stack(phases.load(name), hkl)
    for first in range(min(stack.n_planes, 6)):
        for extra in range(min(stack.n_planes, 4)):
            check_kind(Cut(stack=stack, first=first, last=first + stack.n_planes - 1 + extra,
                           n_layers=1))  # fmt: skip


@settings(max_examples=25, deadline=None)
@given(phase=random_crystals(), hkl=st.tuples(*[st.integers(-2, 2)] * 3).filter(any),
       first=st.integers(0, 20), extra=st.integers(0, 20))  # fmt: skip
def test_kinds_of_any_crystal(phase, hkl, first, extra) -> None:
    stack = plane_stack(phase, hkl)
    first, extra = first % stack.n_planes, extra % stack.n_planes
    check_kind(Cut(stack=stack, first=first, last=first + stack.n_planes - 1 + extra, n_layers=1))


@pytest.mark.parametrize(
    ("name", "hkl", "variant", "faces"),
    [
        ("CsPbBr3-cubic", (1, 0, 0), "symmetric", {"CsBr"}),
        ("CsPbBr3-Pbnm", (0, 0, 1), "symmetric", {"CsBr"}),
        ("CdS-zincblende", (1, 1, 0), "nonpolar", {"CdS"}),
        ("PMA2PbBr4", (1, 0, 0), "symmetric", {"C7H10N-a", "C7H10N-b"}),
        ("PEA2PbBr4", (0, 0, 1), "nonpolar", {"C8H12N-a", "C8H12N-b"}),
    ],
)
def test_chosen_slabs(name, hkl, variant, faces) -> None:
    slab = build_slab(phases.load(name), hkl, layers=1, variant=variant)
    assert {slab.bottom_termination, slab.top_termination} == faces
    assert getattr(slab.kind, variant)


def test_a_termination_asked_for_is_kept() -> None:
    crystal = phases.load("CsPbBr3-cubic")
    slab = build_slab(crystal, (1, 0, 0), layers=2, variant="symmetric", top_termination="PbBr2")
    assert slab.bottom_termination == slab.top_termination == "PbBr2"
    assert slab.atoms.get_chemical_formula() == "Br8Cs2Pb3"


@pytest.mark.parametrize(
    ("name", "hkl", "options", "words"),
    [
        ("CdS-wurtzite", (0, 0, 1), {"variant": "nonpolar"}, "no nonpolar slab: every one"),
        ("CdS-zincblende", (1, 1, 1), {"variant": "symmetric"}, "no operation of the crystal"),
        ("CsPbBr3-cubic", (1, 0, 0), {"variant": "stoichiometric", "top_termination": "CsBr",
         "bottom_termination": "CsBr"}, "stoichiometric slab with CsBr at the bottom and CsBr"),
        ("CsPbBr3-cubic", (1, 0, 0), {"variant": "pretty"}, "not built 'pretty'"),
        ("CsPbBr3-cubic", (1, 0, 0), {"layers": 1.5}, "1.5 layers does not exist"),
        ("CsPbBr3-cubic", (1, 0, 0), {"layers": float("nan")}, "nan layers"),
    ],
)  # fmt: skip
def test_impossible_slabs_are_refused_with_a_list(name, hkl, options, words) -> None:
    with pytest.raises(BuildError, match=words) as caught:
        build_slab(phases.load(name), hkl, **options)
    if options.get("variant") in ("nonpolar", "symmetric"):
        listed = slab_variants(phases.load(name), hkl)
        assert f"{listed[0].bottom_termination} | {listed[0].top_termination}" in caught.value.hint


def test_slabs_listed_instead_differ_in_their_planes() -> None:
    with pytest.raises(BuildError) as caught:
        build_slab(phases.load("CdS-zincblende"), (1, 1, 1), layers=2, variant="symmetric")
    assert "Cd | S (4 planes, stoichiometric, " in caught.value.hint
    assert "Cd | Cd (5 planes, " in caught.value.hint


def test_no_slabs_of_no_layers() -> None:
    with pytest.raises(BuildError, match="0 layers"):
        slab_variants(phases.load("PbS-galena"), (1, 0, 0), layers=0)
