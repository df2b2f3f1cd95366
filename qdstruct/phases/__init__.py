"""Named, cited crystals, and any structure file."""

from qdstruct.phases.catalogue import catalogue, load, suggest
from qdstruct.phases.describe import describe, shortest_distances
from qdstruct.phases.molecules import load_molecule, molecule_names
from qdstruct.phases.reading import read_atoms, read_structure
from qdstruct.phases.settings import convert_miller, in_setting

__all__ = [
    "catalogue",
    "convert_miller",
    "describe",
    "in_setting",
    "load",
    "load_molecule",
    "molecule_names",
    "read_atoms",
    "read_structure",
    "shortest_distances",
    "suggest",
]
