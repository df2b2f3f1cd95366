"""What a study file may say: its sections, keys and bounds."""

from __future__ import annotations

import dataclasses
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from qdstruct.model import CalculationSettings, Miller

__all__ = ["PartName", "RecipeName", "Study"]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Planes(_Section):
    """The two faces that meet, each in the cell of its own phase."""

    film: Annotated[Miller, Field(description="three Miller indices, e.g. [1, 0, 0]")]
    substrate: Annotated[Miller, Field(description="three Miller indices, e.g. [1, 0, 0]")]

    @model_validator(mode="after")
    def _name_a_plane(self) -> Planes:
        for side in ("film", "substrate"):
            if not any(getattr(self, side)):
                raise ValueError(f"{side}: (0, 0, 0) is not a lattice plane")
        return self


class Directions(_Section):
    """In-plane directions [uvw] that must end up parallel, each in the cell of its own phase."""

    film: Annotated[Miller, Field(description="a direction in the plane, e.g. [0, 1, 0]")]
    substrate: Annotated[Miller, Field(description="a direction in the plane, e.g. [0, 1, 0]")]
    tolerance: Annotated[float, Field(gt=0, le=45)] = 2.0


class MatchBounds(_Section):
    """Bounds of the coincidence search and which of its rows is built."""

    max_area: Annotated[float, Field(gt=0)] = 200.0
    max_strain: Annotated[float, Field(gt=0, lt=0.5)] = 0.05
    choose: Annotated[int, Field(ge=1)] = 1


class Build(_Section):
    """How the interface is built; see ``qdstruct build interface --help``."""

    film_layers: Annotated[int, Field(ge=1)] = 2
    substrate_layers: Annotated[int, Field(ge=1)] = 2
    film_termination: str | None = None
    substrate_termination: str | None = None
    strain_on: Literal["film", "substrate", "both"] = "film"
    gap: Annotated[float, Field(gt=0)] | None = None
    shift: tuple[float, float] | Literal["closest", "ionic", "geometric"] = "closest"
    vacuum: Annotated[float, Field(ge=0)] = 15.0


PartName = Literal[
    "bulk", "slab", "interface", "difference", "adhesion", "bands", "bader", "core-levels",
    "states", "optics", "hybrid", "phonons", "dynamics", "registry", "convergence",
]  # fmt: skip
RecipeName = Literal[
    "interface electronic structure", "charge difference", "band alignment with bulk references",
    "adhesion and registry", "phonons", "NAMD input",
]  # fmt: skip


class Phonons(_Section):
    """Phonons by finite displacements, for the part ``phonons``."""

    of: tuple[Literal["film", "substrate", "interface"], ...] = ("film", "substrate")
    length: Annotated[float, Field(gt=0)] = 10.0
    distance: Annotated[float, Field(gt=0, le=0.2)] = 0.01


class Dynamics(_Section):
    """Molecular dynamics and the single points along it, for the part ``dynamics``."""

    temperature: Annotated[float, Field(gt=0)] = 300.0
    time_step: Annotated[float, Field(gt=0, le=5)] = 1.0
    heating: Annotated[int, Field(ge=1)] = 1000
    steps: Annotated[int, Field(ge=1)] = 3000
    ensemble: Literal["NVE", "NVT"] = "NVE"
    snapshots: Annotated[int, Field(ge=0)] = 1000
    empty_bands: Annotated[int, Field(ge=1)] = 40


class States(_Section):
    """Which states the band-decomposed densities show, for the part ``states``."""

    bands: Annotated[tuple[int, ...], Field(min_length=1)] = (0, 1)
    window: tuple[float, float] | None = None

    @model_validator(mode="after")
    def _order_the_window(self) -> States:
        if self.window is not None and self.window[0] >= self.window[1]:
            raise ValueError(f"window: {list(self.window)} is not an interval, lower end first")
        return self


class RegistryGrid(_Section):
    """Grid of shifts for the part ``registry``."""

    grid: Annotated[int, Field(ge=1, le=12)] = 3


