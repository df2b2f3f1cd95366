"""Slabs, interfaces and particles, atom by atom."""

from qdstruct.building.calculators import interface_calculator
from qdstruct.building.check import check_structure, examine_structure
from qdstruct.building.coreshell import build_coreshell
from qdstruct.building.export import write_structure
from qdstruct.building.interface import build_interface
from qdstruct.building.janus import build_janus
from qdstruct.building.lateral import build_lateral
from qdstruct.building.ligands import place_ligands
from qdstruct.building.nanocrystal import build_nanocrystal
from qdstruct.building.registry import registry_cell
from qdstruct.building.registry_scan import scan_registry
from qdstruct.building.relaxation import relax_structure
from qdstruct.building.segmented import build_segmented
from qdstruct.building.slab import build_slab
from qdstruct.building.superlattice import build_superlattice, superlattice_atoms
from qdstruct.building.terminations import terminations
from qdstruct.building.variants import slab_variants

__all__ = [
    "build_coreshell",
    "build_interface",
    "build_janus",
    "build_lateral",
    "build_nanocrystal",
    "build_segmented",
    "build_slab",
    "build_superlattice",
    "check_structure",
    "examine_structure",
    "interface_calculator",
    "place_ligands",
    "registry_cell",
    "relax_structure",
    "scan_registry",
    "slab_variants",
    "superlattice_atoms",
    "terminations",
    "write_structure",
]
