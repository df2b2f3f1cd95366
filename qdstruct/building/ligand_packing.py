"""Packing rigid molecules on the sites of a surface without clashes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qdstruct.building.charges import IONIC_RADII, contact_distance, is_cation
from qdstruct.building.ligand_anchor import AnchoredMolecule
from qdstruct.building.ligand_sites import BindingSite, Surface, bond_length
from qdstruct.building.zwitterions import stand_between
from qdstruct.errors import BuildError

__all__ = ["CLOSEST", "PlacedLigand", "pack_ligands"]

CLOSEST = 0.85
"""Ligand atoms come at least this close to the touching distance (`contact_distance`): 0.72 times
the sum of van der Waals radii, and as much of the sum with a cation's ionic radius."""

TILTS = (0.0, 8.0, 16.0, 24.0, 32.0)
"""Degrees off the surface normal that are tried, the upright first."""

TURNS = 12
"""Orientations tried for each tilt."""

FARTHEST_CONTACT = 5.2
"""Å: no two atoms touch from farther away (two caesium atoms by van der Waals radii)."""

Orientation = tuple[float, float, float]
"""Turn about the own axis, tilt, and direction of the tilt, degrees."""


@dataclass(frozen=True, kw_only=True, eq=False)
class PlacedLigand:
    """One ligand where it stands."""

    site: BindingSite
    """What it is bound to."""
    positions: NDArray[np.float64]
    """(n, 3) of its atoms, Å."""


def pack_ligands(
    surface: Surface,
    sites: list[BindingSite],
    molecule: AnchoredMolecule,
    wanted: int,
    seed: int,
    capacity: int,
) -> list[PlacedLigand]:
    """Place ligands on randomly chosen sites, randomly turned; `capacity` sites exclude no other.

    If they do not all fit, they are placed again, each trying first the orientation in which like
    ligands on neighbouring sites leave each other the most room.

    Raises
    ------
    BuildError
        If both ways place fewer than wanted.
    """
    most = 0
    for orderly in (False, True):
        random = np.random.default_rng(seed)
        packing = _Packing(surface, molecule)
        if orderly:
            packing.first = packing.roomiest(sites, random)
        for number in random.permutation(len(sites)):
            packing.try_site(sites[number], random)
            if len(packing.placed) == wanted:
                return packing.placed
        most = max(most, len(packing.placed))
    hint = "use a larger in-plane cell or another face"
    if most:
        share = np.floor(100 * most / capacity) / 100 or most / capacity
        hint = f"ask for a coverage of {share:.2g} or less"
    elif not surface.periodic:
        hint = "use a larger particle or another ligand"
    raise BuildError(
        f"only {most} of {wanted} ligands fit on {capacity} sites without clashes", hint=hint
    )


