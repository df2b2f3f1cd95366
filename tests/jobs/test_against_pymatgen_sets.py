"""Tag by tag against pymatgen's input sets, for bulk and slab; the docs explain each difference."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import jobs_factories as make
import pytest
from ase.build import fcc111

from qdstruct.jobs import write_tree
from qdstruct.jobs.cells import dipole_centre
from qdstruct.model import CalculationSettings, JobTree

DOCS = Path(__file__).parents[2] / "docs" / "how-to" / "vasp-inputs.md"


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> JobTree:
    return write_tree(
        tmp_path_factory.mktemp("sets"),
        study_name="s",
        film=make.film_phase(),
        substrate=make.substrate_phase(),
        interface=make.make_interface(),
        settings=CalculationSettings(),
    )


def tags_of(tree: JobTree, name: str) -> dict[str, Any]:
    return {tag: entry["value"] for tag, entry in tree.job(name).settings.items()}


def theirs(name: str, structure: Any, **options: Any) -> dict[str, Any]:
    from pymatgen.io.vasp import sets

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return dict(getattr(sets, name)(structure, **options).incar)


def differences(ours: dict[str, Any], other: dict[str, Any]) -> set[str]:
    def same(tag: str) -> bool:
        left, right = ours.get(tag), other.get(tag)
        if isinstance(left, str) and isinstance(right, str):
            return left.lower() == right.lower()
        return left == right

    return {tag for tag in {*ours, *other} if not same(tag)}


def bulk_structure() -> Any:
    from pymatgen.io.ase import AseAtomsAdaptor

    return AseAtomsAdaptor.get_structure(make.perovskite_cell())


@pytest.mark.parametrize(("name", "job"), [("MPRelaxSet", "relax"), ("MPStaticSet", "static")])
def test_every_difference_from_the_materials_project_is_explained(
    tree: JobTree, name: str, job: str
) -> None:
    ours = tags_of(tree, f"bulk-substrate/{job}")
    other = theirs(name, bulk_structure())
    found = differences(ours, other)
    text = DOCS.read_text(encoding="utf-8")
    unexplained = {tag for tag in found if f"`{tag}`" not in text}
    assert unexplained == set()
    for tag in ("ENCUT", "PREC"):
        assert tag not in found
    if job == "relax":
        assert ours["ISIF"] == other["ISIF"] == 3
    else:
        assert ours["NSW"] == other["NSW"] == 0


def test_slab_set_agrees_where_it_is_right_and_not_where_it_is_wrong(tree: JobTree) -> None:
    from pymatgen.io.ase import AseAtomsAdaptor

    slab = fcc111("Au", (1, 1, 3), vacuum=8.0, periodic=True)
    slab.symbols[0] = "Ag"
    slab.positions[:, 2] -= slab.get_center_of_mass()[2]
    slab.wrap()
    other = theirs("MVLSlabSet", AseAtomsAdaptor.get_structure(slab), auto_dipole=True)
    ours = tags_of(tree, "interface/static")
    assert (ours["IDIPOL"], ours["LDIPOL"]) == (other["IDIPOL"], other["LDIPOL"])
    assert ours["AMIN"] == other["AMIN"]
    assert other.get("LVTOT")
    assert "LVTOT" not in ours
    assert ours["LVHAR"]
    theirs_z = float(other["DIPOL"][2])
    ours_z = dipole_centre(slab, 2)[2]
    assert min(ours_z, 1 - ours_z) < 0.02
    assert 0.2 < theirs_z < 0.8
