"""Frozen types that pass between rooms: one noun per file, units and shapes beside each field."""

from qdstruct.model.electronic import BandEdges, ChargeDifference, Grid, ProjectedDos
from qdstruct.model.job import JOB_STATES, FinishedCalculation, Job, JobTree, RunRecord
from qdstruct.model.match import CoincidenceMatch, Miller, PlaneMismatch, SiteOverlap
from qdstruct.model.orientation import (
    MisfitDislocations,
    OrientationRelation,
    ParallelPlanes,
    StrainPartition,
)
from qdstruct.model.patterns import (
    CurveMaximum,
    PowderPattern,
    PowderPeak,
    SmallAngleCurve,
    Spot,
    SpotPattern,
)
from qdstruct.model.phase import Phase
from qdstruct.model.record import Record, atoms_from_dict, atoms_to_dict
from qdstruct.model.results import JobStatus, PublishedComparison, StudyResults
from qdstruct.model.settings import CalculationSettings
from qdstruct.model.structures import Interface, Problem, Slab, Termination

__all__ = [
    "JOB_STATES",
    "BandEdges",
    "CalculationSettings",
    "ChargeDifference",
    "CoincidenceMatch",
    "CurveMaximum",
    "FinishedCalculation",
    "Grid",
    "Interface",
    "Job",
    "JobStatus",
    "JobTree",
    "Miller",
    "MisfitDislocations",
    "OrientationRelation",
    "ParallelPlanes",
    "Phase",
    "PlaneMismatch",
    "PowderPattern",
    "PowderPeak",
    "Problem",
    "ProjectedDos",
    "PublishedComparison",
    "Record",
    "RunRecord",
    "SiteOverlap",
    "Slab",
    "SmallAngleCurve",
    "Spot",
    "SpotPattern",
    "StrainPartition",
    "StudyResults",
    "Termination",
    "atoms_from_dict",
    "atoms_to_dict",
]
