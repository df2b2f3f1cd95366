"""Lattice algebra in plain numpy: planes, reductions, rotations, symmetry of planes."""

from qdstruct.geometry.planes import (
    LatticePlane,
    lattice_plane,
    miller_transform,
    plane_basis,
    plane_spacing,
    reduce_miller,
)
from qdstruct.geometry.reduction import gauss_reduce, reciprocal_cell, row_basis
from qdstruct.geometry.symmetry import (
    SpaceGroup,
    conventional_axes,
    normal_shifts,
    plane_point_operations,
    primitive_lattice,
    space_group,
)

__all__ = [
    "LatticePlane",
    "SpaceGroup",
    "conventional_axes",
    "gauss_reduce",
    "lattice_plane",
    "miller_transform",
    "normal_shifts",
    "plane_basis",
    "plane_point_operations",
    "plane_spacing",
    "primitive_lattice",
    "reciprocal_cell",
    "reduce_miller",
    "row_basis",
    "space_group",
]
