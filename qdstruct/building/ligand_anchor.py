"""The end of a molecule that binds to a surface: ammonium, carboxylate, thiolate, zwitterion."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from qdstruct.errors import BuildError
from qdstruct.geometry.neighbours import bonds

if TYPE_CHECKING:
    from ase import Atoms

__all__ = ["ANCHORS", "AnchoredMolecule", "anchored_molecule"]

ANCHORS = ("zwitterion", "ammonium", "carboxylate", "thiolate")
"""Anchors that are recognised, in the order in which they are looked for."""


@dataclass(frozen=True, kw_only=True, eq=False)
class AnchoredMolecule:
    """A molecule turned so that it stands on its anchor, along +z, or lies on its two."""

    atoms: Atoms
    """Not periodic; the middle of the anchor atoms lies at the origin, the centre of the rest above
    it on the z axis. ``formal_charge`` of every atom."""
    kind: str
    """One of `ANCHORS`."""
    anchors: NDArray[np.int64]
    """Indices of the binding atoms: N, both O, or S; of a zwitterion the O and then the N."""
    head: NDArray[np.bool_]
    """(N,) True for the binding atoms and what is bonded to them."""
    charge: float
    """+1 for ammonium, 0 for a zwitterion, −1 for the others, e."""
    hydrogens_removed: int
    """1 when an acid or thiol was deprotonated."""

    @property
    def length(self) -> float:
        """Distance from the anchor to the farthest atom, Å."""
        return float(np.linalg.norm(self.atoms.positions, axis=1).max())


def anchored_molecule(molecule: Atoms, anchor: str = "auto") -> AnchoredMolecule:
    """Find the anchor of a molecule, deprotonate it where needed, and stand the molecule on it.

    Parameters
    ----------
    molecule : Atoms
        One whole molecule with its hydrogens.
    anchor : {"auto", "zwitterion", "ammonium", "carboxylate", "thiolate"}
        Which group binds, for molecules that hold several.

    Raises
    ------
    BuildError
        If there is no such group, or the atoms are not one molecule.

    Notes
    -----
    A zwitterion holds a nitrogen with four bonds and a phosphate with two oxygens bonded to the
    phosphorus alone, of which the one farther from the nitrogen binds: a lecithin's head group.
    Ammonium is a nitrogen with four bonds; carboxylate a carbon with two oxygens of which none
    links on to another heavy atom (the proton of an acid is taken off); thiolate a sulphur with one
    heavy neighbour (the proton of a thiol is taken off). Of several equal groups the first binds.
    """
    if anchor not in ("auto", *ANCHORS):
        raise BuildError(f"the anchor '{anchor}' is unknown", hint=f"one of {', '.join(ANCHORS)}")
    free = molecule.copy()
    free.pbc = False
    _check_whole(free)
    for kind in ANCHORS if anchor == "auto" else (anchor,):
        found = _find(free, kind)
        if found is not None:
            return _lying(free, found[0]) if kind == "zwitterion" else _upright(free, kind, *found)
    wanted = "ammonium, carboxylate or thiol group" if anchor == "auto" else f"{anchor} group"
    held = [kind for kind in ANCHORS if _find(free, kind) is not None]
    hint = "an amine must be protonated (-NH3+); acids and thiols are deprotonated by themselves"
    if held:
        hint = f"it has {' and '.join(held)}: choose that, or auto"
        hint += "; an amine must be protonated (-NH3+)" if anchor == "ammonium" else ""
    raise BuildError(f"{_name(molecule)} has no {wanted} to bind with", hint=hint)


def _name(molecule: Atoms) -> str:
    return str(molecule.info.get("name", molecule.get_chemical_formula()))


def _neighbours(atoms: Atoms) -> list[list[int]]:
    pairs = bonds(atoms)
    return [pairs.second[pairs.first == i].tolist() for i in range(len(atoms))]


def _check_whole(atoms: Atoms) -> None:
    links = _neighbours(atoms)
    reached, queue = {0}, [0]
    while queue:
        new = [other for other in links[queue.pop()] if other not in reached]
        reached.update(new)
        queue.extend(new)
    if len(reached) < len(atoms) or len(atoms) < 2:
        raise BuildError(
            f"{_name(atoms)}: {len(atoms)} atoms, of which {len(reached)} hang together: a ligand "
            "is one whole molecule",
            hint="give a file with one molecule, hydrogens included, not cut by a periodic cell",
        )


def _find(atoms: Atoms, kind: str) -> tuple[list[int], list[int]] | None:
    """Return binding atoms and protons to take off, or None."""
    symbols, links = atoms.get_chemical_symbols(), _neighbours(atoms)

    def protons(i: int) -> list[int]:
        return [j for j in links[i] if symbols[j] == "H"]

    nitrogen = [i for i, s in enumerate(symbols) if s == "N" and len(links[i]) == 4]
    if kind == "zwitterion":
        for i, symbol in enumerate(symbols):
            bare = [j for j in links[i] if symbols[j] == "O" and len(links[j]) == 1]
            if symbol == "P" and len(bare) == 2 and nitrogen:
                farther = max(bare, key=lambda j: float(atoms.get_distance(j, nitrogen[0])))
                return [farther, nitrogen[0]], []
        return None
    if kind == "ammonium":
        with_protons = [i for i in nitrogen if protons(i)]
        return ([with_protons[0]], []) if with_protons else None
    if kind == "thiolate":
        for i, symbol in enumerate(symbols):
            heavy = [j for j in links[i] if symbols[j] != "H"]
            if symbol == "S" and len(heavy) == 1 and symbols[heavy[0]] == "C":
                return [i], protons(i)
        return None
    for i, symbol in enumerate(symbols):
        oxygens = [j for j in links[i] if symbols[j] == "O"]
        terminal = [j for j in oxygens if len(links[j]) - len(protons(j)) == 1]
        acid = [h for j in terminal for h in protons(j)]
        if symbol == "C" and len(terminal) == 2 and len(links[i]) == 3 and len(acid) <= 1:
            return terminal, acid
    return None


def _upright(atoms: Atoms, kind: str, anchors: list[int], protons: list[int]) -> AnchoredMolecule:
    kept = np.array([i for i in range(len(atoms)) if i not in protons])
    standing = atoms[kept]
    binding = np.flatnonzero(np.isin(kept, anchors))
    links = _neighbours(standing)
    head = np.zeros(len(standing), dtype=bool)
    head[binding] = True
    head[[j for i in binding for j in links[i]]] = True
    standing.positions -= standing.positions[binding].mean(axis=0)
    heavy = (standing.numbers > 1) & ~np.isin(np.arange(len(standing)), binding)
    axis = standing.positions[heavy].mean(axis=0)
    standing.rotate(axis, "z")
    charge = 1.0 if kind == "ammonium" else -1.0
    charges = np.zeros(len(standing))
    bearer = binding[0] if kind != "carboxylate" else _carbon(standing, binding)
    charges[bearer] = charge
    standing.set_array("formal_charge", charges)
    return AnchoredMolecule(
        atoms=standing,
        kind=kind,
        anchors=binding,
        head=head,
        charge=charge,
        hydrogens_removed=len(protons),
    )


def _lying(atoms: Atoms, anchors: list[int]) -> AnchoredMolecule:
    """Lay a zwitterion with its oxygen at the origin, its nitrogen along +x, the rest up."""
    standing = atoms.copy()
    oxygen, nitrogen = anchors
    standing.positions -= standing.positions[oxygen]
    standing.rotate(standing.positions[nitrogen], "x")
    heavy = standing.positions[standing.numbers > 1].mean(axis=0)
    standing.rotate(np.degrees(np.arctan2(heavy[1], heavy[2])), "x")
    links = _neighbours(standing)
    head = np.zeros(len(standing), dtype=bool)
    head[[*anchors, *(j for i in anchors for j in links[i])]] = True
    charges = np.zeros(len(standing))
    charges[nitrogen] = 1.0
    charges[links[oxygen][0]] = -1.0
    standing.set_array("formal_charge", charges)
    return AnchoredMolecule(
        atoms=standing,
        kind="zwitterion",
        anchors=np.array(anchors),
        head=head,
        charge=0.0,
        hydrogens_removed=0,
    )


def _carbon(atoms: Atoms, oxygens: NDArray[np.int64]) -> int:
    links = _neighbours(atoms)
    return next(j for j in links[int(oxygens[0])] if atoms.symbols[j] == "C")
