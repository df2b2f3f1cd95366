"""How two crystals fit: plane spacings, coincidence cells, orientation relations, site overlap."""

from qdstruct.matching.coincidence import (
    FacetPairMatches,
    find_matches,
    match_facets,
    scan_facets,
)
from qdstruct.matching.elasticity import cubic_stiffness
from qdstruct.matching.equivalents import equivalent_matches, keep_parallel
from qdstruct.matching.ranking import expected_rows, pareto_front, pareto_rows, scan_matches
from qdstruct.matching.strain import (
    deformation_gradient,
    partition_strain,
    polar_decomposition,
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
    "cubic_stiffness",
    "deformation_gradient",
    "equivalent_matches",
    "expected_rows",
    "find_matches",
    "inequivalent_facets",
    "keep_parallel",
    "match_facets",
    "pareto_front",
    "pareto_rows",
    "partition_strain",
    "polar_decomposition",
    "scan_facets",
    "scan_matches",
    "surface",
]
