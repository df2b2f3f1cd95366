"""How two crystals fit: plane spacings, coincidence cells, orientation relations, site overlap."""

from qdstruct.matching.coincidence import (
    FacetPairMatches,
    match_facets,
    prepare,
    prepare_facets,
    scan_facets,
    scan_prepared,
)
from qdstruct.matching.elasticity import cubic_stiffness
from qdstruct.matching.equivalents import (
    direction_deviation,
    equivalent_matches,
    keep_parallel,
)
from qdstruct.matching.finding import find_matches
from qdstruct.matching.misses import no_match_error
from qdstruct.matching.orientation import (
    orientation,
    orientation_from_zones,
    parallel_planes,
)
from qdstruct.matching.planes import is_forbidden, plane_families, plane_mismatches
from qdstruct.matching.ranking import (
    expected_rows,
    long_scan_message,
    pareto_front,
    pareto_rows,
    scan_matches,
)
from qdstruct.matching.rows import (
    direction_label,
    match_document,
    orientation_document,
    orientation_summary,
    plane_label,
)
from qdstruct.matching.screening import ScreenedPair, ScreenSettings, screen
from qdstruct.matching.screening_table import read_table
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
    facets,
    inequivalent_facets,
    surface,
)

__all__ = [
    "Crystal",
    "FacetPairMatches",
    "ScreenSettings",
    "ScreenedPair",
    "Surface",
    "atomic_planes",
    "crystal",
    "cubic_stiffness",
    "deformation_gradient",
    "direction_deviation",
    "direction_label",
    "displacement_lattice",
    "equivalent_matches",
    "expected_rows",
    "facets",
    "find_matches",
    "inequivalent_facets",
    "is_forbidden",
    "keep_parallel",
    "long_scan_message",
    "match_document",
    "match_facets",
    "no_match_error",
    "orientation",
    "orientation_document",
    "orientation_from_zones",
    "orientation_summary",
    "parallel_planes",
    "pareto_front",
    "pareto_rows",
    "partition_strain",
    "plane_families",
    "plane_label",
    "plane_mismatches",
    "polar_decomposition",
    "prepare",
    "prepare_facets",
    "read_table",
    "scan_facets",
    "scan_matches",
    "scan_prepared",
    "screen",
    "site_overlap",
    "surface",
]
