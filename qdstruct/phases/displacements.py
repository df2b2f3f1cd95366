"""Anisotropic displacement parameters of a CIF file, carried to every atom of the cell."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from qdstruct.errors import PhaseError
from qdstruct.geometry import reciprocal_cell
from qdstruct.phases import cif

if TYPE_CHECKING:
    from ase import Atoms
    from ase.io.cif import CIFBlock

__all__ = ["displacement_tensors"]

_COMPONENTS = ("11", "22", "33", "12", "13", "23")
_UNITS = {"u": 1.0, "b": 1 / (8 * np.pi**2)}
"""What turns each kind of parameter into U in Å²."""
_OPERATIONS = (
    "_space_group_symop_operation_xyz",
    "_space_group_symop.operation_xyz",
    "_symmetry_equiv_pos_as_xyz",
)
_SAME_PLACE = 5e-3
"""Fractions of the cell: an image this near an atom is that atom; coordinates carry rounding."""
_SITE_SYMMETRY = 5e-3
"""Å²: by how much a tensor may break its site's symmetry: half a unit of two printed decimals."""


def displacement_tensors(block: CIFBlock, atoms: Atoms, path: Path) -> NDArray[np.float64] | None:
    """Return the mean-square displacement tensor of every atom of an expanded CIF file.

    Parameters
    ----------
    block : CIFBlock
        Data block with its ``_atom_site_aniso_U_*`` or ``_atom_site_aniso_B_*`` loop.
    atoms : Atoms
        The whole cell, in the axes of the block.
    path : Path
        For messages.

    Returns
    -------
    (N, 3, 3) array or None
        U in Å² in the Cartesian frame of `atoms`, NaN for atoms without displacements; None when
        the file has no anisotropic loop. Sites that the loop leaves out take their isotropic
        ``U_iso_or_equiv`` or ``B_iso_or_equiv``.

    Raises
    ------
    PhaseError
        A row that names no site or holds no numbers, a tensor that breaks the symmetry of its
        site, or symmetry operations that do not lead from the sites to the atoms.

    Notes
    -----
    The printed U refers to unit vectors along a*, b*, c*: exp(−2π² Σ U_ij h_i h_j a*_i a*_j), with
    B = 8π² U (Trueblood et al., Acta Cryst. A52, 770 (1996)). With N = diag(a*, b*, c*), U* = N U N
    goes under an operation (R, t) to R U* Rᵀ, and with the cell vectors as rows of A the Cartesian
    tensor is Aᵀ U* A. The images that fall on one atom are averaged, which removes rounding.
    """
    printed = _printed(block, path)
    if printed is None:
        return None
    cell = np.asarray(atoms.cell)
    star = _contravariant(printed, _isotropic(block, len(printed)), reciprocal_cell(cell))
    try:
        rotations, translations = _operations(block)
        sites = np.array([cif.items(block, f"_atom_site_fract_{axis}") for axis in "xyz"], float).T
    except Exception as error:  # ASE fails in any way on a group it does not know
        raise _not_expanded(path) from error
    sums, counts = np.zeros((len(atoms), 3, 3)), np.zeros(len(atoms), dtype=int)
    images = []
    places = _Places(atoms)
    for site, tensor in zip(sites, star, strict=True):
        found = places.nearest(rotations @ site + translations)
        if (found < 0).any():
            raise _not_expanded(path)
        turned = rotations @ tensor @ np.swapaxes(rotations, 1, 2)
        np.add.at(sums, found, turned)
        np.add.at(counts, found, 1)
        images.append((found, turned))
    if not counts.all():
        raise _not_expanded(path)
    mean = sums / counts[:, None, None]
    for index, (found, turned) in enumerate(images):
        spread = float(np.nan_to_num(np.abs(cell.T @ (turned - mean[found]) @ cell)).max())
        if spread > _SITE_SYMMETRY:
            raise PhaseError(
                f"{path}: the displacement tensor of site {_labels(block)[index]} breaks the "
                f"symmetry of its site by {spread:.3f} Å²",
                hint="compare its _atom_site_aniso row with the publication",
            )
    return np.asarray(cell.T @ mean @ cell)


