"""qdstruct: how two crystals meet, from the match to the VASP job tree, the pattern and the report.

The public names are imported on first use, so that ``import qdstruct`` costs nothing.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Any

_HOMES = {
    "align_by_edges": ("qdstruct.analysis", "align_by_edges"),
    "align_by_reference": ("qdstruct.analysis", "align_by_reference"),
    "align_by_vacuum": ("qdstruct.analysis", "align_by_vacuum"),
    "align_levels": ("qdstruct.analysis", "align_levels"),
    "analyse": ("qdstruct.pipeline.analyse", "analyse"),
    "analyse_directory": ("qdstruct.pipeline.directory", "analyse_directory"),
    "bader_charges": ("qdstruct.pipeline.bader", "bader_charges"),
    "band_edges": ("qdstruct.analysis", "band_edges"),
    "build_coreshell": ("qdstruct.building", "build_coreshell"),
    "build_interface": ("qdstruct.building", "build_interface"),
    "build_janus": ("qdstruct.building", "build_janus"),
    "build_nanocrystal": ("qdstruct.building", "build_nanocrystal"),
    "build_slab": ("qdstruct.building", "build_slab"),
    "build_superlattice": ("qdstruct.building", "build_superlattice"),
    "charge_difference": ("qdstruct.analysis", "charge_difference"),
    "check_structure": ("qdstruct.building", "check_structure"),
    "dos_by": ("qdstruct.analysis", "dos_by"),
    "find_calculations": ("qdstruct.outputs", "find_calculations"),
    "find_matches": ("qdstruct.matching", "find_matches"),
    "fit_decay": ("qdstruct.analysis", "fit_decay"),
    "formation_against_bulk": ("qdstruct.analysis", "formation_against_bulk"),
    "gap_dynamics": ("qdstruct.analysis", "gap_dynamics"),
    "interface_bonds": ("qdstruct.analysis", "interface_bonds"),
    "interface_parts": ("qdstruct.outputs", "interface_parts"),
    "layer_strain": ("qdstruct.analysis", "layer_strain"),
    "load_phase": ("qdstruct.phases", "load"),
    "load_study": ("qdstruct.study", "load_study"),
    "octahedra": ("qdstruct.analysis", "octahedra"),
    "place_ligands": ("qdstruct.pipeline.ligands", "place_ligands"),
    "plan_study": ("qdstruct.pipeline.planning", "plan_study"),
    "planar_average": ("qdstruct.outputs", "planar_average"),
    "plane_mismatches": ("qdstruct.matching", "plane_mismatches"),
    "potential_profile": ("qdstruct.analysis", "potential_profile"),
    "powder_pattern": ("qdstruct.simulation", "powder_pattern"),
    "prepare": ("qdstruct.pipeline.prepare", "prepare"),
    "read_band_energies": ("qdstruct.outputs", "read_band_energies"),
    "read_band_series": ("qdstruct.outputs", "read_band_series"),
    "read_calculation": ("qdstruct.outputs", "read_calculation"),
    "read_grid": ("qdstruct.outputs", "read_grid"),
    "read_levels": ("qdstruct.pipeline.levels", "read_levels"),
    "read_outcar": ("qdstruct.outputs", "read_outcar"),
    "read_procar": ("qdstruct.outputs", "read_procar"),
    "read_projected_dos": ("qdstruct.outputs", "read_projected_dos"),
    "run": ("qdstruct.pipeline.run", "run"),
    "separation_energy": ("qdstruct.analysis", "separation_energy"),
    "sketch_calculation": ("qdstruct.outputs", "sketch_calculation"),
    "status": ("qdstruct.pipeline.run", "status"),
    "terminations": ("qdstruct.building", "terminations"),
    "write_grid": ("qdstruct.outputs", "write_grid"),
    "write_report": ("qdstruct.pipeline.reporting", "write_report"),
    "write_structure": ("qdstruct.building", "write_structure"),
    "zone_axis_pattern": ("qdstruct.simulation", "zone_axis_pattern"),
}

__all__ = [*sorted(_HOMES)]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'qdstruct' has no attribute {name!r}")
    module, attribute = _HOMES[name]
    return getattr(import_module(module), attribute)


def __dir__() -> list[str]:
    return sorted(_HOMES)


def load_ipython_extension(shell: Any) -> None:
    """Let a notebook draw results when they are shown; ``import qdstruct`` there does so itself."""
    import_module("qdstruct.report.notebook").register(shell)


def _greet_notebook() -> None:
    """Register the pictures when the import happens in a running IPython shell."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    if shell is not None:
        load_ipython_extension(shell)


_greet_notebook()
