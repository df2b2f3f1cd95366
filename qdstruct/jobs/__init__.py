"""Input files of one calculation and of the whole tree (the only writer of them)."""

from qdstruct.jobs.estimate import JobEstimate, estimate
from qdstruct.jobs.explain import JobExplanation, explain
from qdstruct.jobs.findings import PreflightFinding
from qdstruct.jobs.kinds import KINDS, PARTS, RECIPES, JobKind, parts_of, require_parts
from qdstruct.jobs.library import PotcarLibrary, inspect_library
from qdstruct.jobs.phonons import displaced_supercells, phonopy_of
from qdstruct.jobs.plain import PlainStructure, plain_structure
from qdstruct.jobs.poscar import read_poscar
from qdstruct.jobs.potentials import Potential, count_electrons, potential
from qdstruct.jobs.preflight import preflight, require_sound
from qdstruct.jobs.presets import Preset, Setting, list_presets, load_preset
from qdstruct.jobs.series import SeriesPoint
from qdstruct.jobs.staging import job_regions, stage_job, unwrapped
from qdstruct.jobs.tree import write_structure_tree, write_tree

__all__ = [
    "KINDS",
    "PARTS",
    "RECIPES",
    "JobEstimate",
    "JobExplanation",
    "JobKind",
    "PlainStructure",
    "PotcarLibrary",
    "Potential",
    "PreflightFinding",
    "Preset",
    "SeriesPoint",
    "Setting",
    "count_electrons",
    "displaced_supercells",
    "estimate",
    "explain",
    "inspect_library",
    "job_regions",
    "list_presets",
    "load_preset",
    "parts_of",
    "phonopy_of",
    "plain_structure",
    "potential",
    "preflight",
    "read_poscar",
    "require_parts",
    "require_sound",
    "stage_job",
    "unwrapped",
    "write_structure_tree",
    "write_tree",
]
