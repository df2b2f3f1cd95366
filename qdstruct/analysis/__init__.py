"""Projected densities of states, band alignment, charge difference, potentials and energies."""

from qdstruct.analysis.charge import charge_difference, difference_grid
from qdstruct.analysis.densities import atom_groups, atomic_planes, broadened, dos_by
from qdstruct.analysis.edges import alignment_type, band_edges
from qdstruct.analysis.heights import interface_height

__all__ = [
    "alignment_type",
    "atom_groups",
    "atomic_planes",
    "band_edges",
    "broadened",
    "charge_difference",
    "difference_grid",
    "dos_by",
    "interface_height",
]
