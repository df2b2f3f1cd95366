"""Alignment of levels that stand in a table: measured ones, or those of a publication."""

from __future__ import annotations

from dataclasses import replace

from qdstruct.analysis.alignment import align_by_edges
from qdstruct.analysis.edges import alignment_type
from qdstruct.errors import InputError
from qdstruct.model import BandAlignment, BandEdges, LevelSet, MaterialLevels

__all__ = ["align_levels", "turned", "with_kind"]


def align_levels(levels: LevelSet) -> BandAlignment:
    """Return the offsets and the type of a set whose four edges are known.

    Raises
    ------
    InputError
        If one is not.
    """
    film, substrate = _edges(levels.film), _edges(levels.substrate)
    if film is None or substrate is None:
        raise InputError(f"the set '{levels.name}' lacks an edge: its type cannot be told")
    found = align_by_edges(film, substrate, sources=(levels.source,) if levels.source else ())
    terms = {
        f"{edges.group} {word}": value
        for edges in (film, substrate)
        for word, value in (
            ("valence maximum", edges.valence_maximum),
            ("conduction minimum", edges.conduction_minimum),
        )
    }
    return replace(
        found, method="level table", reference=levels.reference, label=levels.name, terms=terms
    )


def with_kind(levels: LevelSet) -> LevelSet:
    """Return the set with the type of its alignment; what lacks an edge stays without one."""
    film, substrate = _edges(levels.film), _edges(levels.substrate)
    if film is None or substrate is None:
        return levels
    return replace(levels, kind=alignment_type(film, substrate)[0])


def turned(levels: LevelSet) -> LevelSet:
    """Return the same set with film and substrate exchanged."""
    return with_kind(replace(levels, film=levels.substrate, substrate=levels.film))


def _edges(levels: MaterialLevels) -> BandEdges | None:
    if levels.valence is None or levels.conduction is None:
        return None
    return BandEdges(
        group=levels.material,
        valence_maximum=levels.valence,
        conduction_minimum=levels.conduction,
        threshold=0.0,
        uncertainty=levels.uncertainty,
    )
