"""Monte Carlo of cube crystals with vacancies: hard cubes, square well, constant volume."""

from qdstruct.simulation.assembly.lattice import STARTS, assembly_settings, starting_positions
from qdstruct.simulation.assembly.measured import measured_assemblies
from qdstruct.simulation.assembly.run import simulate_assembly, summarise
from qdstruct.simulation.assembly.vacancies import alignment_order, occupied_sites, row_gaps

__all__ = [
    "STARTS",
    "alignment_order",
    "assembly_settings",
    "measured_assemblies",
    "occupied_sites",
    "row_gaps",
    "simulate_assembly",
    "starting_positions",
    "summarise",
]
