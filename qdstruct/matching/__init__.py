"""How two crystals fit: plane spacings, coincidence cells, orientation relations, site overlap."""

from qdstruct.matching.coincidence import (
    FacetPairMatches,
    find_matches,
    match_facets,
    scan_facets,
)
from qdstruct.matching.elasticity import cubic_stiffness
from qdstruct.matching.equivalents import equivalent_matches, keep_parallel
from qdstruct.matching.orientation import (
    orientation,
    orientation_from_zones,
    parallel_planes,
)
from qdstruct.matching.planes import is_forbidden, plane_families, plane_mismatches
from qdstruct.matching.ranking import expected_rows, pareto_front, pareto_rows, scan_matches
from qdstruct.matching.sites import atomic_planes, displacement_lattice, site_overlap
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
    "atomic_planes",
    "crystal",
    "cubic_stiffness",
    "deformation_gradient",
    "displacement_lattice",
    "equivalent_matches",
    "expected_rows",
    "find_matches",
    "inequivalent_facets",
    "is_forbidden",
    "keep_parallel",
    "match_facets",
    "orientation",
    "orientation_from_zones",
    "parallel_planes",
    "pareto_front",
    "pareto_rows",
    "partition_strain",
    "plane_families",
    "plane_mismatches",
    "polar_decomposition",
    "scan_facets",
    "scan_matches",
    "site_overlap",
    "surface",
]
