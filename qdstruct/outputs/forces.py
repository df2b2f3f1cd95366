"""The forces of a finished calculation."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from qdstruct.errors import OutputError
from qdstruct.outputs.calculation import require_output
from qdstruct.outputs.vasprun import read_vasprun

__all__ = ["read_forces"]


def read_forces(directory: Path) -> NDArray[np.float64]:
    """Read the forces of the last ionic step, fixed atoms included.

    Parameters
    ----------
    directory : Path
        A directory with vasprun.xml (plain or compressed), or that file itself.

    Returns
    -------
    (N, 3) array
        eV/Å, atoms in POSCAR order.

    Raises
    ------
    OutputError
        If the file is missing or not whole, or holds no finite forces.
    """
    run = read_vasprun(require_output(Path(directory), "vasprun.xml"))
    if run.forces is None or not np.isfinite(run.forces).all():
        raise OutputError(
            f"{run.path}: the last ionic step has no forces", hint="run the job again"
        )
    return run.forces
