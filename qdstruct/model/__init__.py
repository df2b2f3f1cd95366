"""Frozen types that pass between rooms: one noun per file, units and shapes beside each field."""

from qdstruct.model.assembly import AssemblyRun, AssemblySeries, AssemblySettings, Mean
from qdstruct.model.bands import BandEnergies, BandProjections
from qdstruct.model.calculated import (
    CalculatedResults,
    ChargeField,
    ConservationCheck,
    DirectoryResults,
    PotentialResult,
    StateDensity,
    StateOverlap,
    SystemSummary,
)
from qdstruct.model.charges import BaderCharges
from qdstruct.model.chemical import PotentialLine
from qdstruct.model.dynamics import Decay, GapDynamics, SpectralPeak
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
from qdstruct.model.job import (
    JOB_STATES,
    Displacement,
    FinishedCalculation,
    Job,
    JobTree,
    KPath,
    RunRecord,
)
from qdstruct.model.layers import LayerStrain
from qdstruct.model.levels import LevelSet, MaterialLevels
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
from qdstruct.model.profile import ClusterProfile, JobResources
from qdstruct.model.record import Record, atoms_from_dict, atoms_to_dict
from qdstruct.model.registry import RegistryScan
from qdstruct.model.relaxation import Relaxation
from qdstruct.model.results import JobStatus, PublishedComparison, StudyResults
from qdstruct.model.series import EnergySeries
from qdstruct.model.settings import (
    CalculationSettings,
    ConvergenceSettings,
    DynamicsSettings,
    PhononSettings,
    RegistrySettings,
    StateSettings,
)
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
from qdstruct.model.trajectory import BandSeries, NamdInputs, SurfaceHopping
from qdstruct.model.vibrations import ModeComparison, Vibrations

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
    "BandSeries",
    "BondComparison",
    "Bridge",
    "CalculatedResults",
    "CalculationSettings",
    "ChargeDifference",
    "ChargeField",
    "ClusterProfile",
    "CoincidenceMatch",
    "ConservationCheck",
    "ConvergenceSettings",
    "CrystalPart",
    "CurveMaximum",
    "Decay",
    "DirectoryResults",
    "Displacement",
    "DynamicsSettings",
    "EnergyPerArea",
    "EnergySeries",
    "FinishedCalculation",
    "FittedValue",
    "FoundSpot",
    "GapDynamics",
    "Grid",
    "HealthCheck",
    "IndexedSpot",
    "Interface",
    "Job",
    "JobResources",
    "JobStatus",
    "JobTree",
    "Junction",
    "KPath",
    "LayerStrain",
    "LevelSet",
    "LigandCover",
    "MaterialLevels",
    "Mean",
    "Micrograph",
    "Miller",
    "MisfitDislocations",
    "MixtureFit",
    "ModeComparison",
    "NamdInputs",
    "Nanocrystal",
    "OrientationRelation",
    "ParallelPlanes",
    "Phase",
    "PhaseFraction",
    "PhononSettings",
    "PlaneMismatch",
    "PotentialLine",
    "PotentialProfile",
    "PotentialResult",
    "PowderPattern",
    "PowderPeak",
    "Problem",
    "ProjectedDos",
    "PublishedComparison",
    "Record",
    "RegistryScan",
    "RegistrySettings",
    "Relaxation",
    "RunRecord",
    "SiteOverlap",
    "Slab",
    "SlabVariant",
    "SmallAngleCurve",
    "SpectralPeak",
    "SpectrumFit",
    "Spot",
    "SpotCoincidence",
    "SpotIndexing",
    "SpotPattern",
    "StateDensity",
    "StateOverlap",
    "StateSettings",
    "StrainMap",
    "StrainPartition",
    "StructureReport",
    "StudyResults",
    "Superlattice",
    "SurfaceHopping",
    "SystemSummary",
    "Termination",
    "VacuumLevel",
    "Vibrations",
    "atoms_from_dict",
    "atoms_to_dict",
]
