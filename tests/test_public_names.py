"""The public names are a contract: each exists, is documented, and costs nothing until used."""

from __future__ import annotations

import subprocess
import sys

import pytest

import qdstruct

EXPECTED = {
    "analyse", "build_coreshell", "build_interface", "build_janus", "build_nanocrystal",
    "build_slab", "build_superlattice", "check_structure", "find_matches", "load_phase",
    "load_study", "place_ligands", "plan_study", "plane_mismatches", "powder_pattern", "prepare",
    "run", "status", "terminations", "write_report", "write_structure", "zone_axis_pattern",
}  # fmt: skip


def test_the_list_is_the_contract() -> None:
    assert set(qdstruct.__all__) == EXPECTED
    assert set(dir(qdstruct)) == EXPECTED


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_every_name_resolves_and_is_documented(name: str) -> None:
    assert getattr(qdstruct, name).__doc__


def test_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = qdstruct.nonsense


def test_import_loads_nothing_heavy() -> None:
    code = "import sys, qdstruct; print(sorted({'numpy', 'ase', 'scipy'} & set(sys.modules)))"
    output = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert output.stdout.strip() == "[]"
