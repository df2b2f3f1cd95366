"""Band alignment by four routes that share one sum: edges, a reference level, and its step."""

from __future__ import annotations

import math
from collections.abc import Sequence

from qdstruct.analysis.edges import alignment_type
from qdstruct.errors import InputError
from qdstruct.model.electronic import BandAlignment, BandEdges

__all__ = [
    "align_by_edges",
    "align_by_reference",
    "align_by_vacuum",
    "align_measured",
    "shifted_edges",
]


def shifted_edges(
    edges: BandEdges, shift: float, *, uncertainty: float = 0.0, group: str | None = None
) -> BandEdges:
    """Return the same edges `shift` eV higher, their uncertainty widened by `uncertainty`."""
    return BandEdges(
        group=group or edges.group,
        valence_maximum=edges.valence_maximum + shift,
        conduction_minimum=edges.conduction_minimum + shift,
        threshold=edges.threshold,
        uncertainty=edges.uncertainty + uncertainty,
        threshold_spread=edges.threshold_spread,
        tail_spread=edges.tail_spread,
    )


def align_by_edges(
    film: BandEdges, substrate: BandEdges, *, sources: Sequence[str] = ()
) -> BandAlignment:
    """Align by the local densities of states of the two regions of one interface calculation.

    The edges stand on one axis already; what the regions' finite thickness and the tails of the
    other material do to them is not corrected.
    """
    return _alignment("local DOS", "Fermi level of the interface", film, substrate, {}, sources)


def align_by_vacuum(
    film: BandEdges,
    substrate: BandEdges,
    *,
    film_vacuum: float,
    substrate_vacuum: float,
    uncertainty: float = 0.0,
    sources: Sequence[str] = (),
) -> BandAlignment:
    """Align two free slabs at their vacuum levels (the rule of Anderson, IRE 1960: no dipole).

    Parameters
    ----------
    film, substrate : BandEdges
        Each on the scale of its own slab's potential (edge relative to its Fermi level plus that
        Fermi level).
    film_vacuum, substrate_vacuum : float
        Vacuum level of the face that would touch the other material, eV on the same scales.
    uncertainty : float
        ± eV of the vacuum levels.
    """
    terms = {"film vacuum level": film_vacuum, "substrate vacuum level": substrate_vacuum}
    return _alignment(
        "vacuum level",
        "vacuum",
        shifted_edges(film, -film_vacuum, uncertainty=uncertainty),
        shifted_edges(substrate, -substrate_vacuum, uncertainty=uncertainty),
        terms,
        sources,
    )


def align_by_reference(
    film: BandEdges,
    substrate: BandEdges,
    *,
    film_bulk_reference: float,
    substrate_bulk_reference: float,
    film_interface_reference: float,
    substrate_interface_reference: float,
    uncertainty: float = 0.0,
    method: str = "average potential",
    sources: Sequence[str] = (),
) -> BandAlignment:
    """Align through the interface: bulk edges against a level that is found on both sides of it.

    ΔE_v = (E_v − R)_film,bulk − (E_v − R)_substrate,bulk + (R_film − R_substrate)_interface with R
    the average electrostatic potential (C. G. Van de Walle, R. M. Martin, Phys. Rev. B 35, 8154
    (1987)) or the potential at the cores of an element (``method="core levels"``).

    Parameters
    ----------
    film, substrate : BandEdges
        Of the bulk crystals, each strained as in the interface, on the scale of its own bulk
        calculation.
    film_bulk_reference, substrate_bulk_reference : float
        R in the bulk calculations, eV on those scales.
    film_interface_reference, substrate_interface_reference : float
        R in the bulk-like middle of either side of the interface calculation, eV.
    uncertainty : float
        ± eV of the step across the interface (residual variation of the two plateaus).
    method : {"average potential", "core levels"}
        What R is.

    Raises
    ------
    InputError
        If the method is neither of the two.
    """
    if method not in ("average potential", "core levels"):
        raise InputError(
            f"'{method}' is no reference level", hint="choose 'average potential' or 'core levels'"
        )
    step = film_interface_reference - substrate_interface_reference
    terms = {
        "film bulk reference": film_bulk_reference,
        "substrate bulk reference": substrate_bulk_reference,
        "film reference in the interface": film_interface_reference,
        "substrate reference in the interface": substrate_interface_reference,
        "step across the interface": step,
    }
    return _alignment(
        method,
        f"{'average potential' if method == 'average potential' else 'core level'} of the "
        "substrate",
        shifted_edges(film, step - film_bulk_reference, uncertainty=uncertainty),
        shifted_edges(substrate, -substrate_bulk_reference, uncertainty=uncertainty),
        terms,
        sources,
    )


def align_measured(
    film: str,
    substrate: str,
    *,
    work_functions: tuple[float, float],
    fermi_to_valence: tuple[float, float],
    gaps: tuple[float, float],
    uncertainty: float = 0.1,
    sources: Sequence[str] = (),
) -> BandAlignment:
    """Put photoemission and optical gaps of two materials on the vacuum scale.

    E_v = −(Φ + ΔE) and E_c = E_v + E_g, with the work function Φ and the distance ΔE from the
    valence edge to the Fermi level of an UPS measurement and the gap of a Tauc plot. The optical
    gap lacks the exciton's binding energy, which matters for layered perovskites.

    Parameters
    ----------
    film, substrate : str
        Names of the materials.
    work_functions, fermi_to_valence, gaps : (film, substrate)
        eV.
    uncertainty : float
        ± eV of each edge; 0.1 is the usual resolution of UPS with He I.

    Raises
    ------
    InputError
        If a value is not positive.
    """
    names = {"work function": work_functions, "E_F − E_v": fermi_to_valence, "gap": gaps}
    for name, values in names.items():
        if min(values) <= 0:
            raise InputError(f"a {name} of {min(values)} eV is impossible here")
    edges = [
        BandEdges(
            group=group, valence_maximum=-(work + depth), conduction_minimum=-(work + depth) + gap,
            threshold=0.0, uncertainty=uncertainty,
        )
        for group, work, depth, gap in zip(
            (film, substrate), work_functions, fermi_to_valence, gaps, strict=True
        )
    ]  # fmt: skip
    terms = {
        f"{group} {name}": values[side]
        for side, group in enumerate((film, substrate))
        for name, values in names.items()
    }
    return _alignment("measured", "vacuum", edges[0], edges[1], terms, sources)


def _alignment(
    method: str,
    reference: str,
    film: BandEdges,
    substrate: BandEdges,
    terms: dict[str, float],
    sources: Sequence[str],
) -> BandAlignment:
    kind, reason = alignment_type(film, substrate)
    return BandAlignment(
        method=method,
        reference=reference,
        film=film,
        substrate=substrate,
        valence_offset=film.valence_maximum - substrate.valence_maximum,
        conduction_offset=film.conduction_minimum - substrate.conduction_minimum,
        uncertainty=math.hypot(film.uncertainty, substrate.uncertainty),
        kind=kind,
        reason=reason,
        terms=terms,
        sources=tuple(sources),
    )
