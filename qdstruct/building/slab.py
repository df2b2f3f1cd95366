"""Slabs: any plane of any crystal between two chosen terminations."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from qdstruct.building.cut import choose_cut, count_layers
from qdstruct.building.reconstructed import reconstructed_slab
from qdstruct.building.reconstruction import choose_reconstruction
from qdstruct.building.slab_atoms import slab_from_cut
from qdstruct.building.stack import plane_stack
from qdstruct.building.variants import Variant, choose_variant, has_variant
from qdstruct.errors import BuildError
from qdstruct.geometry import reduce_miller
from qdstruct.model import Phase, Slab

__all__ = ["build_slab", "orthogonal_transform"]


def orthogonal_transform(vectors: ArrayLike, largest: int = 24) -> NDArray[np.int64]:
    """Find the smallest supercell of a plane lattice whose vectors are perpendicular.

    Parameters
    ----------
    vectors : (2, 2) array
        Primitive in-plane vectors, Å.
    largest : int
        Largest multiple of the primitive area to try.

    Raises
    ------
    BuildError
        If there is none (oblique lattices).
    """
    metric = np.asarray(vectors) @ np.asarray(vectors).T
    reach = np.arange(-largest, largest + 1)
    rows = np.stack(np.meshgrid(reach, reach, indexing="ij"), axis=-1).reshape(-1, 2)
    rows = rows[np.gcd(rows[:, 0], rows[:, 1]) == 1]
    lengths = np.sqrt(np.einsum("ni,ij,nj->n", rows, metric, rows))
    rows = rows[np.argsort(np.round(lengths, 8), kind="stable")][:400]
    rows = rows[np.lexsort((-rows[:, 1], -rows[:, 0], _rounded_lengths(rows, metric)))]
    lengths = np.sqrt(np.einsum("ni,ij,nj->n", rows, metric, rows))
    dots = np.abs(rows @ metric @ rows.T) / np.outer(lengths, lengths)
    areas = rows[:, None, 0] * rows[None, :, 1] - rows[:, None, 1] * rows[None, :, 0]
    fits = (dots < 1e-5) & (areas > 0) & (areas <= largest)
    if not fits.any():
        raise BuildError(
            "this plane has no perpendicular supercell of reasonable size",
            hint="use the primitive in-plane cell",
        )
    first, second = np.unravel_index(np.argmin(np.where(fits, areas, largest + 1)), areas.shape)
    return np.array([rows[first], rows[second]], dtype=np.int64)


def _rounded_lengths(rows: NDArray[np.int64], metric: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(np.round(np.einsum("ni,ij,nj->n", rows, metric, rows), 6))


def build_slab(
    phase: Phase,
    hkl: ArrayLike,
    *,
    layers: int | None = None,
    thickness: float | None = None,
    bottom_termination: str | None = None,
    top_termination: str | None = None,
    variant: Variant | None = None,
    vacuum: float = 15.0,
    cell: Literal["primitive", "orthogonal"] = "primitive",
    centre: bool = False,
) -> Slab:
    """Cut a slab with the faces ±(hkl) from a crystal.

    Parameters
    ----------
    phase : Phase
        The crystal.
    hkl : three integers
        Miller indices in the phase's own cell; +z of the slab is their normal.
    layers : int, optional
        Repeats of d(hkl) of the primitive lattice (2 if `thickness` is not given either).
    thickness : float, optional
        Least thickness in Å, counted in whole repeats of d(hkl); the outermost planes lie closer
        together by the distance to the next plane.
    bottom_termination, top_termination : str, optional
        Names from `terminations`. One of them: `layers` whole repeats, stoichiometric. Both: the
        slab goes on to the top termination.
    variant : {"symmetric", "stoichiometric", "nonpolar"}, optional
        What the slab has to be, whatever planes that takes (`choose_variant`); with terminations,
        among the slabs that have them. `slab_variants` lists what there is. Where every slab is
        polar (Tasker type III), "nonpolar" moves a share of the ions of one face to the other
        (`choose_reconstruction` states the rule), in an in-plane supercell where needed; the
        terminations are then those before ions move.
    vacuum : float
        Empty height in Å; 0 closes the crystal when the slab is stoichiometric and its repeat is
        perpendicular to the plane.
    cell : {"primitive", "orthogonal"}
        In-plane cell.
    centre : bool
        Put the slab in the middle of the cell instead of at z = 0.

    Raises
    ------
    BuildError
        For a termination, thickness, variant or vacuum that does not exist.
    MatchError
        If (hkl) is no lattice plane.
    """
    stack = plane_stack(phase, reduce_miller(hkl))
    n_layers = count_layers(stack, layers, thickness)
    bottom, top = bottom_termination, top_termination
    transform = np.eye(2, dtype=np.int64)
    if cell == "orthogonal":
        transform = orthogonal_transform(stack.vectors)
    elif cell != "primitive":
        raise BuildError(f"the in-plane cell is 'primitive' or 'orthogonal', not '{cell}'")
    if variant is None:
        cut = choose_cut(stack, layers=n_layers, bottom=bottom, top=top)
    elif variant == "nonpolar" and not has_variant(stack, variant, layers=n_layers):
        chosen = choose_reconstruction(
            stack, layers=n_layers, bottom=bottom, top=top, base=transform,
            perpendicular=cell == "orthogonal",
        )  # fmt: skip
        return reconstructed_slab(chosen, vacuum=vacuum, centre=centre)
    else:
        cut = choose_variant(stack, variant, layers=n_layers, bottom=bottom, top=top)
    return slab_from_cut(cut, transform, vacuum=vacuum, centre=centre)
