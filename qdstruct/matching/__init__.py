"""How two crystals fit: plane spacings, coincidence cells, orientation relations, site overlap."""

from qdstruct.matching.coincidence import (
    FacetPairMatches,
    find_matches,
    match_facets,
    scan_facets,
)
from qdstruct.matching.parallel import angle_between, keep_parallel
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
    "angle_between",
    "crystal",
    "find_matches",
    "inequivalent_facets",
    "keep_parallel",
    "match_facets",
    "scan_facets",
    "surface",
]
