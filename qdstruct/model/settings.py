"""What a user may choose about the calculations, independent of the engine's file formats."""

from __future__ import annotations

from dataclasses import dataclass, field

from qdstruct.model.record import Record

__all__ = [
    "CalculationSettings",
    "ConvergenceSettings",
    "DynamicsSettings",
    "PhononSettings",
    "RegistrySettings",
    "StateSettings",
]


@dataclass(frozen=True, kw_only=True)
class PhononSettings(Record):
    """Phonons by finite displacements."""

    of: tuple[str, ...] = ("film", "substrate")
    """Which structures: ``film``, ``substrate`` (their crystals), ``interface``."""
    length: float = 10.0
    """Supercells of crystals are at least this wide along each axis, Å; the interface's is its own
    cell, which gives the modes at Γ."""
    distance: float = 0.01
    """Displacement, Å."""


@dataclass(frozen=True, kw_only=True)
class DynamicsSettings(Record):
    """Molecular dynamics of the interface, and single points along it for nonadiabatic dynamics."""

    temperature: float = 300.0
    """K."""
    time_step: float = 1.0
    """fs."""
    heating: int = 1000
    """Steps of velocity rescaling that bring the relaxed structure to the temperature."""
    steps: int = 3000
    """Steps of the trajectory itself."""
    ensemble: str = "NVE"
    """``NVE`` as nonadiabatic dynamics wants it, or ``NVT`` (Nosé–Hoover)."""
    snapshots: int = 1000
    """The last so many configurations get a single point with orbitals written."""
    empty_bands: int = 40
    """Bands above the filled ones in every snapshot."""


@dataclass(frozen=True, kw_only=True)
class StateSettings(Record):
    """Which states the band-decomposed densities show."""

    bands: tuple[int, ...] = (0, 1)
    """Counted from the highest filled band: 0 is the valence maximum, 1 the conduction minimum."""
    window: tuple[float, float] | None = None
    """All states in this interval around the Fermi level instead, eV."""


@dataclass(frozen=True, kw_only=True)
class RegistrySettings(Record):
    """Where the film sits on the substrate."""

    grid: int = 3
    """Shifts along each axis of the irreducible cell of shifts."""


@dataclass(frozen=True, kw_only=True)
class ConvergenceSettings(Record):
    """Series of single points; an empty series is left out."""

    cutoffs: tuple[float, ...] = (300.0, 400.0, 500.0, 600.0)
    """ENCUT, eV, for both crystals."""
    spacings: tuple[float, ...] = (0.5, 0.35, 0.25, 0.18)
    """Distances between k-points, 1/Å with 2π, for both crystals."""
    layers: tuple[int, ...] = (2, 3, 4, 5)
    """Thicknesses of both slabs, layers."""
    vacua: tuple[float, ...] = (10.0, 15.0, 20.0)
    """Vacuum of both slabs, Å."""


@dataclass(frozen=True, kw_only=True)
class CalculationSettings(Record):
    """Settings of every job of a study."""

    preset: str = "standard"
    """Name of a file in ``templates/vasp/``."""
    tags: dict[str, str | int | float | bool | list[float]] = field(default_factory=dict)
    """INCAR tags that overlay the preset in every job."""
    kpoint_spacing: float | None = None
    """Largest distance between k-points along each reciprocal axis in 1/Å (with 2π); None takes
    the preset's."""
    kpoints: tuple[int, int, int] | None = None
    """Explicit Γ-centred mesh for slabs and interfaces; None derives it from the spacing."""
    include: tuple[str, ...] = ("bulk", "slab", "interface", "difference")
    """Which parts of the tree are written."""
    van_der_waals: str | None = None
    """``D3``, ``D3-BJ``, ``D4``, ``TS`` or ``none``; None takes the preset's."""
    magnetic_moments: dict[str, float] = field(default_factory=dict)
    """Element → initial moment in μB; switches spin polarisation on. Others start at 0."""
    hubbard_u: dict[str, float] = field(default_factory=dict)
    """Effective U − J in eV per shell, for example ``{"Zn-d": 5.0}`` (Dudarev)."""
    spin_orbit: bool = False
    """Spin–orbit coupling in every job that keeps its atoms (relaxations stay without)."""
    fixed_layers: int = 0
    """Lowest layers of the substrate that stay fixed in the relaxation of the interface."""
    cores: int | None = None
    """Processor cores per job, from which KPAR and NCORE follow; None leaves them to VASP."""
    node_memory: float | None = None
    """GB of one node; preflight warns of jobs that need more."""
    core_hours: float = 20_000.0
    """Preflight warns of jobs that are estimated to cost more."""
    bulk_cell: str = "relaxed"
    """``relaxed``: the cells of the crystals relax, and the references are strain-free for the
    functional; ``experimental``: they keep the measured cell, as the interface's substrate does."""
    phonons: PhononSettings = field(default_factory=PhononSettings)
    """For the part ``phonons``."""
    dynamics: DynamicsSettings = field(default_factory=DynamicsSettings)
    """For the part ``dynamics``."""
    states: StateSettings = field(default_factory=StateSettings)
    """For the part ``states``."""
    registry: RegistrySettings = field(default_factory=RegistrySettings)
    """For the part ``registry``."""
    convergence: ConvergenceSettings = field(default_factory=ConvergenceSettings)
    """For the part ``convergence``."""
