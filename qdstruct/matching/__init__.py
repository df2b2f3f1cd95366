"""How two crystals fit: plane spacings, coincidence cells, orientation relations, site overlap."""

from qdstruct.matching.coincidence import (
    FacetPairMatches,
    find_matches,
    match_facets,
    scan_facets,
)
from qdstruct.matching.surfaces import (
    Crystal,
    Surface,
    crystal,
    inequivalent_facets,
    surface,
)

__all__ = [
    "Crystal",
    "FacetPairMatches",
    "Surface",
    "crystal",
    "find_matches",
    "inequivalent_facets",
    "match_facets",
    "scan_facets",
    "surface",
]
