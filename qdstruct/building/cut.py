"""Which atomic planes a slab keeps."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

import numpy as np

from qdstruct.building.stack import PlaneStack
from qdstruct.building.terminations import named_planes, natural_cut, resolve_termination
from qdstruct.errors import BuildError

__all__ = ["Cut", "choose_cut", "count_layers"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Cut:
    """Which planes of a stack a slab keeps."""

    stack: PlaneStack
    """The crystal along its normal."""
    first: int
    """Index of the lowest plane kept, 0 ≤ first < planes per repeat."""
    last: int
    """Index of the highest plane kept, counted on through the repeats."""
    n_layers: int
    """Repeats asked for."""

    @property
    def n_atoms(self) -> int:
        """Atoms per primitive in-plane cell."""
        sizes = np.bincount(self.stack.plane_of[self.stack.unit_of], minlength=self.stack.n_planes)
        return int(sum(sizes[i % self.stack.n_planes] for i in range(self.first, self.last + 1)))

    @property
    def charge(self) -> float:
        """Net formal charge per primitive in-plane cell, e."""
        planes = self.stack.planes
        return float(sum(planes[i % len(planes)].charge for i in range(self.first, self.last + 1)))


def choose_cut(
    stack: PlaneStack,
    *,
    layers: int | None = None,
    thickness: float | None = None,
    bottom: str | None = None,
    top: str | None = None,
) -> Cut:
    """Choose the planes of a slab.

    Parameters
    ----------
    stack : PlaneStack
        The crystal along its normal.
    layers : int, optional
        Repeats of the lattice-plane spacing; 2 when neither this nor `thickness` is given.
    thickness : float, optional
        Least thickness in Å instead of `layers`.
    bottom, top : str, optional
        Terminations. With one of them the slab holds exactly `layers` repeats (stoichiometric);
        with both it goes on until the top termination is reached, so equal names give a symmetric
        slab with one plane more. With none the crystal is cut where nature would.

    Raises
    ------
    BuildError
        For a termination that does not exist, zero layers, or both `layers` and `thickness`.
    """
    n_layers = count_layers(stack, layers, thickness)
    n_planes = stack.n_planes
    if bottom is not None:
        first = resolve_termination(stack, bottom, "bottom")
    elif top is not None:
        first = (resolve_termination(stack, top, "top") + 1) % n_planes
    else:
        first = (natural_cut(stack) + 1) % n_planes
    last = first + n_layers * n_planes - 1
    if bottom is not None and top is not None:
        names = named_planes(stack)
        wanted = names[resolve_termination(stack, top, "top")]
        while names[last % n_planes] != wanted:
            last += 1
    return Cut(stack=stack, first=first, last=last, n_layers=n_layers)


def count_layers(stack: PlaneStack, layers: int | None, thickness: float | None = None) -> int:
    """Return the repeats of a slab: `layers`, or enough for a least `thickness` in Å, or 2.

    Raises
    ------
    BuildError
        Unless the layers are a whole number of at least one and the thickness is positive.
    """
    if layers is not None and thickness is not None:
        raise BuildError("give the thickness of a slab in layers or in Å, not both")
    if thickness is not None:
        if not 0 < thickness < np.inf:
            raise BuildError(f"a slab {thickness:g} Å thick does not exist")
        return max(1, ceil(thickness / stack.spacing - 1e-6))
    if layers is None:
        return 2
    if not float(layers).is_integer() or layers < 1:
        raise BuildError(
            f"a slab of {layers} layers does not exist",
            hint=f"layers are whole repeats of {stack.spacing:.3f} Å, at least one; give the other "
            "termination too to stop within a repeat",
        )
    return int(layers)