class _Packing:
    """The ligands placed so far, and what a new one must keep clear of."""

    def __init__(self, surface: Surface, molecule: AnchoredMolecule) -> None:
        self.surface, self.molecule = surface, molecule
        self.placed: list[PlacedLigand] = []
        self.first: Orientation | None = None
        self._anchors = np.zeros((0, 3))
        self._taken: set[int] = set()
        self._among = _touching(molecule, molecule.atoms.get_chemical_symbols())
        self._kinds, self._kind_of = np.unique(surface.symbols, return_inverse=True)
        self._crystal_table = _touching(molecule, self._kinds.tolist())
        self._bonded_table = _bonded(molecule, self._kinds.tolist())

    def try_site(self, site: BindingSite, random: np.random.Generator) -> None:
        """Place a ligand on a site if its ions are still there and some orientation fits."""
        if not self._taken.isdisjoint(site.replaced):
            return
        origin = _anchor_point(self.surface, site, self.molecule)
        others, contacts = self._others(origin)
        forms = self._stand(site, origin, self._orientations(random))
        points, distances = self._crystal(site, origin, forms)
        best, chosen = CLOSEST, None
        for positions in forms:
            room = _room(positions, points, distances)
            if room >= best:
                room = min(room, _room(positions, others, contacts), self._own_room(positions))
            if room >= best:
                best, chosen = room, positions
            if best >= 1:
                break
        if chosen is not None:
            self.placed.append(PlacedLigand(site=site, positions=chosen))
            self._taken.update(site.replaced)
            anchor = chosen[self.molecule.anchors].mean(axis=0)
            self._anchors = np.vstack([self._anchors, anchor])

    def roomiest(self, sites: list[BindingSite], random: np.random.Generator) -> Orientation:
        """Return the orientation in which a ligand is farthest from copies on the sites around."""
        site, steps = self._most_surrounded(sites)
        origin = _anchor_point(self.surface, site, self.molecule)
        orientations = self._orientations(random)
        forms = self._stand(site, origin, orientations)
        crystal = self._crystal(site, origin)
        among = np.tile(self._among, (1, len(steps)))
        rooms = [
            min(_room(positions, (positions + steps[:, None]).reshape(-1, 3), among),
                _room(positions, *crystal))
            for positions in forms
        ]  # fmt: skip
        return orientations[int(np.argmax(rooms))]

    def _most_surrounded(self, sites: list[BindingSite]) -> tuple[BindingSite, NDArray[np.float64]]:
        """Return a site and the steps to like sites near it; of a large surface a part is seen."""
        seen = sites[:500]
        places = np.array([site.position for site in seen])
        directions = np.array([site.direction for site in seen])
        best, steps = sites[0], np.zeros((0, 3))
        for site in seen[:50]:
            like = places[directions @ site.direction > 0.98]
            found = (like[:, None] + self.surface.shifts[None]).reshape(-1, 3) - site.position
            lengths = np.linalg.norm(found, axis=1)
            found = found[(lengths > 1e-3) & (lengths < 12.0)]
            if len(found) > len(steps):
                best, steps = site, found
        return best, steps

    def _orientations(self, random: np.random.Generator) -> list[Orientation]:
        angles = [
            (float(spin), tilt, float(turn))
            for tilt in TILTS
            for spin, turn in random.uniform(0, 360, (TURNS, 2))
        ]
        return angles if self.first is None else [self.first, *angles]

    def _stand(
        self, site: BindingSite, origin: NDArray[np.float64], orientations: list[Orientation]
    ) -> NDArray[np.float64]:
        """Return the positions of the molecule in every orientation, (k, n, 3)."""
        table = np.array(orientations)
        if self.molecule.kind == "zwitterion":
            rolls = (table[:, 0] - 180.0) * (table[:, 1] + 8.0) / 40.0
            return stand_between(self.molecule.atoms.positions, origin, site, rolls)
        turned = _turn(self.molecule.atoms.positions, site.direction, table)
        if self.molecule.kind == "carboxylate":
            return turned + _carboxylate_origins(
                turned[:, self.molecule.anchors], site, self.surface
            )
        return np.asarray(turned + origin)

    def _crystal(
        self,
        site: BindingSite,
        origin: NDArray[np.float64],
        forms: NDArray[np.float64] | None = None,
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Points of the crystal near a ligand and the distances to keep from them.

        With the positions it is tried in, only points that could touch it there.
        """
        surface = self.surface
        reach = self.molecule.length + FARTHEST_CONTACT
        near = np.array(surface.tree.query_ball_point(origin, reach), dtype=np.int64)
        near = near[~np.isin(surface.owners[near], site.replaced)]
        if forms is not None:
            low = forms.min(axis=(0, 1)) - FARTHEST_CONTACT
            high = forms.max(axis=(0, 1)) + FARTHEST_CONTACT
            points = surface.points[near]
            near = near[((points > low) & (points < high)).all(axis=1)]
        owners = surface.owners[near]
        kinds = self._kind_of[owners]
        cations = (surface.charges[owners] > 0) & surface.framework[owners]
        meets_cation = self.molecule.head[:, None] & cations
        distances = np.where(
            meets_cation, self._bonded_table[:, kinds], self._crystal_table[:, kinds]
        )
        return surface.points[near], distances

    def _others(
        self, origin: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Atoms of placed ligands, with images, near a point, and the distances to keep."""
        near = 2 * self.molecule.length + FARTHEST_CONTACT
        apart = self._anchors[:, None] + self.surface.shifts[None] - origin
        which, shift = np.nonzero(np.linalg.norm(apart, axis=2) < near)
        if not len(which):
            return np.zeros((0, 3)), np.zeros((len(self._among), 0))
        placed = np.array([self.placed[k].positions for k in which])
        points = (placed + self.surface.shifts[shift][:, None]).reshape(-1, 3)
        columns = np.tile(np.arange(len(self._among)), len(which))
        reach = self.molecule.length + FARTHEST_CONTACT
        close = np.linalg.norm(points - origin, axis=1) < reach
        return points[close], self._among[:, columns[close]]

    def _own_room(self, positions: NDArray[np.float64]) -> float:
        """Return the room that a ligand leaves its own periodic images."""
        steps = self.surface.shifts[1:]
        lengths = np.linalg.norm(steps, axis=1)
        steps = steps[lengths < 2 * self.molecule.length + FARTHEST_CONTACT]
        images = (positions + steps[:, None]).reshape(-1, 3)
        return _room(positions, images, np.tile(self._among, (1, len(steps))))


def _room(
    positions: NDArray[np.float64], points: NDArray[np.float64], distances: NDArray[np.float64]
) -> float:
    """Return the smallest distance as a fraction of the distance to keep."""
    from scipy.spatial.distance import cdist

    return float((cdist(positions, points) / distances).min(initial=9.0))


def _touching(molecule: AnchoredMolecule, others: list[str]) -> NDArray[np.float64]:
    """Return the touching distance of every ligand atom (rows) with other elements, Å.

    Cations of the crystal have their ionic radius, everything else is taken by `contact_distance`.
    """
    symbols = molecule.atoms.get_chemical_symbols()
    known = {(a, b): _contact(a, b) for a in set(symbols) for b in set(others)}
    return np.array([[known[a, b] for b in others] for a in symbols])


def _contact(ligand: str, other: str) -> float:
    from ase.data import atomic_numbers
    from ase.data.vdw_alvarez import vdw_radii

    if is_cation(other) and other != "H" and other in IONIC_RADII:
        return float(vdw_radii[atomic_numbers[ligand]]) + IONIC_RADII[other]
    return contact_distance(ligand, other, molecular=True)


def _bonded(molecule: AnchoredMolecule, others: list[str]) -> NDArray[np.float64]:
    """Return the least distance of the binding group from cations: 1.05 covalent bonds, Å."""
    from ase.data import atomic_numbers, covalent_radii

    theirs = covalent_radii[[atomic_numbers[symbol] for symbol in others]]
    return np.asarray(1.05 * (covalent_radii[molecule.atoms.numbers][:, None] + theirs))


def _anchor_point(
    surface: Surface, site: BindingSite, molecule: AnchoredMolecule
) -> NDArray[np.float64]:
    """Return where the anchor goes: for ammonium the point over its site that suits the anions."""
    length = bond_length(surface, site, molecule.kind)
    if molecule.kind != "ammonium":
        return site.position + length * site.direction
    near = surface.around(site.ion)
    anions = surface.points[near[surface.charges[surface.owners[near]] < 0]]
    heights = np.arange(-2.0, 1.01, 0.02)
    points = site.position + heights[:, None] * site.direction
    nearest = np.linalg.norm(points[:, None] - anions[None], axis=2).min(axis=1)
    return np.asarray(points[np.argmin(np.abs(nearest - length) + 1e-3 * np.abs(heights))])


def _carboxylate_origins(
    oxygens: NDArray[np.float64], site: BindingSite, surface: Surface
) -> NDArray[np.float64]:
    """Return, for every orientation, (k, 1, 3), where the middle of both oxygens belongs.

    There the nearer of them has its bond length.
    """
    length = bond_length(surface, site, "carboxylate")
    along = oxygens @ site.direction
    aside = np.linalg.norm(oxygens - along[..., None] * site.direction, axis=-1)
    rises = np.sqrt(np.maximum(length**2 - aside**2, 0.0)) - along
    return np.asarray(site.position + rises.max(axis=1)[:, None, None] * site.direction)


def _turn(
    positions: NDArray[np.float64],
    direction: NDArray[np.float64],
    orientations: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Turn an upright molecule about its axis, tilt it, and stand it along a direction, k times."""
    from scipy.spatial.transform import Rotation

    turns = Rotation.from_euler("zyz", orientations, degrees=True).as_matrix()
    side = np.eye(3)[np.argmin(np.abs(direction))]
    x = np.cross(side, direction)
    x /= np.linalg.norm(x)
    axes = np.array([x, np.cross(direction, x), direction])
    return np.asarray(positions @ (turns.transpose(0, 2, 1) @ axes))
