"""The systems of somebody's own directories: what each structure is, found from the outputs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from qdstruct import analysis, outputs
from qdstruct.analysis.heights import cell_height, heights
from qdstruct.errors import InputError, QdstructError
from qdstruct.outputs import CalculationSketch
from qdstruct.pipeline.analysing.further import trajectory_below
from qdstruct.pipeline.analysing.references import element_energy
from qdstruct.pipeline.analysing.systems import Settings, System, Workbench
from qdstruct.pipeline.bader import has_bader_files

if TYPE_CHECKING:
    from ase import Atoms

__all__ = ["Choices", "FoundSystem", "directory_bench", "found_systems"]

ORDER = ("static", "unknown", "partial charge", "dos", "relax")
"""Kinds of calculations that are analysed, the best for energies and densities first."""
SAME_CELL = 0.02
"""Å by which cell vectors of two runs of one structure may differ."""
SAME_PLACE = 0.1
"""Å by which an atom may have moved between two runs of one structure."""
MOVED = 1.0
"""Å by which an atom of the relaxed bare interface may lie off its place under the ligands."""
SIDES = ("film", "substrate")
WORDS = {
    "interface": "the interface", "bulk-film": "the film's bulk crystal",
    "bulk-substrate": "the substrate's bulk crystal", "slab-film": "a free slab of the film",
    "slab-substrate": "a free slab of the substrate",
    "difference/film": "the film alone in the interface's cell",
    "difference/substrate": "the substrate alone in the interface's cell",
    "difference/ligand": "the ligand layer alone in the interface's cell",
    "bare": "the interface without its ligands",
}  # fmt: skip
"""Role → what it is a calculation of."""
REMEDIES = {
    "LOCPOT": "LOCPOT (static run with LVHAR = .TRUE.)", "CHGCAR": "CHGCAR (LCHARG = .TRUE.)",
    "OUTCAR": "OUTCAR", "vasprun.xml": "vasprun.xml",
    "dos": "a density of states (vasprun.xml with LORBIT = 11)",
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Choices:
    """What the user says about the directories."""

    film: tuple[str, ...] = ()
    """Elements of the film; empty leaves it to the calculations."""
    substrate: tuple[str, ...] = ()
    """Elements of the substrate."""
    plane: float | None = None
    """Height of the interface plane along the normal, Å, for crystals that share elements."""
    axis: int | None = None
    """Cell vector along the normal; None finds it."""
    settings: Settings = field(default_factory=Settings)
    """How the analysis is done."""


@dataclass(frozen=True, kw_only=True, eq=False)
class FoundSystem:
    """One structure with every directory in which it was calculated."""

    sketches: tuple[CalculationSketch, ...]
    """The best for energies and densities first."""
    atoms: Atoms
    """Structure."""

    @property
    def name(self) -> str:
        """First directory."""
        return self.sketches[0].name

    @property
    def places(self) -> tuple[dict[str, Path], ...]:
        """Files of each directory, as `System` wants them."""
        made_for_dos = any(sketch.kind == "dos" for sketch in self.sketches)
        return tuple(_files(sketch, made_for_dos) for sketch in self.sketches)

    @property
    def formula(self) -> dict[str, int]:
        """Smallest formula."""
        return analysis.formula_unit(self.atoms.get_chemical_symbols())[0]

    def system(self, role: str, axis: int, regions: tuple[str, ...] = ()) -> System:
        """Return the same as a system of a workbench."""
        return System(role, self.places, regions, axis)


def _files(sketch: CalculationSketch, made_for_dos: bool) -> dict[str, Path]:
    files = dict(sketch.found.files)
    if sketch.kind == "partial charge":
        return {name: path for name, path in files.items() if name.startswith("PARCHG")}
    if sketch.kind == "dos":
        files.pop("CHGCAR", None)
    if "vasprun.xml" in files and (sketch.kind == "dos" or not made_for_dos):
        files["dos"] = files["vasprun.xml"]
    return files


def found_systems(root: Path) -> tuple[tuple[FoundSystem, ...], tuple[CalculationSketch, ...]]:
    """Find every structure below `root`, largest first, and the calculations of other kinds.

    Raises
    ------
    InputError
        If there are no outputs.
    """
    sketches = [outputs.sketch_calculation(each) for each in outputs.find_calculations(root)]
    if not sketches:
        raise InputError(
            f"{root}: holds no outputs of VASP (vasprun.xml, OUTCAR, CHGCAR, LOCPOT, …)",
            hint="name the directory above the calculations; compressed files count",
        )
    usable = [each for each in sketches if each.atoms is not None and each.kind in ORDER]
    usable.sort(key=lambda each: (ORDER.index(each.kind), each.name))
    groups: list[list[CalculationSketch]] = []
    for sketch in usable:
        home = next((group for group in groups if _same(_atoms(group[0]), _atoms(sketch))), None)
        if home is None:
            groups.append([sketch])
        else:
            home.append(sketch)
    systems = [FoundSystem(sketches=tuple(group), atoms=_atoms(group[0])) for group in groups]
    systems.sort(key=lambda system: -len(system.atoms))
    return tuple(systems), tuple(each for each in sketches if each not in usable)


def _atoms(sketch: CalculationSketch) -> Atoms:
    assert sketch.atoms is not None
    return sketch.atoms


def _same(first: Atoms, second: Atoms) -> bool:
    if len(first) != len(second) or (first.numbers != second.numbers).any():
        return False
    if np.abs(np.asarray(first.cell) - np.asarray(second.cell)).max() > SAME_CELL:
        return False
    apart = first.get_scaled_positions(wrap=False) - second.get_scaled_positions(wrap=False)
    moved = np.linalg.norm((apart - np.round(apart)) @ np.asarray(first.cell), axis=1)
    return bool(moved.max() <= SAME_PLACE)


def directory_bench(
    root: Path, systems: Sequence[FoundSystem], choices: Choices
) -> tuple[Workbench, dict[str, FoundSystem]]:
    """Give every system its role and lay out its outputs.

    Returns
    -------
    bench
        Its notes say how film and substrate were told apart.
    roles
        Role → the system found for it. Without an interface the largest system stands in its
        place, and `Workbench.is_interface` is False.
    """
    notes: list[str] = []
    axis = choices.axis if choices.axis is not None else _normal(systems)
    roles, regions = _interface(root, systems, choices, axis, notes)
    if "interface" in roles:
        roles |= _references(systems, roles, regions, notes)
    is_interface = "interface" in roles
    if not is_interface:
        roles["interface"] = systems[0]
        notes.append(
            "No interface was recognised: no calculation could be divided into film and substrate. "
            "Say which elements are the film (--film Cs,Pb,Br), or calculate each side alone in "
            "the same cell."
        )
    bench_systems = {
        role: system.system(
            role, axis if role.startswith(("interface", "difference", "bare"))
            else _normal([system]), regions if role == "interface" else (),
        )
        for role, system in roles.items()
    }  # fmt: skip
    bench = Workbench(
        systems=bench_systems,
        absent=_absent,
        label=lambda path: _label(root, path),
        settings=replace(
            choices.settings,
            references={**_elements(root, systems), **choices.settings.references},
        ),
        notes=notes,
        verb="there is no output of",
        is_interface=is_interface,
    )
    whole = roles["interface"]
    places = [sketch.found.directory for sketch in whole.sketches]
    bench.bader_place = next((place for place in places if has_bader_files(place)), None)
    relaxed = [s.found.directory for s in whole.sketches if s.kind == "relax"]
    bench.relaxation = relaxed[0] if relaxed else None
    bench.trajectory = trajectory_below(root)
    if not is_interface:
        bench.subjects = {"interface": systems[0].atoms.get_chemical_formula(mode="metal")}
    return bench, roles


def _elements(root: Path, systems: Sequence[FoundSystem]) -> dict[str, tuple[float, str]]:
    """Return the lowest energy per atom of each element that was calculated by itself."""
    found: dict[str, tuple[float, str]] = {}
    for system in systems:
        symbols = set(system.atoms.get_chemical_symbols())
        if len(symbols) > 1:
            continue
        symbol = symbols.pop()
        try:
            energy = element_energy(system.system("element", 2).facts, symbol)
        except QdstructError:
            continue
        if symbol not in found or energy < found[symbol][0]:
            found[symbol] = (energy, _label(root, Path(system.name)))
    return found


def _label(root: Path, path: Path) -> str:
    try:
        return path.relative_to(root).as_posix()
    except ValueError:
        return str(path)


def _absent(role: str, name: str) -> str:
    return f"{WORDS.get(role, role)} with {REMEDIES.get(name, name)}"


def _normal(systems: Sequence[FoundSystem]) -> int:
    """Return the axis with the widest vacuum of the largest system; c where there is none."""
    atoms = systems[0].atoms
    gaps = []
    for axis in range(3):
        gap = analysis.vacuum_gap(atoms, axis)
        gaps.append(0.0 if gap is None else gap[1] - gap[0])
    return int(np.argmax(gaps)) if max(gaps) > 0 else 2


def _interface(
    root: Path,
    systems: Sequence[FoundSystem],
    choices: Choices,
    axis: int,
    notes: list[str],
) -> tuple[dict[str, FoundSystem], tuple[str, ...]]:
    """Return interface and parts by role, and the region of each atom of the interface."""
    for whole in systems:
        parts = _parts(whole, systems, axis)
        if parts:
            regions = _regions_of(whole, parts)
            named = ", ".join(f"{_label(root, Path(p.name))} is the {n}" for n, p in parts.items())
            notes.append(
                f"{_label(root, Path(whole.name))} is the interface, {named}: they are its parts "
                "in the same cell, and the substrate lies below."
            )
            roles = {f"difference/{name}": part for name, part in parts.items()}
            bare = _bare(whole, systems, regions) if "ligand" in parts else None
            if bare is not None:
                roles["bare"] = bare
            return {"interface": whole, **roles}, regions
    for whole in systems:
        known = _known_regions(whole)
        if known:
            notes.append(f"{_label(root, Path(whole.name))} names its regions in job.json.")
            return {"interface": whole}, known
    if choices.film or choices.substrate or choices.plane is not None:
        whole = systems[0]
        regions = _chosen_regions(whole.atoms, choices, axis)
        return {"interface": whole}, regions
    return _by_bulk_elements(root, systems, notes)


def _parts(whole: FoundSystem, systems: Sequence[FoundSystem], axis: int) -> dict[str, FoundSystem]:
    """Return two or three systems in the cell of `whole` that hold each of its atoms once."""
    places = {}
    for system in systems:
        same_cell = np.abs(np.asarray(system.atoms.cell) - np.asarray(whole.atoms.cell)).max()
        if len(system.atoms) < len(whole.atoms) and same_cell < 1e-3:
            found = analysis.match_atoms(whole.atoms, system.atoms, tolerance=SAME_PLACE)
            if (found >= 0).all():
                places[system] = set(found.tolist())
    for count in (2, 3):
        for chosen in combinations(places, count):
            sets = [places[system] for system in chosen]
            if sum(map(len, sets)) == len(whole.atoms) == len(set().union(*sets)):
                return _named(whole, list(chosen), places, axis)
    return {}


def _bare(
    whole: FoundSystem, systems: Sequence[FoundSystem], regions: tuple[str, ...]
) -> FoundSystem | None:
    """Return the interface without its ligands, where it was calculated."""
    wanted = {i for i, name in enumerate(regions) if name != "ligand"}
    for system in systems:
        same_cell = np.abs(np.asarray(system.atoms.cell) - np.asarray(whole.atoms.cell)).max()
        if len(system.atoms) == len(wanted) and same_cell < 1e-3:
            found = analysis.match_atoms(whole.atoms, system.atoms, tolerance=MOVED)
            if set(found.tolist()) == wanted:
                return system
    return None


def _named(
    whole: FoundSystem,
    chosen: list[FoundSystem],
    places: dict[FoundSystem, set[int]],
    axis: int,
) -> dict[str, FoundSystem]:
    """Name the parts: organic one of three the ligand, the lower of the others the substrate."""
    named = {}
    if len(chosen) == 3:
        organic = [s for s in chosen if {"C", "H"} & set(s.atoms.get_chemical_symbols())]
        named["ligand"] = (organic or chosen)[-1]
        chosen = [s for s in chosen if s is not named["ligand"]]
    gap = analysis.vacuum_gap(whole.atoms, axis)
    height = _heights_above(whole.atoms, axis, 0.0 if gap is None else (gap[0] + gap[1]) / 2)
    chosen.sort(key=lambda system: float(height[list(places[system])].mean()))
    return {"film": chosen[1], "substrate": chosen[0], **named}


def _heights_above(
    atoms: Atoms, axis: int, cut: float
) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return np.asarray((heights(atoms, axis) - cut) % cell_height(atoms, axis), dtype=np.float64)


def _regions_of(whole: FoundSystem, parts: dict[str, FoundSystem]) -> tuple[str, ...]:
    regions = [""] * len(whole.atoms)
    for name, part in parts.items():
        for index in analysis.match_atoms(whole.atoms, part.atoms, tolerance=SAME_PLACE):
            regions[int(index)] = name
    return tuple(regions)


def _known_regions(system: FoundSystem) -> tuple[str, ...]:
    for place in system.places:
        path = place.get("vasprun.xml")
        names = outputs.job_regions(path.parent) if path is not None else []
        if len(names) == len(system.atoms) and set(SIDES) <= set(names):
            return tuple(names)
    return ()


def _chosen_regions(atoms: Atoms, choices: Choices, axis: int) -> tuple[str, ...]:
    """Divide by the elements or the plane the user named.

    Raises
    ------
    InputError
        If an element is in both crystals and no plane is given, or one side stays empty.
    """
    symbols = atoms.get_chemical_symbols()
    film, substrate = set(choices.film), set(choices.substrate)
    stray = sorted((film | substrate) - set(symbols))
    if stray:
        raise InputError(f"the interface holds no {', '.join(stray)}", hint="check --film")
    if choices.plane is None and film & substrate:
        raise InputError(
            f"{', '.join(sorted(film & substrate))} belongs to both crystals: the elements do not "
            "tell film from substrate",
            hint="give the height of the interface plane in Å: --plane 12.5",
        )
    if choices.plane is not None:
        gap = analysis.vacuum_gap(atoms, axis)
        cut = 0.0 if gap is None else (gap[0] + gap[1]) / 2
        above = _heights_above(atoms, axis, cut)
        plane = (choices.plane - cut) % cell_height(atoms, axis)
        regions = tuple("film" if z > plane else "substrate" for z in above)
    else:
        film = film or set(symbols) - substrate
        regions = tuple("film" if symbol in film else "substrate" for symbol in symbols)
    if set(regions) != set(SIDES):
        raise InputError("with this choice every atom is on one side", hint="check --film, --plane")
    return regions


def _by_bulk_elements(
    root: Path, systems: Sequence[FoundSystem], notes: list[str]
) -> tuple[dict[str, FoundSystem], tuple[str, ...]]:
    """Divide a structure by two crystals without common elements that were calculated too."""
    for whole in systems:
        elements = set(whole.atoms.get_chemical_symbols())
        for first, second in combinations([s for s in systems if s is not whole], 2):
            a, b = (set(s.atoms.get_chemical_symbols()) for s in (first, second))
            if a & b or a | b != elements:
                continue
            symbols = np.array(whole.atoms.get_chemical_symbols())
            mask = np.isin(symbols, sorted(a))
            axis = _normal([whole])
            gap = analysis.vacuum_gap(whole.atoms, axis)
            z = _heights_above(whole.atoms, axis, 0.0 if gap is None else (gap[0] + gap[1]) / 2)
            upper = mask if z[mask].mean() > z[~mask].mean() else ~mask
            notes.append(
                f"{_label(root, Path(whole.name))} is taken for the interface: its elements are "
                f"those of {_label(root, Path(first.name))} and {_label(root, Path(second.name))}; "
                "the side that lies higher is the film."
            )
            return {"interface": whole}, tuple("film" if up else "substrate" for up in upper)
    return {}, ()


def _references(
    systems: Sequence[FoundSystem],
    roles: dict[str, FoundSystem],
    regions: tuple[str, ...],
    notes: list[str],
) -> dict[str, FoundSystem]:
    """Return bulk crystals and free slabs of the two sides, by role."""
    whole = roles["interface"]
    symbols = np.array(whole.atoms.get_chemical_symbols())
    used = set(roles.values())
    found: dict[str, FoundSystem] = {}
    for side in SIDES:
        wanted = Counter(symbols[np.array(regions) == side].tolist())
        free = [s for s in systems if s not in used
                and set(s.atoms.get_chemical_symbols()) == set(wanted)]  # fmt: skip
        formula = analysis.formula_unit(list(wanted.elements()))[0]
        free.sort(key=lambda s: s.formula != formula)
        bulks = [s for s in free if not _vacuum_axes(s.atoms)]
        slabs = [s for s in free if len(_vacuum_axes(s.atoms)) == 1]
        if bulks:
            found |= _bulk_roles(side, bulks, notes)
        part = roles.get(f"difference/{side}")
        if not slabs and part is not None and any("LOCPOT" in place for place in part.places):
            slabs = [part]
        if slabs:
            found[f"slab-{side}"] = slabs[0]
    return found


def _vacuum_axes(atoms: Atoms) -> list[int]:
    return [axis for axis in range(3) if analysis.vacuum_gap(atoms, axis) is not None]


def _bulk_roles(side: str, bulks: list[FoundSystem], notes: list[str]) -> dict[str, FoundSystem]:
    """Take the crystal of lowest energy per atom as strain-free, another as strained."""
    same = [s for s in bulks if s.formula == bulks[0].formula]
    energies = {}
    for system in same:
        facts = _energy_per_atom(system)
        if facts is not None:
            energies[system] = facts
    if len(energies) < 2:
        return {f"bulk-{side}": same[0]}
    ordered = sorted(energies, key=lambda system: energies[system])
    cost = 1e3 * (energies[ordered[1]] - energies[ordered[0]])
    notes.append(
        f"{ordered[0].name} has the lowest energy per atom and is taken for the strain-free "
        f"{side}, {ordered[1].name} ({cost:.1f} meV per atom more) for the strained one."
    )
    return {f"bulk-{side}": ordered[0], f"strained-{side}": ordered[1]}


def _energy_per_atom(system: FoundSystem) -> float | None:
    from qdstruct.errors import OutputError

    for place in system.places:
        if "vasprun.xml" in place:
            try:
                facts = outputs.read_calculation(place["vasprun.xml"])
            except OutputError:
                continue
            return facts.energy / len(facts.atoms)
    return None
