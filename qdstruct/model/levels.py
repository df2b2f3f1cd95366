"""Band edges of two materials on one scale, as tables and diagrams hold them."""

from __future__ import annotations

from dataclasses import dataclass

from qdstruct.model.electronic import BandAlignment
from qdstruct.model.record import Record

__all__ = ["LevelSet", "MaterialLevels"]


@dataclass(frozen=True, kw_only=True)
class MaterialLevels(Record):
    """The edges of one material; an edge that is not known is None."""

    material: str
    """Name."""
    valence: float | None
    """Valence maximum, eV on the scale of the set."""
    conduction: float | None
    """Conduction minimum, eV on the scale of the set."""
    uncertainty: float = 0.0
    """± eV of each edge; 0 where the source gives none."""


@dataclass(frozen=True, kw_only=True)
class LevelSet(Record):
    """Edges of film and substrate by one method."""

    name: str
    """Method or measurement."""
    reference: str
    """What zero is."""
    film: MaterialLevels
    """Levels of the film."""
    substrate: MaterialLevels
    """Levels of the substrate."""
    source: str = ""
    """Publication and place in it, or files."""
    kind: str = ""
    """Type of the alignment, where it was decided."""
    note: str = ""
    """What a reader must know about these numbers."""

    @classmethod
    def of(cls, alignment: BandAlignment) -> LevelSet:
        """Return the levels of a complete alignment."""
        film, substrate = (
            MaterialLevels(
                material=edges.group,
                valence=edges.valence_maximum,
                conduction=edges.conduction_minimum,
                uncertainty=edges.uncertainty,
            )
            for edges in (alignment.film, alignment.substrate)
        )
        return cls(
            name=alignment.label or alignment.method,
            reference=alignment.reference,
            film=film,
            substrate=substrate,
            source=", ".join(alignment.sources),
            kind=alignment.kind,
        )

    @property
    def complete(self) -> bool:
        """Whether all four edges are known."""
        sides = (self.film, self.substrate)
        return all(side.valence is not None and side.conduction is not None for side in sides)

    @property
    def valence_offset(self) -> float | None:
        """Film minus substrate, eV; None where one is not known."""
        a, b = self.film.valence, self.substrate.valence
        return None if a is None or b is None else a - b

    @property
    def conduction_offset(self) -> float | None:
        """Film minus substrate, eV; None where one is not known."""
        a, b = self.film.conduction, self.substrate.conduction
        return None if a is None or b is None else a - b
