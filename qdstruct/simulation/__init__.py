"""What the diffractometer and the microscope would see."""

from qdstruct.simulation.assembly import assembly_settings, simulate_assembly
from qdstruct.simulation.debye import debye_intensity, debye_pattern
from qdstruct.simulation.displacements import equivalent_isotropic
from qdstruct.simulation.electron import zone_axis_pattern
from qdstruct.simulation.ensembles import ensemble_pattern, size_distribution
from qdstruct.simulation.form_factors import FormFactor, ParticleShape, form_factor
from qdstruct.simulation.fourier import find_spots, power_spectrum
from qdstruct.simulation.gpa import strain_map
from qdstruct.simulation.hrtem import hrtem_image
from qdstruct.simulation.indexing import index_overlapping, index_spots
from qdstruct.simulation.lattice_search import find_domains
from qdstruct.simulation.micrographs import micrograph, read_image, write_image
from qdstruct.simulation.microscope import Microscope, contrast_transfer
from qdstruct.simulation.mixture import fit_mixture, read_pattern
from qdstruct.simulation.multislice import ExitWave, multislice_wave
from qdstruct.simulation.overlay import align_patterns, spot_coincidences, turn_pattern
from qdstruct.simulation.particles import LatticeDomain, cut_particle, split_into_domain
from qdstruct.simulation.plate import diffraction_plate, polycrystal_rings
from qdstruct.simulation.powder import PowderSettings, powder_pattern
from qdstruct.simulation.published import (
    PublishedLine,
    compare_cell,
    compare_lines,
    published_lines,
)
from qdstruct.simulation.radiation import electron_wavelength, known_anodes, radiation
from qdstruct.simulation.relation import imaged_relation
from qdstruct.simulation.saxs import (
    LayerStack,
    SimpleCubicArray,
    array_structure_factor,
    small_angle_curve,
    stack_structure_factor,
    structure_maxima,
)
from qdstruct.simulation.small_angle_atoms import atomic_small_angle_curve
from qdstruct.simulation.spectra import (
    average_lifetimes,
    band_levels,
    band_offsets,
    brus_energy,
    brus_size,
    diffusion_length,
    fit_brus,
    fit_diffusion,
    fit_energy,
    fit_kinetics,
    fit_linewidth,
    fit_tauc,
    fit_tunnelling,
    fit_ups,
    mobility,
)
from qdstruct.simulation.structure_factor import widest_gaps

__all__ = [
    "ExitWave",
    "FormFactor",
    "LatticeDomain",
    "LayerStack",
    "Microscope",
    "ParticleShape",
    "PowderSettings",
    "PublishedLine",
    "SimpleCubicArray",
    "align_patterns",
    "array_structure_factor",
    "assembly_settings",
    "atomic_small_angle_curve",
    "average_lifetimes",
    "band_levels",
    "band_offsets",
    "brus_energy",
    "brus_size",
    "compare_cell",
    "compare_lines",
    "contrast_transfer",
    "cut_particle",
    "debye_intensity",
    "debye_pattern",
    "diffraction_plate",
    "diffusion_length",
    "electron_wavelength",
    "ensemble_pattern",
    "equivalent_isotropic",
    "find_domains",
    "find_spots",
    "fit_brus",
    "fit_diffusion",
    "fit_energy",
    "fit_kinetics",
    "fit_linewidth",
    "fit_mixture",
    "fit_tauc",
    "fit_tunnelling",
    "fit_ups",
    "form_factor",
    "hrtem_image",
    "imaged_relation",
    "index_overlapping",
    "index_spots",
    "known_anodes",
    "micrograph",
    "mobility",
    "multislice_wave",
    "polycrystal_rings",
    "powder_pattern",
    "power_spectrum",
    "published_lines",
    "radiation",
    "read_image",
    "read_pattern",
    "simulate_assembly",
    "size_distribution",
    "small_angle_curve",
    "split_into_domain",
    "spot_coincidences",
    "stack_structure_factor",
    "strain_map",
    "structure_maxima",
    "turn_pattern",
    "widest_gaps",
    "write_image",
    "zone_axis_pattern",
]
