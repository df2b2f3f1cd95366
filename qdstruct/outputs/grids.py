"""CHGCAR, LOCPOT, PARCHG, AECCAR and ELFCAR: densities, potentials and their planar averages."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from qdstruct.errors import InputError
from qdstruct.model import Grid
from qdstruct.model.electronic import AveragedGrid
from qdstruct.outputs.header import read_structure
from qdstruct.outputs.reader import TextReader, fortran_float
from qdstruct.outputs.streams import open_output

if TYPE_CHECKING:
    from ase import Atoms
    from xarray import DataArray

__all__ = [
    "GRID_FILES",
    "check_grid_file",
    "grid_quantity",
    "planar_average",
    "read_averaged_grid",
    "read_grid",
    "read_grid_head",
]

GRID_FILES = {
    "CHGCAR": "charge density",
    "CHG": "charge density",
    "PARCHG": "charge density",
    "AECCAR": "charge density",
    "LOCPOT": "potential",
    "ELFCAR": "electron localisation function",
}
"""Beginning of a file's name → what it holds."""
UNITS = {
    "charge density": "electrons/Å³",
    "potential": "eV",
    "electron localisation function": "1",
}
"""Unit of each quantity as it leaves this module."""
COMPONENTS = {
    "total": 0,
    "magnetization": 1,
    "magnetization_x": 1,
    "magnetization_y": 2,
    "magnetization_z": 3,
}
"""Name of a scalar field → how many grids stand before it in the file."""

_AUGMENTATION = "augmentation occupancies"
_MAX_POINTS = 4_000_000_000
_SHIFTED = "a line of the grid is doubled or missing: rerun the job or copy the file again"


@dataclass(frozen=True)
class _Head:
    atoms: Atoms
    shape: tuple[int, int, int]


def grid_quantity(path: Path) -> str:
    """Return what a grid file holds, from the beginning of its name.

    Raises
    ------
    InputError
        If the name is none of VASP's.
    """
    name = path.name.upper()
    for start in sorted(GRID_FILES, key=len, reverse=True):
        if name.startswith(start):
            return GRID_FILES[start]
    raise InputError(
        f"{path}: cannot tell from its name whether this is a density or a potential",
        hint=f"name it like VASP does ({', '.join(GRID_FILES)}) or say quantity=...",
    )


def read_grid(path: Path, *, quantity: str | None = None, component: str = "total") -> Grid:
    """Read one scalar field of a grid file in a single forward pass.

    Parameters
    ----------
    path : Path
        Plain or compressed (.gz, .xz, .bz2) CHGCAR, LOCPOT, PARCHG, AECCAR, ELFCAR.
    quantity : str, optional
        ``charge density``, ``potential`` or ``electron localisation function``; None decides by
        the file's name.
    component : str
        ``total`` (the first grid), ``magnetization`` (the second grid of a spin-polarised file:
        up − down) or ``magnetization_x/y/z`` (of a non-collinear one). Of a spin-polarised LOCPOT
        ``total`` is the spin-up potential and ``magnetization`` the spin-down one, as written.

    Returns
    -------
    Grid
        Density in electrons/Å³ (file values divided by the cell volume), potential in eV.

    Raises
    ------
    OutputError
        If the file is missing, empty, truncated or holds something that is no number; with the
        line and byte.
    InputError
        If the file's name says nothing about its content, or it has no such component.
    """
    path = Path(path)
    kind = quantity or grid_quantity(path)
    _grids_before(component)
    with open_output(path) as stream:
        reader = TextReader(stream)
        head = _read_head(reader)
        _skip_grids(reader, head, component)
        values = np.empty(int(np.prod(head.shape)))
        reader.read_numbers(values, "values of the grid")
        _check_what_follows(reader, head)
    if kind == "charge density":
        values /= head.atoms.cell.volume
    field = values.reshape(head.shape, order="F")
    return Grid(values=field, atoms=head.atoms, quantity=kind, source=str(path))


