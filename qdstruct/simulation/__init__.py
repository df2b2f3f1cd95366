"""What the diffractometer and the microscope would see."""

from qdstruct.simulation.electron import zone_axis_pattern
from qdstruct.simulation.powder import PowderSettings, powder_pattern
from qdstruct.simulation.published import PublishedLine, compare_lines, published_lines
from qdstruct.simulation.radiation import electron_wavelength, known_anodes, radiation

__all__ = [
    "PowderSettings",
    "PublishedLine",
    "compare_lines",
    "electron_wavelength",
    "known_anodes",
    "powder_pattern",
    "published_lines",
    "radiation",
    "zone_axis_pattern",
]
