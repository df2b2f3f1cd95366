"""The supercells of a match in the in-plane bases of two stacks."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from qdstruct.building.stack import PlaneStack
from qdstruct.errors import BuildError
from qdstruct.model import CoincidenceMatch

__all__ = ["matched_transforms"]


def matched_transforms(
    film: PlaneStack, substrate: PlaneStack, match: CoincidenceMatch
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the supercells of a match in the in-plane bases of the two stacks, right-handed.

    Raises
    ------
    BuildError
        If the match does not belong to the crystals.
    """
    above = _own_transform(film, match.film_plane_vectors, match.film_transform)
    below = _own_transform(substrate, match.substrate_plane_vectors, match.substrate_transform)
    if all(round(float(np.linalg.det(transform))) < 0 for transform in (above, below)):
        return above[::-1], below[::-1]
    return above, below


def _own_transform(
    stack: PlaneStack, vectors: NDArray[np.float64], transform: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Express a match's supercell in the in-plane basis of the stack, exactly."""
    own = stack.plane.vectors
    exact = np.asarray(transform) @ np.linalg.lstsq(own.T, np.asarray(vectors).T, rcond=None)[0].T
    integers = np.rint(exact).astype(np.int64)
    misfit = np.abs(integers @ own - np.asarray(transform) @ np.asarray(vectors)).max()
    if misfit > 1e-3:
        raise BuildError(
            f"the match does not belong to {stack.phase.name} {stack.plane.hkl}: its in-plane "
            f"vectors are {misfit:.3g} Å off this crystal's lattice",
            hint="make the match from the same two phases",
        )
    return integers
