"""Finished calculations → model types; the only reader of output files."""

from qdstruct.outputs.calculation import read_calculation
from qdstruct.outputs.completeness import completeness_problems
from qdstruct.outputs.grids import check_grid_file, planar_average, read_averaged_grid, read_grid
from qdstruct.outputs.outcar import OutcarFacts, read_outcar
from qdstruct.outputs.projections import read_projected_dos
from qdstruct.outputs.survey import FoundCalculation, find_calculations
from qdstruct.outputs.volumetric import write_grid

__all__ = [
    "FoundCalculation",
    "OutcarFacts",
    "check_grid_file",
    "completeness_problems",
    "find_calculations",
    "planar_average",
    "read_averaged_grid",
    "read_calculation",
    "read_grid",
    "read_outcar",
    "read_projected_dos",
    "write_grid",
]
