"""Matches as plain rows: for JSON, for tables, for screening."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from qdstruct.model import CoincidenceMatch, OrientationRelation, SiteOverlap

__all__ = [
    "direction_label",
    "match_document",
    "match_row",
    "orientation_document",
    "orientation_summary",
    "plane_label",
]


def match_document(match: CoincidenceMatch, overlap: SiteOverlap | None = None) -> dict[str, Any]:
    """Return a match as the JSON object that ``qdstruct match --json`` prints."""
    document: dict[str, Any] = {
        "film_hkl": list(match.film_hkl),
        "substrate_hkl": list(match.substrate_hkl),
        "film_plane_vectors": match.film_plane_vectors.tolist(),
        "substrate_plane_vectors": match.substrate_plane_vectors.tolist(),
        "film_transform": match.film_transform.tolist(),
        "substrate_transform": match.substrate_transform.tolist(),
        "area": match.area,
        "strain": match.strain.tolist(),
        "principal_strains": list(match.principal_strains),
        "max_strain": match.max_strain,
        "rotation": match.rotation,
        "film_directions": match.film_directions.tolist(),
        "substrate_directions": match.substrate_directions.tolist(),
        "n_atoms_per_layer_pair": match.n_atoms_per_layer_pair,
        "folded": match.folded,
        "number": match.number,
    }
    if overlap is not None:
        document["site_overlap"] = overlap.to_dict()
    return document


def match_row(film: str, substrate: str, match: CoincidenceMatch) -> dict[str, Any]:
    """Return a match as one flat row of a screening table."""
    return {
        "film": film,
        "substrate": substrate,
        "film_hkl": " ".join(map(str, match.film_hkl)),
        "substrate_hkl": " ".join(map(str, match.substrate_hkl)),
        "area": match.area,
        "max_strain": match.max_strain,
        "strain_1": match.principal_strains[0],
        "strain_2": match.principal_strains[1],
        "rotation": match.rotation,
        "atoms": match.n_atoms_per_layer_pair,
        "film_directions": " ".join(direction_label(row) for row in match.film_directions),
        "substrate_directions": " ".join(
            direction_label(row) for row in match.substrate_directions
        ),
        "film_transform": " ".join(map(str, match.film_transform.ravel().tolist())),
        "substrate_transform": " ".join(map(str, match.substrate_transform.ravel().tolist())),
        "folded": match.folded,
        "number": match.number,
        **_common_cell(match),
    }


def _common_cell(match: CoincidenceMatch) -> dict[str, float]:
    """Return edges (Å) and angle (degrees) of the coincidence cell on the substrate."""
    cell = match.substrate_transform @ match.substrate_plane_vectors
    a, b = (float(np.linalg.norm(vector)) for vector in cell)
    angle = float(np.degrees(np.arccos(np.clip(cell[0] @ cell[1] / (a * b), -1.0, 1.0))))
    return {"cell_a": a, "cell_b": b, "cell_gamma": angle}


def orientation_document(relation: OrientationRelation) -> dict[str, Any]:
    """Return an orientation relation as the JSON object that ``qdstruct orient --json`` prints."""
    document = relation.to_dict()
    document["rotation"] = relation.rotation.tolist()
    document["match"] = None if relation.match is None else match_document(relation.match)
    return document


def orientation_summary(relation: OrientationRelation) -> list[tuple[str, str]]:
    """Return an orientation relation as (quantity, value) rows for a person."""
    rows = [
        ("film: direction out of its plane", _degrees(relation.film_angle)),
        ("substrate: direction out of its plane", _degrees(relation.substrate_angle)),
        ("possible?", _verdict(relation.inconsistency)),
        ("d of the film plane", f"{relation.film_spacing:.4f} Å"),
        ("d of the substrate plane", f"{relation.substrate_spacing:.4f} Å"),
    ]
    if relation.interface is not None and relation.interface_tilt is not None:
        film, substrate = relation.interface
        rows.append(
            (
                f"interface {plane_label(film)} ∥ {plane_label(substrate)}",
                f"tilted by {_degrees(relation.interface_tilt)}, film turned by "
                f"{_degrees(relation.in_plane_rotation)}",
            )
        )
    match = relation.match
    if match is None:
        rows.append(("coincidence cell", "none within the bounds near this orientation"))
    else:
        first, second = (100 * strain for strain in match.principal_strains)
        rows.append(
            (
                "coincidence cell",
                f"{match.area:.1f} Å², strains {first:+.2f} % {second:+.2f} %, "
                f"extra turn {relation.match_twist:+.2f}°",
            )
        )
        for f, s in zip(match.film_directions, match.substrate_directions, strict=True):
            rows.append(("", f"film {direction_label(f)} ∥ substrate {direction_label(s)}"))
    for misfit in relation.misfit:
        spacing = "none needed" if misfit.spacing is None else f"every {misfit.spacing:.1f} Å"
        rows.append(
            (
                f"misfit at {misfit.angle:+.1f}° from the film's first plane vector",
                f"{100 * misfit.strain:+.2f} %: dislocations {spacing} (b = {misfit.repeat:.2f} Å)",
            )
        )
    return rows


def _degrees(angle: float) -> str:
    return f"{round(angle, 2) + 0.0:.2f}°"


def _verdict(inconsistency: float) -> str:
    if inconsistency < 0.01:
        return "yes, both parallels hold at once"
    return f"no: it misses by {inconsistency:.2f}°"


def plane_label(hkl: ArrayLike) -> str:
    """Write Miller indices as crystallographers print them, with commas only where needed."""
    return "(" + _joined(hkl) + ")"


def direction_label(uvw: ArrayLike) -> str:
    """Write a direction as [uvw]; halves and thirds as a fraction in front: ½[110]."""
    values = np.asarray(uvw, dtype=float)
    for divisor in (1, 2, 3, 4, 6, 12):
        scaled = values * divisor
        if np.abs(scaled - np.rint(scaled)).max() < 1e-6:
            front = "" if divisor == 1 else {2: "½", 3: "⅓", 4: "¼"}.get(divisor, f"1/{divisor}")
            return f"{front}[{_joined(np.rint(scaled))}]"
    return "[" + ", ".join(f"{value:.3f}" for value in values) + "]"


def _joined(values: ArrayLike) -> str:
    words = [str(int(value)) for value in np.asarray(values)]
    return "".join(words) if all(len(word) == 1 for word in words) else " ".join(words)
