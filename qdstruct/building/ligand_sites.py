"""Where on a surface an anchor can bind: A sites for ammonium, polyvalent cations for the rest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from qdstruct.building.charges import IONIC_RADII, contact_distance, formal_charges
from qdstruct.errors import BuildError

if TYPE_CHECKING:
    from ase import Atoms

__all__ = ["BindingSite", "Surface", "binding_sites", "bond_length", "cation_bonds"]

REACH = 9.0
"""Å: how far around a site the crystal is looked at."""

EXPOSED = 1.2
"""Å: a site is at the surface when the centre of what surrounds it within `REACH` is at least this
far away; on a flat face it is 3/8 of `REACH`, 3.4 Å, inside it is zero."""

AMMONIUM_RADIUS = 1.46
"""Å: effective radius of NH4+, Kieslich, Sun and Cheetham, Chem. Sci. 5, 4712 (2014)."""

DEEPEST = 1.5
"""Å: how far below the outermost ions around it an A site, or an anion taken out, may lie."""


@dataclass(frozen=True, kw_only=True, eq=False)
class BindingSite:
    """One place for one anchor."""

    position: NDArray[np.float64]
    """(3,) of the A site or of the cation that is bound, Å."""
    direction: NDArray[np.float64]
    """(3,) unit vector away from the crystal along which the ligand stands."""
    ion: int
    """Index of the A-site ion or of the cation."""
    replaced: tuple[int, ...]
    """Ions whose place the ligand takes."""
    partner: NDArray[np.float64] | None = None
    """(3,) where the nitrogen of a zwitterion belongs, Å."""


class Surface:
    """A crystal's ions, with their periodic images around the cell."""

    def __init__(self, atoms: Atoms) -> None:
        from scipy.spatial import cKDTree

        self.atoms = atoms
        self.periodic = bool(np.any(atoms.pbc))
        charges = atoms.arrays.get("formal_charge")
        self.charges = formal_charges(atoms) if charges is None else np.asarray(charges, float)
        molecule = atoms.arrays.get("molecule", np.full(len(atoms), -1))
        self.framework = np.asarray(molecule) < 0
        region = atoms.arrays.get("region", np.full(len(atoms), ""))
        self.crystal = np.asarray(region) != "ligand"
        """(N,) False for ligands placed before: they are kept clear of, but make no surface."""
        self.symbols = np.array(atoms.get_chemical_symbols())
        self.shifts = self._shifts()
        count = len(atoms)
        self.owners = np.tile(np.arange(count), len(self.shifts))
        self.points = (self.shifts[:, None] + atoms.positions[None]).reshape(-1, 3)
        self.tree = cKDTree(self.points)

    def _shifts(self) -> NDArray[np.float64]:
        """In-plane translations whose images may matter, the identity first."""
        if not self.periodic:
            return np.zeros((1, 3))
        cell = np.asarray(self.atoms.cell)
        area = np.linalg.norm(np.cross(cell[0], cell[1]))
        heights = area / np.linalg.norm(cell[[1, 0]], axis=1)
        n, m = (int(np.ceil(2 * REACH / height)) for height in heights)
        i, j = np.meshgrid(np.arange(-n, n + 1), np.arange(-m, m + 1), indexing="ij")
        steps = np.column_stack([i.ravel(), j.ravel()])
        order = np.argsort(np.abs(steps).sum(axis=1), kind="stable")
        return np.asarray(steps[order] @ cell[:2])

    def around(self, index: int) -> NDArray[np.int64]:
        """Return indices into `points` of the crystal within `REACH` of an atom, without itself."""
        found = np.array(self.tree.query_ball_point(self.atoms.positions[index], REACH))
        return np.asarray(found[(found != index) & self.crystal[self.owners[found]]])

    def normal(self, index: int, near: NDArray[np.int64]) -> NDArray[np.float64] | None:
        """Return the outward normal, None inside the crystal or on another face of a slab."""
        offset = self.atoms.positions[index] - self.points[near].mean(axis=0)
        length = float(np.linalg.norm(offset))
        if length < EXPOSED:
            return None
        if self.periodic:
            return np.array([0.0, 0.0, 1.0]) if offset[2] > 0.5 * length else None
        return np.asarray(offset / length)

    def outermost(self, index: int, near: NDArray[np.int64], normal: NDArray[np.float64]) -> bool:
        """Say whether nothing around an atom rises more than `DEEPEST` above it."""
        apart = self.points[near] - self.atoms.positions[index]
        above = apart @ normal
        aside = np.linalg.norm(apart - above[:, None] * normal, axis=1)
        return bool(above[aside < 4.5].max(initial=0.0) <= DEEPEST)


