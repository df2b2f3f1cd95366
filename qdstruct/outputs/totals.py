"""The total density of states of a vasprun.xml, with or without projections."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from qdstruct.errors import OutputError
from qdstruct.outputs.calculation import require_output
from qdstruct.outputs.projections import smearing_width
from qdstruct.outputs.vasprun import read_vasprun

if TYPE_CHECKING:
    from xarray import DataArray

__all__ = ["read_total_dos"]

PRINTED = 2.1e-4
"""eV by which two energies printed with four decimals may be farther apart than the others."""


def read_total_dos(directory: Path) -> DataArray:
    """Read the total density of states of a finished calculation.

    Parameters
    ----------
    directory : Path
        A directory with a vasprun.xml (plain or compressed), or that file itself.

    Returns
    -------
    DataArray
        States/eV, dims (spin, energy), energy in eV on the engine's scale. Attributes:
        ``fermi_level`` (eV), ``smearing_width`` (eV), ``has_projections``, ``n_electrons`` and
        ``source``.

    Raises
    ------
    OutputError
        If the file is missing, truncated, or holds no density of states.
    """
    from xarray import DataArray

    path = require_output(Path(directory), "vasprun.xml")
    run = read_vasprun(path)
    if run.total_dos is None or run.dos_energies is None or run.fermi_level is None:
        raise OutputError(f"{path}: this calculation has no density of states")
    _check_energies(path, run.dos_energies, run.parameters.get("NEDOS"))
    return DataArray(
        run.total_dos,
        dims=("spin", "energy"),
        coords={
            "spin": list(run.spins[: len(run.total_dos)]),
            "energy": ("energy", run.dos_energies, {"unit": "eV"}),
        },
        attrs={
            "unit": "states/eV",
            "fermi_level": run.fermi_level,
            "smearing_width": smearing_width(run),
            "has_projections": run.has_projections,
            "n_electrons": run.parameters.get("NELECT"),
            "source": str(path),
        },
        name="total_dos",
    )


def _check_energies(path: Path, energies: NDArray[np.float64], points: object) -> None:
    """Refuse a table whose rows are doubled or missing: VASP's energies are evenly spaced."""
    steps = np.diff(energies)
    middle = float(np.median(steps)) if steps.size else 0.0
    uneven = steps.size > 0 and np.abs(steps - middle).max() > max(0.5 * middle, PRINTED)
    if isinstance(points, int) and points not in (0, energies.size):
        raise OutputError(
            f"{path}: {energies.size} energies of the density of states, NEDOS is {points}",
            hint="a line of the table is doubled or missing: rerun the job or copy the file again",
        )
    if uneven or middle <= 0:
        raise OutputError(
            f"{path}: the energies of the density of states are not evenly spaced",
            hint="a line of the table is doubled or missing: rerun the job or copy the file again",
        )
