"""What a relaxation did to a slab or interface: strain per layer, bonds, octahedra."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from qdstruct import outputs
from qdstruct.analysis import (
    InterfaceBond,
    LayerStrain,
    Octahedron,
    interface_bonds,
    layer_strain,
    octahedra,
)
from qdstruct.errors import InputError
from qdstruct.pipeline.places import one_calculation

__all__ = ["Relaxation", "relaxation_of"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Relaxation:
    """Initial structure against relaxed structure."""

    layers: tuple[LayerStrain, ...]
    """Every atomic plane, region by region."""
    bonds: tuple[InterfaceBond, ...]
    """Bonds across the interface after relaxation, shortest first; empty without regions."""
    octahedra: tuple[Octahedron, ...]
    """Octahedra after relaxation, from the bottom; empty where none were asked for."""
    tilts_before: tuple[float, ...]
    """Tilt in degrees of the same octahedra before; empty where they were not whole."""
    is_mock: bool = False
    """Whether the mock made the relaxed positions."""


def relaxation_of(
    directory: Path,
    *,
    regions: Sequence[str] = (),
    corners: tuple[str, str] | None = None,
    cutoff: float = 3.8,
) -> Relaxation:
    """Compare the structure a calculation started from with the one it ended with.

    Parameters
    ----------
    directory : Path
        With vasprun.xml, or POSCAR and CONTCAR.
    regions : sequence of str
        Region of each atom; empty takes them from ``job.json`` where there is one.
    corners : (str, str), optional
        Elements at centre and corners of the octahedra, for example Pb and Br.
    cutoff : float
        Longest bond of an octahedron, Å.

    Raises
    ------
    OutputError
        If a file is damaged.
    InputError
        If there is no such calculation, the regions do not fit or there are no such octahedra.
    """
    directory = one_calculation(
        Path(directory),
        (("vasprun.xml",), ("POSCAR", "CONTCAR")),
        first="relax",
        remedy="both the initial and the relaxed structure are needed: has the relaxation run?",
    )
    initial, final = outputs.read_initial_and_final(directory)
    if regions and len(regions) != len(initial):
        raise InputError(f"{len(regions)} regions given for {len(initial)} atoms")
    if regions:
        for atoms in (initial, final):
            atoms.set_array("region", np.array(list(regions)))
    cages: tuple[Octahedron, ...] = ()
    before: tuple[float, ...] = ()
    if corners is not None:
        cages = octahedra(final, *corners, cutoff=cutoff)
        start = {each.centre: each.tilt for each in octahedra(initial, *corners, cutoff=cutoff)}
        if all(each.centre in start for each in cages):
            before = tuple(start[each.centre] for each in cages)
    return Relaxation(
        layers=layer_strain(initial, final),
        bonds=interface_bonds(final) if "region" in final.arrays else (),
        octahedra=cages,
        tilts_before=before,
        is_mock=outputs.directory_is_mock(directory),
    )