def planar_average(
    path: Path, axis: int = 2, *, quantity: str | None = None, component: str = "total"
) -> DataArray:
    """Average a grid file over the planes perpendicular to a reciprocal axis, in constant memory.

    Parameters
    ----------
    path : Path
        As for `read_grid`; only one plane of it is in memory at a time.
    axis : {0, 1, 2}
        Cell vector along which the profile runs; 2 is the interface normal of our structures.
    quantity, component : str
        As for `read_grid`.

    Returns
    -------
    DataArray
        dims (z,): the average in the quantity's unit; coordinate z is the height in Å along the
        normal of the plane of the other two cell vectors.

    Raises
    ------
    OutputError, InputError
        As `read_grid`.
    """
    return read_averaged_grid(path, axis, quantity=quantity, component=component).profile


def read_averaged_grid(
    path: Path, axis: int = 2, *, quantity: str | None = None, component: str = "total"
) -> AveragedGrid:
    """Read the structure and the planar average of a grid file, as `planar_average` does."""
    from xarray import DataArray

    path = Path(path)
    kind = quantity or grid_quantity(path)
    if axis not in (0, 1, 2):
        raise InputError(f"axis {axis} does not exist", hint="choose 0, 1 or 2 (a, b or c)")
    with open_output(path) as stream:
        reader = TextReader(stream)
        head = _read_head(reader)
        _skip_grids(reader, head, component)
        sums = np.zeros(head.shape[axis])
        for plane, values in _planes(reader, head.shape):
            if axis == 2:
                sums[plane] = values.sum()
            else:
                sums += values.sum(axis=axis)
        _check_what_follows(reader, head)
    averages = sums * (head.shape[axis] / int(np.prod(head.shape)))
    if kind == "charge density":
        averages /= head.atoms.cell.volume
    height = _height(head.atoms, axis)
    profile = DataArray(
        averages,
        dims=("z",),
        coords={"z": ("z", np.arange(averages.size) / averages.size * height, {"unit": "Å"})},
        name=kind,
        attrs={"unit": UNITS[kind], "source": str(path), "height": height},
    )
    return AveragedGrid(
        profile=profile, axis=axis, shape=head.shape, atoms=head.atoms, quantity=kind,
        source=str(path),
    )  # fmt: skip


def check_grid_file(path: Path) -> tuple[Atoms, tuple[int, int, int], int]:
    """Read a grid file to its end, in constant memory, and raise where it is not whole.

    Returns
    -------
    atoms, shape, n_grids
        Structure, grid and number of scalar fields.

    Raises
    ------
    OutputError
        Where the file is truncated, has trailing rubbish or holds something that is no number.
    """
    with open_output(Path(path)) as stream:
        reader = TextReader(stream)
        head = _read_head(reader)
        n_grids = 0
        while True:
            reader.skip_numbers(int(np.prod(head.shape)), "values of the grid")
            n_grids += 1
            _end_line(reader)
            if not _skip_to_next_grid(reader, head):
                return head.atoms, head.shape, n_grids


def read_grid_head(path: Path) -> tuple[Atoms, tuple[int, int, int]]:
    """Read structure and numbers of grid points, and none of the values.

    Raises
    ------
    OutputError
        If the head is damaged or cut off, with the line.
    """
    with open_output(Path(path)) as stream:
        head = _read_head(TextReader(stream))
    return head.atoms, head.shape


def _skip_grids(reader: TextReader, head: _Head, component: str) -> None:
    """Pass over the scalar fields that stand before `component`."""
    for _ in range(_grids_before(component)):
        reader.skip_numbers(int(np.prod(head.shape)), "values of the grid")
        _end_line(reader)
        if not _skip_to_next_grid(reader, head):
            raise InputError(
                f"{reader.path}: this file has no component '{component}'",
                hint="it was written without spin polarisation",
            )


def _grids_before(component: str) -> int:
    if component not in COMPONENTS:
        raise InputError(
            f"a grid file has no component '{component}'", hint=f"choose {', '.join(COMPONENTS)}"
        )
    return COMPONENTS[component]


def _height(atoms: Atoms, axis: int) -> float:
    cell = np.asarray(atoms.cell)
    normal = np.cross(cell[(axis + 1) % 3], cell[(axis + 2) % 3])
    return float(abs(np.linalg.det(cell)) / np.linalg.norm(normal))