class _Places:
    """The atoms of a cell, to be found by fractional coordinates."""

    def __init__(self, atoms: Atoms) -> None:
        from scipy.spatial import cKDTree

        self._tree = cKDTree(self._inside(atoms.get_scaled_positions()), boxsize=np.ones(3))

    @staticmethod
    def _inside(fractional: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(fractional % 1.0 % 1.0)  # twice, since −1e-17 % 1 is 1

    def nearest(self, fractional: NDArray[np.float64]) -> NDArray[np.int64]:
        """Return the index of the atom at each place, −1 where there is none."""
        distance, index = self._tree.query(self._inside(fractional))
        return np.where(distance < _SAME_PLACE, index, -1).astype(np.int64)


def _not_expanded(path: Path) -> PhaseError:
    return PhaseError(
        f"{path}: the symmetry operations do not lead from the sites to all atoms, so the "
        "anisotropic displacements cannot be carried over",
        hint="remove the _atom_site_aniso loop, or export the structure with all operations",
    )


def _operations(block: CIFBlock) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return (n, 3, 3) rotations and (n, 3) translations: the listed ones, or the group's."""
    from ase.spacegroup.spacegroup import parse_sitesym

    for tag in _OPERATIONS:
        if listed := cif.items(block, tag):
            rotations, translations = parse_sitesym(listed)
            return np.asarray(rotations, dtype=float), np.asarray(translations)
    rotations, translations = block.get_spacegroup(True).get_op()
    return np.asarray(rotations, dtype=float), np.asarray(translations)


def _labels(block: CIFBlock) -> list[str]:
    return cif.items(block, "_atom_site_label")


def _printed(block: CIFBlock, path: Path) -> NDArray[np.float64] | None:
    """Return (sites, 3, 3) U as printed, NaN for sites without; None without such a loop."""
    rows = cif.items(block, "_atom_site_aniso_label")
    for kind in ("u", "b"):
        columns = [cif.items(block, f"_atom_site_aniso_{kind}_{name}") for name in _COMPONENTS]
        if any(columns):
            break
    else:
        return None
    labels, unit = _labels(block), _UNITS[kind]
    printed = np.full((len(labels), 3, 3), np.nan)
    for name, column in zip(_COMPONENTS, columns, strict=True):
        i, j = int(name[0]) - 1, int(name[1]) - 1
        if len(column) != len(rows):
            raise PhaseError(
                f"{path}: the anisotropic loop has no complete {kind.upper()}_{name}",
                hint="give all six components 11, 22, 33, 12, 13, 23 of every row",
            )
        for label, value in zip(rows, column, strict=True):
            if label not in labels:
                raise PhaseError(
                    f"{path}: the anisotropic loop names {label}, which is no site",
                    hint="use the labels of the _atom_site loop",
                )
            printed[labels.index(label), i, j] = printed[labels.index(label), j, i] = (
                unit * _number(value, f"{path}: {kind.upper()}_{name} of {label}")
            )
    incomplete = np.isnan(printed).any(axis=(1, 2)) & ~np.isnan(printed).all(axis=(1, 2))
    if incomplete.any():
        raise PhaseError(
            f"{path}: site {labels[int(np.argmax(incomplete))]} has part of a displacement tensor",
            hint="give all six components of the row, or remove it",
        )
    return printed


def _isotropic(block: CIFBlock, count: int) -> NDArray[np.float64]:
    """Return U_iso of every site in Å², NaN where the file has none."""
    for tag, unit in _UNITS.items():
        words = cif.items(block, f"_atom_site_{tag}_iso_or_equiv")
        if len(words) == count:
            return np.array([unit * _number(word, f"{tag}_iso_or_equiv") for word in words])
    return np.full(count, np.nan)


def _number(word: str, where: str) -> float:
    if word in cif.UNKNOWN:
        return float("nan")
    try:
        return float(word)
    except ValueError:
        raise PhaseError(
            f"{where} is '{word}', not a number", hint="give it in Å², as 0.021(3)"
        ) from None


def _contravariant(
    printed: NDArray[np.float64],
    isotropic: NDArray[np.float64],
    reciprocal: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Return U* = N U N of every site; an isotropic U is U times the reciprocal metric."""
    lengths = np.linalg.norm(reciprocal, axis=1)
    plain = isotropic[:, None, None] * (reciprocal @ reciprocal.T)
    return np.where(np.isnan(printed), plain, printed * np.outer(lengths, lengths))
