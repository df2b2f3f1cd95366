"""What the diffractometer and the microscope would see."""

from qdstruct.simulation.debye import debye_intensity, debye_pattern
from qdstruct.simulation.electron import zone_axis_pattern
from qdstruct.simulation.form_factors import FormFactor, ParticleShape, form_factor
from qdstruct.simulation.particles import LatticeDomain, cut_particle, split_into_domain
from qdstruct.simulation.powder import PowderSettings, powder_pattern
from qdstruct.simulation.published import PublishedLine, compare_lines, published_lines
from qdstruct.simulation.radiation import electron_wavelength, known_anodes, radiation
from qdstruct.simulation.saxs import (
    LayerStack,
    SimpleCubicArray,
    array_structure_factor,
    small_angle_curve,
    stack_structure_factor,
)
from qdstruct.simulation.structure_factor import widest_gaps

__all__ = [
    "FormFactor",
    "LatticeDomain",
    "LayerStack",
    "ParticleShape",
    "PowderSettings",
    "PublishedLine",
    "SimpleCubicArray",
    "array_structure_factor",
    "compare_lines",
    "cut_particle",
    "debye_intensity",
    "debye_pattern",
    "electron_wavelength",
    "form_factor",
    "known_anodes",
    "powder_pattern",
    "published_lines",
    "radiation",
    "small_angle_curve",
    "split_into_domain",
    "stack_structure_factor",
    "widest_gaps",
    "zone_axis_pattern",
]