def binding_sites(surface: Surface, kind: str) -> list[BindingSite]:
    """Return the surface sites that an anchor can take.

    Parameters
    ----------
    surface : Surface
        Of a slab (its top face counts) or of a particle (every face counts).
    kind : {"ammonium", "carboxylate", "thiolate"}
        The anchor.

    Notes
    -----
    Ammonium takes the place of a monovalent cation that lies in the outermost layer. Carboxylate
    and thiolate bind a cation of charge two or more: where a halide hangs on that cation alone they
    take its place; where the cation lacks neighbours, the free position opposite to those it has.
    """
    if not surface.charges.any():
        raise BuildError(
            "the crystal has no formal charges, so it is not known which ions a ligand replaces"
        )
    if kind == "ammonium":
        return _a_sites(surface)
    return _cation_sites(surface)


def bond_length(surface: Surface, site: BindingSite, kind: str) -> float:
    """Return the distance in Å from the anchor to the ion it binds.

    Notes
    -----
    Sums of Shannon's ionic radii: O²⁻ or S²⁻ and the cation (Pb–O 2.59, Pb–S 3.03 Å); for ammonium
    the effective radius of NH4+ and the radius of the crystal's anion (N···Br 3.42 Å).
    """
    if kind == "ammonium":
        anions = surface.symbols[surface.framework & (surface.charges < 0)]
        names, counts = np.unique(anions, return_counts=True)
        return AMMONIUM_RADIUS + IONIC_RADII[str(names[np.argmax(counts)])]
    element = "S" if kind == "thiolate" else "O"
    return contact_distance(element, str(surface.symbols[site.ion]))


def _a_sites(surface: Surface) -> list[BindingSite]:
    found = []
    for index in np.flatnonzero(surface.framework & (np.abs(surface.charges - 1) < 1e-6)):
        near = surface.around(int(index))
        normal = surface.normal(int(index), near)
        if normal is not None and surface.outermost(int(index), near, normal):
            found.append(_site(surface.atoms.positions[index], normal, int(index), (int(index),)))
    return found


def _cation_sites(surface: Surface) -> list[BindingSite]:
    bonds = cation_bonds(surface)
    usual: dict[str, int] = {}
    for index, partners in bonds.items():
        symbol = str(surface.symbols[index])
        usual[symbol] = max(usual.get(symbol, 0), len(partners))
    holders = np.zeros(len(surface.atoms), dtype=int)
    for partners in bonds.values():
        np.add.at(holders, surface.owners[partners], 1)
    found = []
    for index, partners in bonds.items():
        normal = surface.normal(index, surface.around(index))
        if normal is None:
            continue
        position = surface.atoms.positions[index]
        directions = surface.points[partners] - position
        directions /= np.linalg.norm(directions, axis=1)[:, None]
        ions = surface.owners[partners]
        hanging = (holders[ions] == 1) & (np.abs(surface.charges[ions] + 1) < 1e-6)
        hanging &= directions @ normal > 0.5
        for ion, direction in zip(ions[hanging], directions[hanging], strict=True):
            found.append(_site(position, direction, index, (int(ion),)))
        missing = -directions.sum(axis=0)
        size = float(np.linalg.norm(missing))
        bare = not hanging.any() and len(partners) < usual[str(surface.symbols[index])]
        if bare and size > 0.3 and missing @ normal > 0.5 * size:
            found.append(_site(position, missing / size, index, ()))
    return found


def cation_bonds(surface: Surface) -> dict[int, NDArray[np.int64]]:
    """Return the points of the anions around every cation of charge two or more."""
    cations = np.flatnonzero(surface.framework & (surface.charges >= 1.5))
    return {int(i): _bonded(surface, int(i)) for i in cations}


def _site(
    position: NDArray[np.float64],
    direction: NDArray[np.float64],
    ion: int,
    replaced: tuple[int, ...],
) -> BindingSite:
    return BindingSite(position=position, direction=direction, ion=ion, replaced=replaced)


def _bonded(surface: Surface, index: int) -> NDArray[np.int64]:
    """Points that hold an anion bonded to a cation."""
    near = np.array(surface.tree.query_ball_point(surface.atoms.positions[index], 4.5))
    ions = surface.owners[near]
    near = near[(surface.charges[ions] < 0) & surface.framework[ions]]
    element = str(surface.symbols[index])
    limits = np.array(
        [1.2 * contact_distance(element, str(s)) for s in surface.symbols[surface.owners[near]]]
    )
    apart = np.linalg.norm(surface.points[near] - surface.atoms.positions[index], axis=1)
    return np.asarray(near[apart < limits] if len(near) else near.astype(np.int64))
