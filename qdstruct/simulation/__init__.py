"""What the diffractometer and the microscope would see."""

from qdstruct.simulation.debye import debye_intensity, debye_pattern
from qdstruct.simulation.electron import zone_axis_pattern
from qdstruct.simulation.particles import LatticeDomain, cut_particle, split_into_domain
from qdstruct.simulation.powder import PowderSettings, powder_pattern
from qdstruct.simulation.published import PublishedLine, compare_lines, published_lines
from qdstruct.simulation.radiation import electron_wavelength, known_anodes, radiation
from qdstruct.simulation.structure_factor import widest_gaps

__all__ = [
    "LatticeDomain",
    "PowderSettings",
    "PublishedLine",
    "compare_lines",
    "cut_particle",
    "debye_intensity",
    "debye_pattern",
    "electron_wavelength",
    "known_anodes",
    "powder_pattern",
    "published_lines",
    "radiation",
    "split_into_domain",
    "widest_gaps",
    "zone_axis_pattern",
]
