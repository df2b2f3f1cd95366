"""A crystal with a name and a source."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from qdstruct.model.record import Record

if TYPE_CHECKING:
    from ase import Atoms

__all__ = ["Phase"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Phase(Record):
    """A crystal structure, named and cited, or read from a user's file."""

    name: str
    """What a user types, for example ``CsPbBr3-Pnma``; the file stem for a user's own file."""
    formula: str
    """Reduced chemical formula, Hill-free, as chemists write it (``CsPbBr3``)."""
    atoms: Atoms
    """The whole cell of the file's setting: N atoms, periodic in three directions, Å."""
    space_group_number: int
    """Number in the International Tables, found by spglib."""
    space_group_symbol: str
    """Hermann–Mauguin symbol in the setting of `atoms` (``Pbnm``, not only ``Pnma``)."""
    setting: str
    """The setting in words, for example "long axis c"."""
    formula_units: int
    """Z: formula units per cell."""
    density: float
    """X-ray density in g/cm³."""
    citation: str | None = None
    """Where the structure was published; None for a user's file without one."""
    temperature: float | None = None
    """Temperature of the measurement in kelvin; None where the source does not say."""
    caveats: tuple[str, ...] = ()
    """What a careful reader should know before trusting the numbers."""
    aliases: tuple[str, ...] = ()
    """Other names under which the phase is found."""
    source_file: str = ""
    """File the structure was read from."""
    reported_density: float | None = None
    """Density in g/cm³ that the source prints; None where it prints none."""
    provenance: str = ""
    """Data collection in which the published cell was found; empty for a user's file."""
