"""Bader's partition of a density with pybader, where that package is installed.

Method, near-grid: W. Tang, E. Sanville and G. Henkelman, J. Phys.: Condens. Matter 21, 084204
(2009).
"""

from __future__ import annotations

import contextlib
import io
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec

import numpy as np
from numpy.typing import NDArray

from qdstruct.errors import InputError, RunError
from qdstruct.model import Grid

__all__ = ["bader_partition", "has_pybader"]


def has_pybader() -> bool:
    """Whether pybader is installed (it also needs setuptools before 82)."""
    return all(find_spec(name) is not None for name in ("pybader", "pkg_resources"))


def bader_partition(
    density: Grid, reference: Grid | None = None
) -> tuple[NDArray[np.float64], NDArray[np.float64], str]:
    """Divide space among the atoms along the zero-flux surfaces of a density.

    Parameters
    ----------
    density : Grid
        Valence density in electrons/Å³, integrated over each atom's volume.
    reference : Grid, optional
        Density that has its maxima at the nuclei (core + valence); `density` itself by default.

    Returns
    -------
    electrons, volumes : (N,) arrays
        Of each atom, electrons and Å³.
    method : str
        Program, version and algorithm.

    Raises
    ------
    InputError
        If pybader is not installed, or the two grids differ.
    RunError
        If it fails.
    """
    if not has_pybader():
        raise InputError(
            "pybader is not installed", hint="pip install 'qdstruct[bader]', or install bader"
        )
    basis = density if reference is None else reference
    if basis.values.shape != density.values.shape:
        raise InputError(f"{basis.source} and {density.source} are on different grids")
    words = io.StringIO()
    try:
        with contextlib.redirect_stdout(words), contextlib.redirect_stderr(words):
            electrons, volumes = _run(density, basis)
    except Exception as error:
        raise RunError(f"pybader failed: {type(error).__name__}: {error}") from error
    try:
        release = version("pybader")
    except PackageNotFoundError:
        release = ""
    return electrons, volumes, f"pybader {release}, near-grid".replace("  ", " ")


def _run(density: Grid, basis: Grid) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Take its steps one by one: as a whole it would also write a file where we stand."""
    from pybader.interface import Bader

    atoms = density.atoms
    task = Bader(
        {"charge": np.ascontiguousarray(density.values)},
        np.array(atoms.cell),
        atoms.get_scaled_positions(wrap=True) @ np.asarray(atoms.cell),
        {"filename": "", "prefix": "", "file_type": "", "voxel_offset": np.zeros(3)},
        method="neargrid", refine_method="neargrid", threads=1, spin_flag=False,
        speed_flag=False, vacuum_tol=None, export_mode=None,
    )  # fmt: skip
    task.reference = np.ascontiguousarray(basis.values)
    task.volumes_init()
    task.bader_calc()
    task.refine_volumes(task.bader_volumes)
    task.sum_volumes(bader=True)
    task.bader_to_atom_distance()
    task.sum_volumes()
    return np.array(task.atoms_charge, dtype=float), np.array(task.atoms_volume, dtype=float)
