"""Finished calculations → model types; the only reader of output files."""

from qdstruct.outputs.calculation import read_calculation
from qdstruct.outputs.completeness import completeness_problems
from qdstruct.outputs.grids import check_grid_file, planar_average, read_grid
from qdstruct.outputs.projections import read_projected_dos

__all__ = [
    "check_grid_file",
    "completeness_problems",
    "planar_average",
    "read_calculation",
    "read_grid",
    "read_projected_dos",
]
