"""Slabs and interfaces, atom by atom."""

from qdstruct.building.check import check_structure
from qdstruct.building.export import write_structure
from qdstruct.building.interface import build_interface
from qdstruct.building.lateral import build_lateral
from qdstruct.building.slab import build_slab
from qdstruct.building.terminations import terminations

__all__ = [
    "build_interface",
    "build_lateral",
    "build_slab",
    "check_structure",
    "terminations",
    "write_structure",
]
