"""Finished calculations → model types; the only reader of output files."""

from qdstruct.outputs.belonging import InterfaceParts, interface_parts
from qdstruct.outputs.calculation import read_calculation
from qdstruct.outputs.completeness import completeness_problems
from qdstruct.outputs.grids import check_grid_file, planar_average, read_averaged_grid, read_grid
from qdstruct.outputs.outcar import OutcarFacts, read_outcar
from qdstruct.outputs.projections import read_projected_dos
from qdstruct.outputs.sketch import CalculationSketch, calculation_kind, sketch_calculation
from qdstruct.outputs.survey import ANALYSES, Analysis, FoundCalculation, find_calculations
from qdstruct.outputs.tags import read_tags
from qdstruct.outputs.volumetric import write_grid

__all__ = [
    "ANALYSES",
    "Analysis",
    "CalculationSketch",
    "FoundCalculation",
    "InterfaceParts",
    "OutcarFacts",
    "calculation_kind",
    "check_grid_file",
    "completeness_problems",
    "find_calculations",
    "interface_parts",
    "planar_average",
    "read_averaged_grid",
    "read_calculation",
    "read_grid",
    "read_outcar",
    "read_projected_dos",
    "read_tags",
    "sketch_calculation",
    "write_grid",
]
