"""Projected densities of states, band alignment, charge difference, potentials and energies."""

from qdstruct.analysis.alignment import (
    align_by_edges,
    align_by_reference,
    align_by_vacuum,
    align_measured,
    shifted_edges,
)
from qdstruct.analysis.bonds import BondAngle, InterfaceBond, bond_angles, interface_bonds
from qdstruct.analysis.charge import charge_difference, difference_grid, match_atoms, part_regions
from qdstruct.analysis.chemical import (
    coupled_elements,
    formation_enthalpy,
    potential_limits,
    potential_lines,
)
from qdstruct.analysis.densities import atom_groups, atomic_planes, broadened, dos_by
from qdstruct.analysis.dynamics import (
    Decay,
    autocorrelation,
    dephasing_function,
    dephasing_time,
    fit_decay,
    spectral_density,
)
from qdstruct.analysis.edges import THRESHOLD, alignment_type, band_edges, total_band_edges
from qdstruct.analysis.energies import (
    adhesion_energy,
    binding_energy,
    formation_energy,
    formation_energy_line,
    separation_energy,
    strain_energy,
)
from qdstruct.analysis.formation import (
    formation_against_bulk,
    formation_against_bulk_line,
    formula_unit,
    formula_units,
    layer_strain_energy,
    mean_surface_energy,
)
from qdstruct.analysis.gap_dynamics import (
    GapDynamics,
    SpectralPeak,
    bootstrap_decay,
    dephasing_matrix,
    gap_dynamics,
    gaussian_dephasing,
    spectral_peaks,
)
from qdstruct.analysis.heights import interface_height
from qdstruct.analysis.ldos import dos_map, region_zones
from qdstruct.analysis.levels import align_levels, turned, with_kind
from qdstruct.analysis.octahedra import (
    LayerSpacing,
    Octahedron,
    bond_lengths,
    layer_spacings,
    octahedra,
)
from qdstruct.analysis.partition import bader_partition, has_pybader
from qdstruct.analysis.plateaus import (
    core_potential_level,
    core_potential_levels,
    region_extent,
    region_periods,
    region_plateaus,
    slab_extent,
)
from qdstruct.analysis.potential import (
    layer_period,
    macroscopic_average,
    plateau,
    potential_profile,
    vacuum_gap,
)
from qdstruct.analysis.relaxation import LayerStrain, layer_strain, local_deformation
from qdstruct.analysis.states import cross_section, density_overlap, region_fractions

__all__ = [
    "THRESHOLD",
    "BondAngle",
    "Decay",
    "GapDynamics",
    "InterfaceBond",
    "LayerSpacing",
    "LayerStrain",
    "Octahedron",
    "SpectralPeak",
    "adhesion_energy",
    "align_by_edges",
    "align_by_reference",
    "align_by_vacuum",
    "align_levels",
    "align_measured",
    "alignment_type",
    "atom_groups",
    "atomic_planes",
    "autocorrelation",
    "bader_partition",
    "band_edges",
    "binding_energy",
    "bond_angles",
    "bond_lengths",
    "bootstrap_decay",
    "broadened",
    "charge_difference",
    "core_potential_level",
    "core_potential_levels",
    "coupled_elements",
    "cross_section",
    "density_overlap",
    "dephasing_function",
    "dephasing_matrix",
    "dephasing_time",
    "difference_grid",
    "dos_by",
    "dos_map",
    "fit_decay",
    "formation_against_bulk",
    "formation_against_bulk_line",
    "formation_energy",
    "formation_energy_line",
    "formation_enthalpy",
    "formula_unit",
    "formula_units",
    "gap_dynamics",
    "gaussian_dephasing",
    "has_pybader",
    "interface_bonds",
    "interface_height",
    "layer_period",
    "layer_spacings",
    "layer_strain",
    "layer_strain_energy",
    "local_deformation",
    "macroscopic_average",
    "match_atoms",
    "mean_surface_energy",
    "octahedra",
    "part_regions",
    "plateau",
    "potential_limits",
    "potential_lines",
    "potential_profile",
    "region_extent",
    "region_fractions",
    "region_periods",
    "region_plateaus",
    "region_zones",
    "separation_energy",
    "shifted_edges",
    "slab_extent",
    "spectral_density",
    "spectral_peaks",
    "strain_energy",
    "total_band_edges",
    "turned",
    "vacuum_gap",
    "with_kind",
]
