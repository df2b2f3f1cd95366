"""Write ``reference/input-sets.md``: our INCAR tags beside those of pymatgen and atomate2.

    python docs/make_input_sets.py

pymatgen is there already; atomate2 is asked for its sets where it is installed, and left out aloud
where it is not. Every tag in which any of them differs from ours must have a reason below.
"""

from __future__ import annotations

import sys
import tempfile
import warnings
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from ase import Atoms
from ase.build import fcc111
from pymatgen.io.ase import AseAtomsAdaptor

from qdstruct.jobs import write_structure_tree
from qdstruct.model import CalculationSettings, JobTree
from qdstruct.phases import load

PAGE = Path(__file__).parent / "reference" / "input-sets.md"

REASONS = {
    "ADDGRID": "the finer support grid brings no gain with PREC = Accurate (VASP wiki, ADDGRID)",
    "ALGO": "blocked Davidson is the more robust, and speed no bottleneck in these cells",
    "AMIN": "damps charge sloshing along a long axis; needed in slabs only",
    "AMIX": "a remedy for convergence, which custodian applies when it is needed",
    "BMIX": "a remedy for convergence, which custodian applies when it is needed",
    "DIPOL": "circular mean of the atoms; an average of fractions is wrong across the cell face",
    "EDIFF": "differences of energies are taken, and forces are tight",
    "EDIFFG": "a force criterion is what papers state",
    "EFERMI": "moves the printed Fermi level into the gap; ours is found from the levels instead",
    "ENAUG": "follows from PREC in VASP 6; an explicit one only rules out finer grids",
    "ENCUT": "1.3 × the largest ENMAX of all elements, one cutoff for every job of a study",
    "GGA": "PBE said aloud; the others' functional comes from POTCAR or is another one (PBEsol)",
    "IBRION": "−1 said aloud where atoms stay",
    "IDIPOL": "written where the two faces differ",
    "ISIF": "2 in slabs: the cell carries the epitaxial strain",
    "ISMEAR": "Gaussian: tetrahedra need four k-points and give wrong forces in metals; the "
    "density of states uses them where it can",
    "ISPIN": "closed shells at half the cost; preflight refuses odd electrons",
    "ISYM": "symmetry is kept in slabs; it is switched off for molecules only",
    "IVDW": "dispersion holds layered halides, organic cations and ligands together",
    "KSPACING": "the mesh is written in KPOINTS, so that all members of a difference share it",
    "LAECHG": "all-electron densities are a job of their own, on a finer grid",
    "LASPH": "the same in all; matters for Pb 6p and halides",
    "LCHARG": "written where a later job reads it",
    "LDAU": "a Hubbard U only where the study names a shell (`hubbard_u`)",
    "LDIPOL": "written where the two faces differ",
    "LELF": "not needed by any analysis here",
    "LMAXMIX": "d is the highest partly filled or semicore shell here; 6 is for f",
    "LMIXTAU": "for meta-GGAs",
    "LORBIT": "projections once, from the static run and the density of states",
    "LREAL": "exact projection in small cells; Auto in slabs",
    "LVHAR": "the electrostatic potential alone, where alignment needs it",
    "LVTOT": "adds exchange and correlation, which do not become flat in vacuum",
    "LWAVE": "written where a later job reads it",
    "MAGMOM": "absent without spin polarisation",
    "METAGGA": "PBE, as in the publications compared with",
    "NEDOS": "set in the density-of-states job",
    "NELM": "room for slow cases; does not change a converged result",
    "NELMIN": "no least number of steps: EDIFF decides",
    "NSW": "room for slow cases; does not change a converged result",
    "POTIM": "VASP's own step; custodian changes it when a relaxation misbehaves",
    "PREC": "full FFT grids",
    "SIGMA": "narrow against the gap",
}


def ours(atoms: Atoms, kind: str) -> dict[str, Any]:
    """Tags of one job of the standard preset."""
    with tempfile.TemporaryDirectory() as folder:
        tree: JobTree = write_structure_tree(
            Path(folder), study_name="x", subject="x", atoms=atoms, settings=CalculationSettings()
        )
    job = tree.job(f"x/{kind}")
    return {tag: entry["value"] for tag, entry in job.settings.items()}


def pymatgen_tags(name: str, atoms: Atoms, **options: Any) -> dict[str, Any]:
    """Tags of one of pymatgen's input sets."""
    from pymatgen.io.vasp import sets

    structure = AseAtomsAdaptor.get_structure(atoms)
    return dict(getattr(sets, name)(structure, **options).incar)


