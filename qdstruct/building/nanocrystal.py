"""Nanocrystals of one phase."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import ArrayLike

from qdstruct.building.carving import Body, carve
from qdstruct.building.neutral import neutral_particle
from qdstruct.building.shapes import (
    cuboid,
    cuboid_facets,
    refuse_less_than_a_cell,
    sphere,
)
from qdstruct.building.stack import plane_stack
from qdstruct.building.wulff import wulff
from qdstruct.errors import BuildError
from qdstruct.geometry import reduce_miller
from qdstruct.model import Miller, Nanocrystal, Phase

if TYPE_CHECKING:
    from ase import Atoms

__all__ = ["build_nanocrystal", "in_open_box"]


WORDS = {"sphere": "a sphere", "wulff": "a Wulff form"}

TAKES = {"cuboid": ("facets", "a termination"), "sphere": (), "wulff": ("energies",)}
"""What each shape is described by, besides its size."""


def build_nanocrystal(
    phase: Phase,
    *,
    shape: Literal["cuboid", "sphere", "wulff"] = "cuboid",
    size: float | Sequence[float] | None = None,
    cells: int | Sequence[int] | None = None,
    facets: Sequence[ArrayLike] | None = None,
    energies: Mapping[Miller, float] | None = None,
    termination: str | None = None,
    neutral: bool = True,
    vacuum: float = 10.0,
) -> Nanocrystal:
    """Carve a nanocrystal out of a crystal.

    Parameters
    ----------
    phase : Phase
        The crystal.
    shape : {"cuboid", "sphere", "wulff"}
        A truncated cube is a Wulff form of two facet families.
    size : float or three floats
        Edges of the cuboid along its facet normals (to the nearest whole number of planes),
        diameter of the sphere, or distance between the lowest-energy faces of the Wulff form, Å.
    cells : int or three ints
        Instead of the size of a cuboid: repeats of the crystal along each facet normal. (100) of a
        primitive cubic crystal has one unit cell per repeat.
    facets : three Miller indices, optional
        Faces of the cuboid; `cuboid_facets` chooses when left out.
    energies : mapping, optional
        Surface energy of each facet family of the Wulff form.
    termination : str, optional
        Plane on the faces of the cuboid, ``CsBr`` or ``PbBr2``.
    neutral : bool
        Take out the least bound surface ions until the formal charge is zero
        (`neutral_particle` states the rule).
    vacuum : float
        Empty space on every side of the box, Å.

    Raises
    ------
    BuildError
        For shapes, sizes or terminations that do not exist, sizes below one cell, or options of
        another shape.
    """
    if cells is not None:
        size = _size_of_cells(phase, shape, size, cells, facets)
    body, extent = _body(phase, shape, size, facets, energies, termination)
    atoms = carve(phase, body)
    if len(atoms) == 0:
        raise BuildError(f"a {shape} of {size} Å holds no atom of {phase.name}")
    atoms.set_array("region", np.array(["core"] * len(atoms), dtype="<U9"))
    charge = float(atoms.arrays["formal_charge"].sum())
    removed = ""
    if neutral:
        atoms, removed, charge = neutral_particle(atoms)
    if len(atoms) == 0:
        raise BuildError(
            f"nothing is left of a {shape} of {size} Å once the ions that hang loose are taken out",
            hint="choose a larger size, or keep the charge",
        )
    return Nanocrystal(
        atoms=in_open_box(atoms, vacuum),
        kind="nanocrystal",
        shape=shape,
        phase_names=(phase.name,),
        size=extent,
        removed=removed,
        charge=round(charge, 6) + 0.0,
    )


def _size_of_cells(
    phase: Phase,
    shape: str,
    size: float | Sequence[float] | None,
    cells: int | Sequence[int],
    facets: Sequence[ArrayLike] | None,
) -> list[float]:
    """Return the edges in Å of a cuboid of so many repeats of each facet's plane spacing."""
    if size is not None or shape != "cuboid":
        raise BuildError("a number of cells is the size of a cuboid, given instead of its edges")
    counts = np.broadcast_to(np.asarray(cells), 3)
    if (counts < 1).any() or (counts != np.round(counts)).any():
        raise BuildError(f"a particle has whole numbers of cells, not {cells}")
    faces = cuboid_facets(phase) if facets is None else facets
    spacings = [plane_stack(phase, reduce_miller(face)).spacing for face in faces]
    return [float(n) * spacing for n, spacing in zip(counts, spacings, strict=True)]


def _body(
    phase: Phase,
    shape: str,
    size: float | Sequence[float] | None,
    facets: Sequence[ArrayLike] | None,
    energies: Mapping[Miller, float] | None,
    termination: str | None,
) -> tuple[Body, tuple[float, float, float]]:
    given = {"facets": facets, "energies": energies, "a termination": termination}
    for name, value in given.items():
        if value is not None and name not in TAKES.get(shape, given):
            raise BuildError(
                f"a {shape} has no use for {name}",
                hint="facets and terminations belong to cuboids, energies to Wulff forms",
            )
    if size is None:
        raise BuildError("a particle needs a size", hint="edges in Å, or cells=5 for a cuboid")
    edges = tuple(float(s) for s in np.broadcast_to(np.asarray(size, dtype=float), 3))
    if not np.isfinite(edges).all() or min(edges) <= 0:
        raise BuildError(f"sizes are positive lengths in Å, not {size}")
    if shape == "cuboid":
        faces = cuboid_facets(phase) if facets is None else facets
        return cuboid(phase, faces, edges, termination)
    if shape in WORDS:
        refuse_less_than_a_cell(phase, edges[0], WORDS[shape])
    if shape == "sphere":
        return sphere(phase.atoms.positions[0], edges[0]), (edges[0], edges[0], edges[0])
    if shape == "wulff":
        if energies is None:
            raise BuildError("a Wulff form needs surface energies", hint="give energies={hkl: γ}")
        body = wulff(phase, energies, edges[0])
        return body, (edges[0], edges[0], edges[0])
    raise BuildError(f"the shape '{shape}' is unknown", hint="cuboid, sphere or wulff")


def in_open_box(atoms: Atoms, vacuum: float) -> Atoms:
    """Centre a particle in a box with empty space on every side.

    Raises
    ------
    BuildError
        For a negative vacuum.
    """
    if not (np.isfinite(vacuum) and vacuum >= 0):
        raise BuildError(f"a vacuum of {vacuum:g} Å does not exist", hint="0 Å or more")
    boxed = atoms.copy()
    low, high = boxed.positions.min(axis=0), boxed.positions.max(axis=0)
    boxed.positions += vacuum - low
    boxed.cell = np.diag(np.maximum(high - low + 2 * vacuum, 1.0))
    boxed.pbc = False
    return boxed
