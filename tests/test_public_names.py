"""The public names are a contract: each exists, is documented, and costs nothing until used."""

from __future__ import annotations

import subprocess
import sys

import pytest

import qdstruct

EXPECTED = {
    "align_by_edges", "align_by_reference", "align_by_vacuum", "align_levels", "analyse",
    "analyse_directory", "bader_charges", "band_edges", "build_coreshell", "build_interface",
    "build_janus", "build_nanocrystal", "build_slab", "build_superlattice", "charge_difference",
    "check_structure", "dos_by", "find_calculations", "find_matches", "fit_decay",
    "formation_against_bulk", "gap_dynamics", "interface_bonds", "interface_parts", "layer_strain",
    "load_phase", "load_study", "octahedra", "place_ligands", "plan_study", "planar_average",
    "plane_mismatches", "potential_profile", "powder_pattern", "prepare", "read_band_energies",
    "read_band_series", "read_calculation", "read_grid", "read_levels", "read_outcar",
    "read_procar", "read_projected_dos", "run", "separation_energy", "sketch_calculation", "status",
    "terminations", "write_grid", "write_report", "write_structure", "zone_axis_pattern",
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