def atomate2_tags(name: str, atoms: Atoms) -> dict[str, Any] | None:
    """Tags of one of atomate2's generators; None where it is not installed."""
    try:
        from atomate2.vasp.sets import core
    except ImportError:
        return None
    structure = AseAtomsAdaptor.get_structure(atoms)
    made = getattr(core, name)().get_input_set(structure, potcar_spec=True)
    return dict(made.incar)


def shown(value: Any) -> str:
    """One value in a table."""
    if value is None:
        return ""
    if isinstance(value, list):
        words = [shown(item) for item in value]
        return " ".join(words) if len(words) <= 3 else f"{words[0]} … ({len(words)})"
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value:g}" if isinstance(value, float) else str(value)


def same(first: Any, second: Any) -> bool:
    """Whether two values mean the same to VASP."""
    if isinstance(first, str) and isinstance(second, str):
        return first.lower() == second.lower()
    return bool(first == second)


def table(title: str, columns: dict[str, dict[str, Any]]) -> str:
    """One comparison; raises where a difference has no reason."""
    mine = columns["qdstruct"]
    others = {name: tags for name, tags in columns.items() if name != "qdstruct"}
    tags = sorted({tag for tags in columns.values() for tag in tags} - {"SYSTEM"})
    agree = [t for t in tags if all(same(mine.get(t), each.get(t)) for each in others.values())]
    differ = [tag for tag in tags if tag not in agree]
    without = [tag for tag in differ if tag not in REASONS]
    if without:
        sys.exit(f"{title}: no reason is written for {', '.join(without)}")
    lines = [f"## {title}", "", f"All agree on {', '.join(f'`{tag}`' for tag in agree)}.", ""]
    lines.append("| Tag | " + " | ".join(columns) + " | Why ours |")
    lines.append("|---" * (len(columns) + 2) + "|")
    for tag in differ:
        values = " | ".join(shown(each.get(tag)) for each in columns.values())
        lines.append(f"| `{tag}` | {values} | {REASONS[tag]} |")
    return "\n".join(lines)


def compare(
    title: str, kind: str, atoms: Atoms, theirs: tuple[str, str, str], **options: Any
) -> str:
    """Compare one job with a set of each."""
    label, set_name, generator = theirs
    columns = {"qdstruct": ours(atoms, kind), label: pymatgen_tags(set_name, atoms, **options)}
    found = atomate2_tags(generator, atoms)
    if found is not None:
        columns[f"atomate2 {generator.removesuffix('SetGenerator')}"] = found
    return table(title, columns)


def slab() -> Atoms:
    """Return a slab with two different faces, cut by the face of the cell."""
    atoms = fcc111("Au", (1, 1, 4), vacuum=10.0, periodic=True)
    atoms.symbols[0] = "Ag"
    atoms.positions[:, 2] -= atoms.get_center_of_mass()[2]
    atoms.wrap()
    return atoms


def package(name: str) -> str:
    """Return a package with its version, or say that it is missing."""
    try:
        return f"{name} {version(name)}"
    except PackageNotFoundError:
        return f"{name} (not installed, left out)"


def main() -> None:
    """Write the page."""
    warnings.simplefilter("ignore")
    crystal = load("CsPbBr3-Pbnm").atoms
    mp_relax = ("MPRelaxSet", "MPRelaxSet", "RelaxSetGenerator")
    mp_static = ("MPStaticSet", "MPStaticSet", "StaticSetGenerator")
    mvl = ("MVLSlabSet", "MVLSlabSet", "RelaxSetGenerator")
    parts = [
        "# INCAR tags beside those of other input sets",
        "",
        "The preset `standard` tag by tag beside the input sets of pymatgen and atomate2, for a "
        "crystal (CsPbBr₃, Pbnm, 20 atoms) and for a slab with two different faces that is cut by "
        "the face of its cell. Written by `python docs/make_input_sets.py` with "
        f"{package('pymatgen')} and {package('atomate2')}; the script stops at a difference "
        "without a reason. A blank is a tag that the set does not write.",
        "",
        compare("Relaxation of a crystal", "relax", crystal, mp_relax),
        "",
        compare("Static run of a crystal", "static", crystal, mp_static),
        "",
        compare("Relaxation of a slab", "relax", slab(), mvl, auto_dipole=True),
        "",
        "`MVLSlabSet` averages the fractional coordinates without their period: its `DIPOL` lies "
        "in the middle of the vacuum here, where ours lies in the slab. Its `LVTOT` makes a "
        "potential that cannot be read as a vacuum level.",
        "",
    ]
    PAGE.write_text("\n".join(parts), encoding="utf-8")


if __name__ == "__main__":
    main()
