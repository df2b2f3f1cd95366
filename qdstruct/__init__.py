"""qdstruct: how two crystals meet, from the match to the VASP job tree, the pattern and the report.

The public names are imported on first use, so that ``import qdstruct`` costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

_HOMES = {
    "analyse": ("qdstruct.pipeline.analyse", "analyse"),
    "build_coreshell": ("qdstruct.building", "build_coreshell"),
    "build_interface": ("qdstruct.building", "build_interface"),
    "build_janus": ("qdstruct.building", "build_janus"),
    "build_nanocrystal": ("qdstruct.building", "build_nanocrystal"),
    "build_slab": ("qdstruct.building", "build_slab"),
    "build_superlattice": ("qdstruct.building", "build_superlattice"),
    "check_structure": ("qdstruct.building", "check_structure"),
    "find_matches": ("qdstruct.matching", "find_matches"),
    "load_phase": ("qdstruct.phases", "load"),
    "load_study": ("qdstruct.study", "load_study"),
    "place_ligands": ("qdstruct.pipeline.ligands", "place_ligands"),
    "plan_study": ("qdstruct.pipeline.planning", "plan_study"),
    "plane_mismatches": ("qdstruct.matching", "plane_mismatches"),
    "powder_pattern": ("qdstruct.simulation", "powder_pattern"),
    "prepare": ("qdstruct.pipeline.prepare", "prepare"),
    "run": ("qdstruct.pipeline.run", "run"),
    "status": ("qdstruct.pipeline.run", "status"),
    "terminations": ("qdstruct.building", "terminations"),
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
