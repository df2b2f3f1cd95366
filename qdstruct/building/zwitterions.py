"""Zwitterions across an ion pair of a surface: ammonium on the A site, phosphate on the cation."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from qdstruct.building.charges import IONIC_RADII
from qdstruct.building.ligand_anchor import AnchoredMolecule
from qdstruct.building.ligand_sites import (
    AMMONIUM_RADIUS,
    BindingSite,
    Surface,
    binding_sites,
    bond_length,
)

__all__ = ["independent_sites", "paired_sites", "single_ions", "stand_between"]

QUATERNARY_RADIUS = 2.92
"""Å: effective radius of N(CH3)4+, Kieslich, Sun and Cheetham, Chem. Sci. 5, 4712 (2014)."""

SPAN_SLACK = 0.6
"""Å: how much farther apart or closer than in the molecule the places of O and N may be."""

HEIGHTS = np.arange(-2.0, 3.6, 0.02)
"""Å above an A site at which the nitrogen is tried."""


def paired_sites(surface: Surface, molecule: AnchoredMolecule) -> list[BindingSite]:
    """Return the pairs of a halide on a cation and an A-site ion that a zwitterion can replace.

    Parameters
    ----------
    surface : Surface
        Of a slab (its top face counts) or of a particle (every face counts).
    molecule : AnchoredMolecule
        A zwitterion; how far its oxygen is from its nitrogen decides which pairs it spans.

    Notes
    -----
    The oxygen lies on the line from the cation to the halide it replaces, at the sum of Shannon's
    radii. The nitrogen lies over the A site where the nearest anion left is as far as the ionic
    radius of the anion and the effective radius of NH4+ or N(CH3)4+ add up to (Kieslich, Sun and
    Cheetham, Chem. Sci. 5, 4712 (2014)).
    """
    oxygen, nitrogen = molecule.anchors
    span = float(np.linalg.norm(np.diff(molecule.atoms.positions[[oxygen, nitrogen]], axis=0)))
    radius = _nitrogen_radius(molecule)
    a_sites, cations = single_ions(surface)
    places = [one.position + bond_length(surface, one, "carboxylate") * one.direction
              for one in cations]  # fmt: skip
    farthest = span + SPAN_SLACK + HEIGHTS[-1]
    found = []
    for a_site in a_sites:
        for site, place in zip(cations, places, strict=True):
            shift = _nearest_image(surface, a_site.position - place)
            if np.linalg.norm(a_site.position + shift - place) > farthest:
                continue
            partner = _over_a_site(surface, a_site, site.replaced, radius) + shift
            if abs(float(np.linalg.norm(partner - place)) - span) <= SPAN_SLACK:
                found.append(
                    BindingSite(
                        position=site.position,
                        direction=site.direction,
                        ion=site.ion,
                        replaced=(*site.replaced, a_site.ion),
                        partner=partner,
                    )
                )
    return found


def single_ions(surface: Surface) -> tuple[list[BindingSite], list[BindingSite]]:
    """Return the A sites of a surface, and the cations whose halide a phosphate can replace."""
    cations = [site for site in binding_sites(surface, "thiolate") if site.replaced]
    return binding_sites(surface, "ammonium"), cations


def _nitrogen_radius(molecule: AnchoredMolecule) -> float:
    """Return the effective radius of the ammonium end, Å: bare where it has a hydrogen."""
    atoms, nitrogen = molecule.atoms, int(molecule.anchors[1])
    near = atoms.get_distances(nitrogen, range(len(atoms))) < 1.25
    return AMMONIUM_RADIUS if (near & (atoms.numbers == 1)).any() else QUATERNARY_RADIUS


def _nearest_image(surface: Surface, apart: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the in-plane translation that brings two places closest."""
    shifts = surface.shifts
    return np.asarray(shifts[np.argmin(np.linalg.norm(apart + shifts, axis=1))])


def _over_a_site(
    surface: Surface, site: BindingSite, replaced: tuple[int, ...], radius: float
) -> NDArray[np.float64]:
    """Return the point over an A site at the right distance from the anions that stay."""
    near = surface.around(site.ion)
    owners = surface.owners[near]
    staying = (surface.charges[owners] < 0) & ~np.isin(owners, replaced)
    anions = surface.points[near[staying]]
    names, counts = np.unique(surface.symbols[owners[staying]], return_counts=True)
    wanted = radius + IONIC_RADII[str(names[np.argmax(counts)])]
    points = site.position + HEIGHTS[:, None] * site.direction
    nearest = np.linalg.norm(points[:, None] - anions[None], axis=2).min(axis=1)
    return np.asarray(points[np.argmin(np.abs(nearest - wanted) + 1e-3 * np.abs(HEIGHTS))])


def independent_sites(sites: list[BindingSite]) -> int:
    """Return how many of these sites can be taken together, no ion twice."""
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import maximum_bipartite_matching

    halides = np.array([site.replaced[0] for site in sites])
    ions = np.array([site.replaced[-1] for site in sites])
    graph = csr_array((np.ones(len(sites)), (halides, ions)))
    return int((maximum_bipartite_matching(graph) >= 0).sum())


def stand_between(
    positions: NDArray[np.float64],
    place: NDArray[np.float64],
    site: BindingSite,
    rolls: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Lay a zwitterion in k ways, oxygen on `place`, nitrogen towards the A site; (k, n, 3) Å.

    Parameters
    ----------
    positions : (n, 3) array
        As `anchored_molecule` gives them: oxygen at the origin, nitrogen along +x, the rest up.
    place : (3,) array
        Of the oxygen, Å.
    site : BindingSite
        With a partner.
    rolls : (k,) array
        About the axis from oxygen to nitrogen, degrees; 0 turns the rest away from the crystal.
    """
    from scipy.spatial.transform import Rotation

    assert site.partner is not None, "the site of a zwitterion has a partner"
    x = (site.partner - place) / np.linalg.norm(site.partner - place)
    z = site.direction - (site.direction @ x) * x
    z /= np.linalg.norm(z)
    turns = Rotation.from_euler("x", rolls[:, None], degrees=True).as_matrix()
    axes = np.array([x, np.cross(z, x), z])
    return np.asarray(positions @ (turns.transpose(0, 2, 1) @ axes) + place)
