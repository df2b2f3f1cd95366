"""Frozen types that pass between rooms: one noun per file, units and shapes beside each field."""

from qdstruct.model.assembly import AssemblyRun, AssemblySeries, AssemblySettings, Mean
from qdstruct.model.bands import BandEnergies, BandProjections
from qdstruct.model.charges import BaderCharges
from qdstruct.model.electronic import (
    AveragedGrid,
    BandAlignment,
    BandEdges,
    ChargeDifference,
    EnergyPerArea,
    Grid,
    PotentialProfile,
    ProjectedDos,
    VacuumLevel,
)
from qdstruct.model.fits import BandLevels, BandOffsets, FittedValue, SpectrumFit
from qdstruct.model.health import HEALTH_STATES, HealthCheck
from qdstruct.model.job import JOB_STATES, FinishedCalculation, Job, JobTree, RunRecord
from qdstruct.model.ligands import LigandCover
from qdstruct.model.match import CoincidenceMatch, Miller, PlaneMismatch, SiteOverlap
from qdstruct.model.orientation import (
    MisfitDislocations,
    OrientationRelation,
    ParallelPlanes,
    StrainPartition,
)
from qdstruct.model.particles import Nanocrystal, Superlattice
from qdstruct.model.patterns import (
    CurveMaximum,
    FoundSpot,
    IndexedSpot,
    Micrograph,
    MixtureFit,
    PhaseFraction,
    PowderPattern,
    PowderPeak,
    SmallAngleCurve,
    Spot,
    SpotCoincidence,
    SpotIndexing,
    SpotPattern,
    StrainMap,
)
from qdstruct.model.phase import Phase
from qdstruct.model.record import Record, atoms_from_dict, atoms_to_dict
from qdstruct.model.registry import RegistryScan
from qdstruct.model.results import JobStatus, PublishedComparison, StudyResults
from qdstruct.model.settings import CalculationSettings
from qdstruct.model.structures import (
    BondComparison,
    Bridge,
    CrystalPart,
    Interface,
    Junction,
    Problem,
    Slab,
    SlabVariant,
    StructureReport,
    Termination,
)

__all__ = [
    "HEALTH_STATES",
    "JOB_STATES",
    "AssemblyRun",
    "AssemblySeries",
    "AssemblySettings",
    "AveragedGrid",
    "BaderCharges",
    "BandAlignment",
    "BandEdges",
    "BandEnergies",
    "BandLevels",
    "BandOffsets",
    "BandProjections",
    "BondComparison",
    "Bridge",
    "CalculationSettings",
    "ChargeDifference",
    "CoincidenceMatch",
    "CrystalPart",
    "CurveMaximum",
    "EnergyPerArea",
    "FinishedCalculation",
    "FittedValue",
    "FoundSpot",
    "Grid",
    "HealthCheck",
    "IndexedSpot",
    "Interface",
    "Job",
    "JobStatus",
    "JobTree",
    "Junction",
    "LigandCover",
    "Mean",
    "Micrograph",
    "Miller",
    "MisfitDislocations",
    "MixtureFit",
    "Nanocrystal",
    "OrientationRelation",
    "ParallelPlanes",
    "Phase",
    "PhaseFraction",
    "PlaneMismatch",
    "PotentialProfile",
    "PowderPattern",
    "PowderPeak",
    "Problem",
    "ProjectedDos",
    "PublishedComparison",
    "Record",
    "RegistryScan",
    "RunRecord",
    "SiteOverlap",
    "Slab",
    "SlabVariant",
    "SmallAngleCurve",
    "SpectrumFit",
    "Spot",
    "SpotCoincidence",
    "SpotIndexing",
    "SpotPattern",
    "StrainMap",
    "StrainPartition",
    "StructureReport",
    "StudyResults",
    "Superlattice",
    "Termination",
    "VacuumLevel",
    "atoms_from_dict",
    "atoms_to_dict",
]
