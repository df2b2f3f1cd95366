"""Fits to the spectra and series that go with a structure: values, uncertainties, curves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from qdstruct.model.record import Record

if TYPE_CHECKING:
    from xarray import Dataset

__all__ = ["BandLevels", "BandOffsets", "FittedValue", "SpectrumFit"]


@dataclass(frozen=True, kw_only=True)
class FittedValue(Record):
    """One number of a fit."""

    name: str
    """Symbol."""
    value: float
    """Best value."""
    error: float | None
    """One standard deviation; None for fixed values and where it cannot be estimated."""
    unit: str
    """Empty for pure numbers."""
    meaning: str
    """In words."""
    fixed: bool = False
    """True if it was given, not fitted."""


@dataclass(frozen=True, kw_only=True, eq=False)
class SpectrumFit(Record):
    """A model fitted to measured points."""

    kind: str
    """What was fitted, for example ``kinetics``."""
    formula: str
    """The model as an equation."""
    source: str
    """Where the equation comes from."""
    parameters: tuple[FittedValue, ...]
    """Fitted and fixed."""
    derived: tuple[FittedValue, ...]
    """Computed from the parameters, with propagated errors."""
    n_points: int
    """Points that entered."""
    reduced_chi_square: float
    """χ² per degree of freedom; in the unit of the data squared if no errors were given."""
    r_squared: float
    """1 − residual/total sum of squares."""
    aic: float
    """Akaike's information criterion: of two models of the same data, the lower one is better."""
    bic: float
    """Bayesian information criterion, likewise."""
    weighting: str
    """How points were weighted, in words."""
    warnings: tuple[str, ...]
    """What a reader of the numbers should know."""
    curve: Dataset
    """``measured``, ``fitted`` and ``residual`` against x, with units in attrs."""

    def __getitem__(self, name: str) -> FittedValue:
        """Return a parameter or derived value by name."""
        for value in (*self.parameters, *self.derived):
            if value.name == name:
                return value
        raise KeyError(name)


@dataclass(frozen=True, kw_only=True)
class BandLevels(Record):
    """Levels of one material below the vacuum level, eV (all positive)."""

    material: str
    """Name."""
    work_function: FittedValue
    """Vacuum level − Fermi level."""
    ionisation_energy: FittedValue
    """Vacuum level − valence-band maximum."""
    electron_affinity: FittedValue
    """Vacuum level − conduction-band minimum."""
    gap: FittedValue
    """Band gap."""


@dataclass(frozen=True, kw_only=True)
class BandOffsets(Record):
    """Two materials with a common vacuum level (Anderson's rule), before charge flows."""

    first: str
    """Material from which offsets count."""
    second: str
    """The other one."""
    valence: FittedValue
    """Valence-band maximum of the second above that of the first, eV."""
    conduction: FittedValue
    """Conduction-band minimum of the second above that of the first, eV."""
    alignment: str
    """``I (straddling)``, ``II (staggered)`` or ``III (broken)``."""
