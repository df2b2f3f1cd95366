"""Projected densities of states gathered by region, element, layer or orbital."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from qdstruct.analysis.heights import cell_height, heights
from qdstruct.errors import InputError
from qdstruct.model import ProjectedDos

if TYPE_CHECKING:
    from ase import Atoms
    from xarray import DataArray

__all__ = [
    "GROUPINGS",
    "atom_groups",
    "atomic_planes",
    "broadened",
    "dos_by",
    "plane_heights",
    "spin_summed",
]

GROUPINGS = ("region", "element", "region-element", "layer", "orbital")
"""Names that `dos_by` understands; a mapping from label to atom indices works too."""
PLANE_TOLERANCE = 0.6
"""Å: atoms whose heights follow each other more closely belong to one plane."""


def dos_by(
    projected: ProjectedDos,
    by: str | Mapping[str, Sequence[int]] = "region",
    *,
    broadening: float = 0.0,
    spin: str | None = None,
    axis: int = 2,
) -> DataArray:
    """Sum a projected DOS over spin, orbitals and the atoms of each group.

    Parameters
    ----------
    projected : ProjectedDos
        What `qdstruct.outputs.read_projected_dos` returned.
    by : str or mapping
        One of `GROUPINGS` (``layer``: atomic planes along the normal, from the bottom; ``orbital``:
        s, p, d, f shells), or a mapping label → indices of atoms.
    broadening : float
        Standard deviation in eV of an additional Gaussian broadening.
    spin : str, optional
        Only one channel of a spin-polarised calculation, ``up`` or ``down``.
    axis : int
        Cell vector along the normal, for layers.

    Returns
    -------
    DataArray
        States/eV, dims (group, energy), the first dimension named after `by`. Energy in eV
        relative to the Fermi level. Attributes: ``unit``, ``reference``, ``fermi_level`` (eV on
        the engine's scale), ``source``, ``remainder``: the fraction of the states of the total
        DOS that no atom's projection accounts for (interstitial; for an incomplete mapping also
        the atoms left out), and ``broadening``. Layers carry their ``height`` in Å as a
        coordinate, for a map of the local DOS along the normal.

    Raises
    ------
    InputError
        If the grouping is unknown, needs regions that the structure does not have, or there is
        no such spin channel.
    """
    from xarray import DataArray

    density = spin_summed(projected, spin)
    name = by if isinstance(by, str) else "group"
    if by == "orbital":
        labels, rows = _shells(density)
    else:
        groups = atom_groups(projected.atoms, by, axis)
        per_atom = np.asarray(density.sum("orbital"))
        labels = list(groups)
        rows = np.array([per_atom[list(members)].sum(axis=0) for members in groups.values()])
    energy = np.asarray(projected.projected["energy"]) - projected.fermi_level
    attrs = {
        "unit": "states/eV",
        "reference": "Fermi level",
        "fermi_level": projected.fermi_level,
        "source": projected.source,
        "remainder": _remainder(projected, rows, spin),
        "broadening": broadening,
    }
    result = DataArray(
        rows,
        dims=(name, "energy"),
        coords={
            name: labels,
            "energy": ("energy", energy, {"unit": "eV", "reference": "Fermi level"}),
        },
        attrs=attrs,
        name="dos",
    )
    if by == "layer":
        z, period = heights(projected.atoms, axis), cell_height(projected.atoms, axis)
        centres = plane_heights([z[members] for members in groups.values()], period)
        result = result.assign_coords(height=("layer", centres, {"unit": "Å"}))
    return broadened(result, broadening) if broadening else result


def spin_summed(projected: ProjectedDos, spin: str | None = None) -> DataArray:
    """Return the projected DOS with dims (atom, energy, orbital), float64, both spins together.

    Of a spin–orbit calculation this is the ``total`` component; its x, y, z components are
    magnetisations and add up to nothing. `spin` picks one channel, ``up`` or ``down``.

    Raises
    ------
    InputError
        If the calculation has no such channel.
    """
    array = projected.projected
    spins = [str(name) for name in array["spin"].values]
    if spin is not None:
        if spin not in ("up", "down") or spin not in spins:
            raise InputError(
                f"{projected.source} has no spin channel '{spin}'",
                hint=f"it has {', '.join(spins)}; up and down need ISPIN = 2",
            )
        return array.sel(spin=spin).astype(np.float64)
    if "x" in spins:
        return array.sel(spin="total").astype(np.float64)
    return array.astype(np.float64).sum("spin")


def atom_groups(
    atoms: Atoms, by: str | Mapping[str, Sequence[int]], axis: int = 2
) -> dict[str, NDArray[np.int64]]:
    """Return label → indices of atoms, labels in the order in which they first occur.

    Raises
    ------
    InputError
        If the grouping is unknown, names atoms that do not exist, or the structure has no regions.
    """
    if not isinstance(by, str):
        return _checked(by, len(atoms))
    if by == "element":
        names = atoms.get_chemical_symbols()
    elif by == "region":
        names = _regions(atoms)
    elif by == "region-element":
        pairs = zip(_regions(atoms), atoms.get_chemical_symbols(), strict=True)
        names = [f"{region} {symbol}" for region, symbol in pairs]
    elif by == "layer":
        return atomic_planes(atoms, axis)
    else:
        raise InputError(
            f"a DOS cannot be gathered by '{by}'", hint=f"choose one of {', '.join(GROUPINGS)}"
        )
    array = np.array(names)
    return {name: np.flatnonzero(array == name) for name in dict.fromkeys(names)}


def atomic_planes(
    atoms: Atoms, axis: int = 2, tolerance: float = PLANE_TOLERANCE
) -> dict[str, NDArray[np.int64]]:
    """Return the atomic planes along the normal, from the bottom, labelled with their height.

    A plane ends where the next atom lies more than `tolerance` Å higher; the widest empty gap
    (the vacuum, if there is one) separates the last plane from the first.
    """
    z, period = heights(atoms, axis), cell_height(atoms, axis)
    order = np.argsort(z, kind="stable")
    gaps = np.diff(z[order], append=z[order[0]] + period)
    start = (int(np.argmax(gaps)) + 1) % len(order)
    order, gaps = np.roll(order, -start), np.roll(gaps, -start)
    ends = np.flatnonzero(gaps > tolerance)
    planes = np.split(order, ends[ends < len(order) - 1] + 1)
    centres = plane_heights([z[plane] for plane in planes], period)
    return {
        f"{number} (z = {_two_digits(centre)} Å)": np.sort(plane)
        for number, (centre, plane) in enumerate(zip(centres, planes, strict=True), 1)
    }


def _two_digits(height: float) -> str:
    return f"{round(height, 2) + 0.0:.2f}".replace("-", "−")


def plane_heights(planes: Sequence[NDArray[np.float64]], period: float) -> list[float]:
    """Return the mean height of each plane of a stack, ascending from the lowest plane.

    The lowest may lie slightly below zero, where relaxation moved it through the cell's floor.

    Parameters
    ----------
    planes : sequence of (N,) arrays
        Heights of the atoms of each plane, Å, from the bottom; each may be any periodic image.
    period : float
        Repeat distance along the normal, Å.
    """
    means = []
    for z in planes:
        offsets = (z - z[0] + period / 2) % period - period / 2
        means.append(float(z[0] + offsets.mean()))
    lowest = means[0] % period
    if lowest > period - PLANE_TOLERANCE:
        lowest -= period
    return [lowest + (mean - means[0]) % period for mean in means]


def broadened(dos: DataArray, width: float) -> DataArray:
    """Convolve a DOS with a Gaussian of standard deviation `width` eV; the number of states stays.

    States pushed over the ends of the energy axis are reflected back.
    """
    from scipy.ndimage import gaussian_filter1d

    energy = np.asarray(dos["energy"])
    step = (energy[-1] - energy[0]) / (len(energy) - 1)
    smooth = gaussian_filter1d(np.asarray(dos), width / step, axis=-1, mode="reflect", truncate=6)
    result = dos.copy(data=smooth)
    result.attrs["broadening"] = width
    return result


def _regions(atoms: Atoms) -> list[str]:
    if "region" not in atoms.arrays:
        raise InputError(
            "this structure does not say which atoms are film and which substrate",
            hint="give the regions when reading: read_projected_dos(directory, regions)",
        )
    return [str(region) for region in atoms.arrays["region"]]


def _checked(groups: Mapping[str, Sequence[int]], count: int) -> dict[str, NDArray[np.int64]]:
    result = {}
    for label, members in groups.items():
        indices = np.asarray(members, dtype=np.int64)
        if indices.size and (indices.min() < 0 or indices.max() >= count):
            raise InputError(f"group '{label}' names atoms outside 0…{count - 1}")
        if len(set(indices.tolist())) != indices.size:
            raise InputError(f"group '{label}' names an atom twice")
        result[str(label)] = indices
    return result


def _shells(density: DataArray) -> tuple[list[str], NDArray[np.float64]]:
    names = [str(name) for name in density["orbital"].values]
    shells = list(dict.fromkeys(name[0] for name in names))
    table = np.asarray(density.sum("atom").transpose("orbital", "energy"))
    rows = [
        table[[i for i, n in enumerate(names) if n[0] == shell]].sum(axis=0) for shell in shells
    ]
    return shells, np.array(rows)


def _remainder(
    projected: ProjectedDos, rows: NDArray[np.float64], spin: str | None = None
) -> float:
    """Return the fraction of the total number of states on the axis outside all the groups."""
    total = projected.total if spin is None else projected.total.sel(spin=spin)
    whole = float(np.asarray(total, dtype=np.float64).sum())
    return float(1.0 - rows.sum() / whole) if whole else 0.0
