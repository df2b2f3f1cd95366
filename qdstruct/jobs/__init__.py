"""Input files of one calculation and of the whole tree (the only writer of them)."""

from qdstruct.jobs.estimate import JobEstimate, estimate
from qdstruct.jobs.explain import JobExplanation, explain
from qdstruct.jobs.findings import PreflightFinding
from qdstruct.jobs.library import PotcarLibrary, inspect_library
from qdstruct.jobs.potentials import Potential, count_electrons, potential
from qdstruct.jobs.preflight import preflight, require_sound
from qdstruct.jobs.presets import Preset, Setting, list_presets, load_preset
from qdstruct.jobs.staging import stage_job
from qdstruct.jobs.tree import write_structure_tree, write_tree

__all__ = [
    "JobEstimate",
    "JobExplanation",
    "PotcarLibrary",
    "Potential",
    "PreflightFinding",
    "Preset",
    "Setting",
    "count_electrons",
    "estimate",
    "explain",
    "inspect_library",
    "list_presets",
    "load_preset",
    "potential",
    "preflight",
    "require_sound",
    "stage_job",
    "write_structure_tree",
    "write_tree",
]
