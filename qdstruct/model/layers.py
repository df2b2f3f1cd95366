"""What a relaxation did to each layer."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qdstruct.model.record import Record

__all__ = ["LayerStrain"]


@dataclass(frozen=True, kw_only=True, eq=False)
class LayerStrain(Record):
    """What happened to one atomic plane of one region."""

    region: str
    """``film``, ``substrate``, … or ``all`` where the structure has no regions."""
    label: str
    """Number and initial height of the plane."""
    height: float
    """Initial height along the normal, Å."""
    n_atoms: int
    """Atoms of the plane."""
    in_plane: NDArray[np.float64] | None
    """(2, 2) strain along the first in-plane cell vector and at right angles to it; None where the
    neighbours of no atom span space."""
    normal: float | None
    """Strain along the normal."""
    shear: NDArray[np.float64] | None
    """(2,) strains between the normal and the two in-plane axes."""
    spread: float | None
    """Standard deviation of the normal strain over the atoms of the plane."""
    spacing: float | None
    """Final distance to the next plane of the same region above, Å; None for the last."""
    spacing_strain: float | None
    """That distance over the initial one, minus 1."""
    displacement: NDArray[np.float64]
    """(3,) mean displacement in Å along the two in-plane axes and the normal, relative to the mean
    of all atoms."""
    rumpling: float
    """Standard deviation of the final heights in the plane, Å."""
