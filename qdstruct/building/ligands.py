"""Ligands on the surface of a slab or a particle: right anchors, no clashes, charges accounted."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from qdstruct.building.ligand_anchor import AnchoredMolecule, anchored_molecule
from qdstruct.building.ligand_packing import PlacedLigand, pack_ligands
from qdstruct.building.ligand_sites import (
    BindingSite,
    Surface,
    binding_sites,
    bond_length,
    cation_bonds,
)
from qdstruct.building.nanocrystal import in_open_box
from qdstruct.building.zwitterions import independent_sites, paired_sites, single_ions
from qdstruct.errors import BuildError
from qdstruct.model import LigandCover
from qdstruct.resources import data_folder

if TYPE_CHECKING:
    from ase import Atoms

__all__ = ["binding_site_count", "place_ligands"]


def place_ligands(
    atoms: Atoms,
    ligand: Atoms,
    *,
    coverage: float = 1.0,
    count: int | None = None,
    seed: int = 0,
    anchor: str = "auto",
    compensate: bool = True,
) -> LigandCover:
    """Bind molecules to the surface of a slab (top face) or of a particle (all faces).

    Parameters
    ----------
    atoms : Atoms
        A slab with vacuum along z, or a particle without periodicity; ``molecule``, ``region`` and
        ``formal_charge`` arrays are used where present. Ligands that are there already stay.
    ligand : Atoms
        One whole molecule with hydrogens and an ammonium, carboxyl(ate) or thiol(ate) group, or
        ammonium and phosphate (`paired_sites`).
    coverage : float
        Share of the sites that get a ligand, above 0 and up to 1.
    count : int, optional
        How many ligands, instead of a share of the sites.
    seed : int
        Of the random choice of sites and orientations: the same seed, the same atoms.
    anchor : {"auto", "zwitterion", "ammonium", "carboxylate", "thiolate"}
        Which group binds, for molecules that hold several.
    compensate : bool
        Take out surface anions for the charge of ligands that replaced none.

    Raises
    ------
    BuildError
        For a coverage outside (0, 1], a count without as many sites, a name instead of a molecule,
        a molecule without anchor, a surface without sites, or ligands that find no room.

    Notes
    -----
    Sites and bond lengths: see `qdstruct.building.ligand_sites`. The account of charges: an
    ammonium takes the place of one monovalent cation; a carboxylate or thiolate that of the one
    halide that hung on its cation, or, where the cation was bare, a surface anion is taken out
    (one of charge −2 for every two ligands): the nearest of those whose cations keep the
    largest share of their neighbours. A proton taken off leaves with that anion
    as its acid. A zwitterion takes the place of a cation and a halide. What remains is stated as
    the net charge.

    Ligands stand along the outward direction of their site. Random turns about it and tilts up to
    32° are tried until every atom keeps its touching distance; failing that the roomiest try is
    taken if it keeps 85 % of it. If the ligands do not all fit at random, they are placed again,
    each trying first the orientation that suits a full row of them.
    """
    if not 0 < coverage <= 1:
        raise BuildError(f"a coverage of {coverage:g} does not exist", hint="above 0 and up to 1")
    molecule = _anchored(ligand, anchor)
    surface = Surface(atoms)
    sites = _sites(surface, molecule)
    capacity = _capacity(sites, molecule)
    wanted = round(coverage * capacity) if count is None else count
    _check_number(wanted, coverage, count, capacity)
    placed = pack_ligands(surface, sites, molecule, wanted, seed, capacity)
    removed = np.zeros(len(atoms), dtype=bool)
    removed[[ion for one in placed for ion in one.site.replaced]] = True
    if compensate and molecule.charge < 0:
        _take_anions(surface, [one.site for one in placed if not one.site.replaced], removed)
    covered = _assemble(surface, molecule, placed, removed)
    return LigandCover(
        atoms=covered,
        ligand=str(ligand.info.get("name", ligand.get_chemical_formula())),
        anchor=molecule.kind,
        sites=capacity,
        placed=len(placed),
        bond_length=bond_length(surface, sites[0], molecule.kind),
        removed=_formula(atoms, removed),
        hydrogens_removed=molecule.hydrogens_removed,
        charge_before=round(float(surface.charges.sum()), 6) + 0.0,
        charge=round(float(covered.arrays["formal_charge"].sum()), 6) + 0.0,
        seed=seed,
    )


def binding_site_count(atoms: Atoms, ligand: Atoms, *, anchor: str = "auto") -> tuple[str, int]:
    """Return the anchor by which a molecule binds and how many sites of a surface could hold it.

    Parameters and errors are those of `place_ligands`.
    """
    molecule = _anchored(ligand, anchor)
    return molecule.kind, _capacity(_sites(Surface(atoms), molecule), molecule)


def _capacity(sites: list[BindingSite], molecule: AnchoredMolecule) -> int:
    """Return how many ligands the sites hold; a zwitterion's sites share their ions."""
    return independent_sites(sites) if molecule.kind == "zwitterion" else len(sites)


def _anchored(ligand: Atoms, anchor: str) -> AnchoredMolecule:
    if isinstance(ligand, str):
        shipped = (data_folder("structures") / "molecules").glob("*.xyz")
        raise BuildError(
            f"a ligand is a molecule (ase.Atoms) here, not the name '{ligand}'",
            hint="qdstruct.place_ligands takes names; those known are "
            + ", ".join(sorted(file.stem for file in shipped)),
        )
    return anchored_molecule(ligand, anchor)