class Convergence(_Section):
    """Series for the part ``convergence``; an empty one is left out."""

    cutoffs: tuple[Annotated[float, Field(gt=0)], ...] = (300.0, 400.0, 500.0, 600.0)
    spacings: tuple[Annotated[float, Field(gt=0)], ...] = (0.5, 0.35, 0.25, 0.18)
    layers: tuple[Annotated[int, Field(ge=1)], ...] = (2, 3, 4, 5)
    vacua: tuple[Annotated[float, Field(gt=0)], ...] = (10.0, 15.0, 20.0)


class Calculation(_Section):
    """Settings of the calculations; `tags` overlays the preset."""

    preset: str = "standard"
    tags: dict[str, str | int | float | bool | list[float]] = Field(default_factory=dict)
    kpoint_spacing: Annotated[float, Field(gt=0)] | None = None
    kpoints: (
        tuple[Annotated[int, Field(ge=1)], Annotated[int, Field(ge=1)], Annotated[int, Field(ge=1)]]
        | None
    ) = None
    include: tuple[PartName, ...] = ("bulk", "slab", "interface", "difference")
    van_der_waals: Literal["D3", "D3-BJ", "D4", "TS", "none"] | None = None
    magnetic_moments: dict[str, float] = Field(default_factory=dict)
    hubbard_u: dict[str, float] = Field(default_factory=dict)
    spin_orbit: bool = False
    fixed_layers: Annotated[int, Field(ge=0)] = 0
    cores: Annotated[int, Field(ge=1)] | None = None
    node_memory: Annotated[float, Field(gt=0)] | None = None
    core_hours: Annotated[float, Field(gt=0)] = 20_000.0
    bulk_cell: Literal["relaxed", "experimental"] = "relaxed"
    phonons: Phonons = Phonons()
    dynamics: Dynamics = Dynamics()
    states: States = States()
    registry: RegistryGrid = RegistryGrid()
    convergence: Convergence = Convergence()

    def settings(self, parts: tuple[str, ...] = ()) -> CalculationSettings:
        """Return the same choices as the type that the jobs take.

        Parameters
        ----------
        parts : tuple of str
            What the study's recipes need. With recipes, `include` counts only where the study
            spells it out.
        """
        chosen = CalculationSettings.from_dict(self.model_dump())
        if not parts:
            return chosen
        spelt = self.include if "include" in self.model_fields_set else ()
        return dataclasses.replace(chosen, include=tuple(dict.fromkeys((*parts, *spelt))))


class Zone(_Section):
    """One zone-axis pattern."""

    phase: Annotated[str, Field(description="a named phase or a structure file")]
    zone: Annotated[Miller, Field(description="a zone axis, e.g. [0, 0, 1]")]
    max_g: Annotated[float, Field(gt=0)] = 0.8

    @model_validator(mode="after")
    def _name_a_direction(self) -> Zone:
        if not any(self.zone):
            raise ValueError("zone: [0, 0, 0] is not a zone axis")
        return self


class Patterns(_Section):
    """Which patterns are simulated."""

    anode: str = "CuKa1"
    two_theta: tuple[float, float] = (10.0, 60.0)
    size: Annotated[float, Field(gt=0)] | None = None
    zones: tuple[Zone, ...] = ()

    @model_validator(mode="after")
    def _span_angles(self) -> Patterns:
        low, high = self.two_theta
        if not 0 < low < high < 180:
            raise ValueError(f"two_theta: from {low:g} to {high:g}° is not a range within 0 to 180")
        return self


class Study(_Section):
    """One study, as written in a study file."""

    name: Annotated[
        str,
        Field(
            pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$",
            description="a short name of letters, digits, dots and dashes",
        ),
    ]
    description: Annotated[str, Field(description="one sentence about what is studied")]
    film: Annotated[str, Field(description="the upper crystal: a named phase or a structure file")]
    substrate: Annotated[
        str, Field(description="the lower crystal: a named phase or a structure file")
    ]
    geometry: Literal["vertical", "lateral"] = "vertical"
    planes: Annotated[
        Planes, Field(description="the faces that meet: {film: [1, 0, 0], substrate: [1, 0, 0]}")
    ]
    directions: Directions | None = None
    match: MatchBounds = MatchBounds()
    build: Build = Build()
    recipes: tuple[RecipeName, ...] = ()
    calculation: Calculation = Calculation()
    patterns: Patterns = Patterns()
    published: tuple[str, ...] = ()
