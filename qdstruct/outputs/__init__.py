"""Finished calculations → model types; the only reader of output files."""

from qdstruct.outputs.acf import AtomicCharges, read_acf, read_valences
from qdstruct.outputs.belonging import InterfaceParts, interface_parts
from qdstruct.outputs.calculation import (
    density_electrons,
    job_regions,
    read_calculation,
    set_regions,
)
from qdstruct.outputs.completeness import completeness_problems
from qdstruct.outputs.doscar import read_doscar
from qdstruct.outputs.eigenval import read_band_energies, read_eigenval
from qdstruct.outputs.forces import read_forces
from qdstruct.outputs.grids import check_grid_file, planar_average, read_averaged_grid, read_grid
from qdstruct.outputs.namd import (
    read_namd_inputs,
    read_surface_hopping,
    write_namd_inputs,
)
from qdstruct.outputs.namelist import read_namd_tags
from qdstruct.outputs.outcar import OutcarFacts, read_outcar
from qdstruct.outputs.procar import read_procar
from qdstruct.outputs.projections import read_projected_dos
from qdstruct.outputs.reader import load_scanner
from qdstruct.outputs.sketch import CalculationSketch, calculation_kind, sketch_calculation
from qdstruct.outputs.streams import find_output
from qdstruct.outputs.surroundings import (
    directory_is_mock,
    directory_tags,
    read_initial_and_final,
)
from qdstruct.outputs.survey import ANALYSES, Analysis, FoundCalculation, find_calculations
from qdstruct.outputs.tags import read_tags
from qdstruct.outputs.totals import read_total_dos
from qdstruct.outputs.trajectory import read_band_series, step_directories
from qdstruct.outputs.vaspout import (
    VaspoutFacts,
    read_vaspout,
    read_vaspout_bands,
    read_vaspout_dos,
    read_vaspout_projections,
)
from qdstruct.outputs.volumetric import write_grid

__all__ = [
    "ANALYSES",
    "Analysis",
    "AtomicCharges",
    "CalculationSketch",
    "FoundCalculation",
    "InterfaceParts",
    "OutcarFacts",
    "VaspoutFacts",
    "calculation_kind",
    "check_grid_file",
    "completeness_problems",
    "density_electrons",
    "directory_is_mock",
    "directory_tags",
    "find_calculations",
    "find_output",
    "interface_parts",
    "job_regions",
    "load_scanner",
    "planar_average",
    "read_acf",
    "read_averaged_grid",
    "read_band_energies",
    "read_band_series",
    "read_calculation",
    "read_doscar",
    "read_eigenval",
    "read_forces",
    "read_grid",
    "read_initial_and_final",
    "read_namd_inputs",
    "read_namd_tags",
    "read_outcar",
    "read_procar",
    "read_projected_dos",
    "read_surface_hopping",
    "read_tags",
    "read_total_dos",
    "read_valences",
    "read_vaspout",
    "read_vaspout_bands",
    "read_vaspout_dos",
    "read_vaspout_projections",
    "set_regions",
    "sketch_calculation",
    "step_directories",
    "write_grid",
    "write_namd_inputs",
]