def _planes(
    reader: TextReader, shape: tuple[int, int, int]
) -> Iterator[tuple[int, NDArray[np.float64]]]:
    """Yield (k, values of plane k as (ny, nx)), one plane in memory at a time."""
    plane = np.empty(shape[0] * shape[1])
    for k in range(shape[2]):
        reader.read_numbers(plane, f"values of plane {k + 1} of {shape[2]} of the grid")
        yield k, plane.reshape(shape[1], shape[0])


def _read_head(reader: TextReader) -> _Head:
    atoms = read_structure(reader)
    line = reader.expect_line("the numbers of grid points")
    while not line.strip():
        line = reader.expect_line("the numbers of grid points")
    return _Head(atoms, _shape(reader, line))


def _shape(reader: TextReader, line: str) -> tuple[int, int, int]:
    words = line.split()
    if len(words) == 3 and all(word.isdigit() for word in words):
        nx, ny, nz = (int(word) for word in words)
        if 0 < nx * ny * nz <= _MAX_POINTS:
            return (nx, ny, nz)
    raise reader.error(
        f"'{line.strip()[:60]}' where three numbers of grid points were expected (line above)",
        hint="do the numbers of atoms in the head match the list of positions?",
    )


def _end_line(reader: TextReader) -> None:
    """Pass the end of the line in which the last value of a grid stands."""
    rest = reader.readline()
    if rest is not None and rest.strip():
        raise reader.error(
            f"'{rest.strip()[:60]}' after the last value of the grid (line above)", hint=_SHIFTED
        )


def _check_what_follows(reader: TextReader, head: _Head) -> None:
    """Refuse a grid whose values are shifted: what follows it must be what VASP writes there."""
    _end_line(reader)
    line = reader.skip_blank()
    if line is not None and not line.strip().startswith(_AUGMENTATION):
        _skip_to_next_grid(reader, head)


def _skip_to_next_grid(reader: TextReader, head: _Head) -> bool:
    """Pass over augmentation occupancies and moments; True when another grid of values follows."""
    moments = 0
    while (line := reader.readline()) is not None:
        text = line.strip()
        if not text:
            continue
        if text.startswith(_AUGMENTATION):
            reader.skip_numbers(_augmentation_count(reader, text), _AUGMENTATION)
        elif re.fullmatch(r"\d+\s+\d+\s+\d+", text):
            if _shape(reader, text) != head.shape:
                raise reader.error(
                    f"a second grid of {text} points, but the first has "
                    f"{' × '.join(map(str, head.shape))} (line above)"
                )
            _check_moments(reader, moments, len(head.atoms))
            return True
        else:
            moments += _count_moments(reader, text)
            if moments > len(head.atoms):
                raise reader.error(
                    "more numbers than the grid has points (line above)",
                    hint="are the numbers of grid points in the head right?",
                )
    _check_moments(reader, moments, 0)
    return False


def _check_moments(reader: TextReader, found: int, expected: int) -> None:
    """Between two grids stands one moment per atom, or nothing; after the last grid nothing."""
    if found not in (0, expected):
        raise reader.error(
            f"{found} numbers after the grid, where {expected or 'none'} were expected (above)",
            hint=_SHIFTED,
        )


def _augmentation_count(reader: TextReader, text: str) -> int:
    """Values that follow: the last of two four-column integers, which may touch or overflow."""
    found = re.search(r"(?:\s|^|\d|\*)(?P<count>[ \d]{3}\d)$", text)
    if found is None:
        raise reader.error(f"'{text}' does not say how many occupancies follow (line above)")
    return int(found["count"].split()[-1])


def _count_moments(reader: TextReader, text: str) -> int:
    """Between two grids VASP writes one number per atom; anything else is rubbish."""
    try:
        return len([fortran_float(word) for word in text.split()])
    except ValueError:
        raise reader.error(
            f"'{text[:60]}' after the grid, where augmentation occupancies, another grid or the "
            "end of the file was expected (line above)",
            hint="the file was damaged or two files were mixed up",
        ) from None