def _sites(surface: Surface, molecule: AnchoredMolecule) -> list[BindingSite]:
    if molecule.kind == "zwitterion":
        sites = paired_sites(surface, molecule)
    else:
        sites = binding_sites(surface, molecule.kind)
    if not sites and molecule.kind == "zwitterion" and all(single_ions(surface)):
        larger = "in-plane cell" if surface.periodic else "particle"
        raise BuildError(
            f"no A site and halide on {surface.atoms.get_chemical_formula()} are as far apart as "
            "the O and N of the zwitterion",
            hint=f"use a larger {larger}",
        )
    if not sites:
        raise BuildError(
            f"no free site for {molecule.kind} on {surface.atoms.get_chemical_formula()}",
            hint="ammonium needs monovalent cations in the outermost layer, carboxylate and "
            "thiolate need cations of charge two or more there, a zwitterion both: try another "
            "termination",
        )
    return sites


def _check_number(wanted: int, coverage: float, count: int | None, sites: int) -> None:
    if count is not None and not 0 < count <= sites:
        raise BuildError(f"{count} ligands do not go on {sites} sites", hint=f"1 to {sites}")
    if wanted == 0:
        raise BuildError(
            f"a coverage of {coverage:g} is less than one ligand on {sites} sites",
            hint=f"{1 / sites:.3g} or more, or a larger surface",
        )


def _take_anions(surface: Surface, bare: list[BindingSite], removed: NDArray[np.bool_]) -> None:
    """Mark the surface anions that leave for ligands which replaced none.

    Those go whose cations keep the largest share of the neighbours usual for them, of these the
    nearest to the ligand.
    """
    exposed = _outer_anions(surface)
    partners = cation_bonds(surface)
    left = {cation: len(bonded) for cation, bonded in partners.items()}
    usual: dict[str, int] = {}
    for cation, count in left.items():
        symbol = str(surface.symbols[cation])
        usual[symbol] = max(usual.get(symbol, 0), count)
    holders: dict[int, list[int]] = {int(i): [] for i in exposed}
    for cation, bonded in partners.items():
        for ion in surface.owners[bonded]:
            holders.get(int(ion), []).append(cation)
    owed = 0.0
    for site in bare:
        owed += 1.0
        free = exposed[~removed[exposed] & (-surface.charges[exposed] <= owed + 1e-6)]
        if not len(free):
            continue
        apart = surface.atoms.positions[free][:, None] - site.position - surface.shifts[None]
        distances = np.round(np.linalg.norm(apart, axis=2).min(axis=1), 3)
        shares = [[(left[c] - 1) / usual[str(surface.symbols[c])] for c in holders[int(i)]]
                  for i in free]  # fmt: skip
        worst = [-min(share, default=0.0) for share in shares]
        sums = [-sum(share) / max(len(share), 1) for share in shares]
        chosen = int(free[np.lexsort((distances, np.round(sums, 6), np.round(worst, 6)))[0]])
        removed[chosen] = True
        owed += float(surface.charges[chosen])
        for cation in holders[chosen]:
            left[cation] -= 1


def _outer_anions(surface: Surface) -> NDArray[np.int64]:
    found = []
    for index in np.flatnonzero(surface.framework & (surface.charges < 0)):
        near = surface.around(int(index))
        normal = surface.normal(int(index), near)
        if normal is not None and surface.outermost(int(index), near, normal):
            found.append(int(index))
    return np.array(found, dtype=np.int64)


def _formula(atoms: Atoms, removed: NDArray[np.bool_]) -> str:
    counts = Counter(np.array(atoms.get_chemical_symbols())[removed].tolist())
    return "".join(f"{symbol}{counts[symbol]}" for symbol in sorted(counts))


def _assemble(
    surface: Surface,
    molecule: AnchoredMolecule,
    placed: list[PlacedLigand],
    removed: NDArray[np.bool_],
) -> Atoms:
    """Put crystal and ligands together, with their arrays, in a cell that holds them."""
    crystal = surface.atoms.copy()
    _default_arrays(crystal, surface)
    first = int(crystal.arrays["molecule"].max(initial=-1)) + 1
    layer = int(crystal.arrays["layer"].max(initial=-1)) + 1
    joined = crystal[~removed]
    n_atoms = len(molecule.atoms)
    ligands = molecule.atoms.__class__(
        numbers=np.tile(molecule.atoms.numbers, len(placed)),
        positions=np.concatenate([one.positions for one in placed]),
    )
    ligands.set_array("region", np.full(len(ligands), "ligand", dtype="<U9"))
    ligands.set_array("molecule", first + np.repeat(np.arange(len(placed)), n_atoms))
    ligands.set_array("layer", np.full(len(ligands), layer))
    charges = np.tile(molecule.atoms.arrays["formal_charge"], len(placed))
    ligands.set_array("formal_charge", charges)
    joined.extend(ligands)
    if surface.periodic:
        rise = joined.positions[:, 2].max() - crystal.positions[:, 2].max()
        joined.cell[2] += [0.0, 0.0, max(rise, 0.0)]
        return joined
    margins = np.diag(np.asarray(crystal.cell)) - np.ptp(crystal.positions, axis=0)
    return in_open_box(joined, max(float(margins.min()) / 2, 0.0))


def _default_arrays(crystal: Atoms, surface: Surface) -> None:
    """Give the crystal every array that its ligands have."""
    count = len(crystal)
    defaults = {
        "region": np.full(count, "substrate" if surface.periodic else "core", dtype="<U9"),
        "molecule": np.where(surface.framework, -1, 0),
        "layer": np.zeros(count, dtype=np.int64),
    }
    for name, values in defaults.items():
        if name not in crystal.arrays:
            crystal.set_array(name, values)
    if crystal.arrays["region"].dtype.itemsize < np.dtype("<U9").itemsize:
        crystal.arrays["region"] = crystal.arrays["region"].astype("<U9")
    if "formal_charge" not in crystal.arrays:
        crystal.set_array("formal_charge", surface.charges)
