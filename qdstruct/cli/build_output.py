"""What the build commands share: options, parsing, checking and writing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from qdstruct.cli.output import parse_miller, print_json, print_table

if TYPE_CHECKING:
    from ase import Atoms

    from qdstruct.model import CrystalPart, Phase, Problem, StructureReport

PICTURES = (".png", ".pdf", ".svg")
"""Formats of ``--figure``."""

OutputOption = Annotated[
    Path | None,
    typer.Option(
        "-o",
        "--output",
        help="File to write: POSCAR or .vasp, .cif, .extxyz, .lmp or .data (LAMMPS).",
    ),
]
ForceOption = Annotated[bool, typer.Option("--force", help="Replace an existing file.")]
FigureOption = Annotated[
    Path | None,
    typer.Option("--figure", help="Picture to draw, seen from the side: .png, .pdf or .svg."),
]
ViewOption = Annotated[
    bool,
    typer.Option("--view", help="Write an offline 3D page (.html) beside the structure file."),
]
ColourOption = Annotated[
    str, typer.Option("--colour", help="What picture and page show by colour: element or region.")
]
LigandsOption = Annotated[
    list[str] | None,
    typer.Option(
        "--ligand",
        help="NAME=COVERAGE, e.g. oleate=0.3; may be repeated. Shares of the surface sites.",
    ),
]
LigandSeed = Annotated[
    int, typer.Option("--ligand-seed", min=0, help="The same seed gives the same atoms.")
]
FilmHkl = Annotated[str, typer.Option("--film-hkl", help="Face of the film, e.g. 0,0,1.")]
SubstrateHkl = Annotated[
    str, typer.Option("--substrate-hkl", help="Face of the substrate, e.g. 0,0,1.")
]
FilmName = Annotated[str, typer.Argument(help="Phase name or structure file of the film.")]
SubstrateName = Annotated[str, typer.Argument(help="Phase name or structure file below it.")]
FilmLayers = Annotated[
    int, typer.Option("--film-layers", min=1, help="Repeats of the film's plane spacing.")
]
SubstrateLayers = Annotated[
    int, typer.Option("--substrate-layers", min=1, help="Repeats of the substrate's spacing.")
]
StrainOn = Annotated[
    str, typer.Option("--strain-on", help="Who takes the misfit: film, substrate, both, elastic.")
]
Vacuum = Annotated[float, typer.Option("--vacuum", help="Empty height in Å.")]
MaxArea = Annotated[
    float, typer.Option("--max-area", min=0.0, help="Largest coincidence cell in Å².")
]
MaxStrain = Annotated[
    float, typer.Option("--max-strain", min=0.0, help="Largest strain (a fraction).")
]


def parse_numbers(text: str, example: str) -> list[float]:
    """Read one number or three (``8,8,8`` or ``8x8x8``); three come back."""
    from qdstruct.errors import InputError

    words = text.replace(",", " ").replace("x", " ").split()
    try:
        numbers = [float(word) for word in words]
    except ValueError:
        numbers = []
    if len(numbers) not in (1, 3):
        raise InputError(f"'{text}' is not one number or three", hint=f"write {example}")
    return numbers * (3 if len(numbers) == 1 else 1)


def parse_counts(text: str) -> list[int]:
    """Read one whole number or three; three come back."""
    from qdstruct.errors import InputError

    numbers = parse_numbers(text, "5 or 5,5,8")
    if any(number != round(number) for number in numbers):
        raise InputError(f"'{text}' is not in whole numbers", hint="write 5 or 5,5,8")
    return [round(number) for number in numbers]


def parse_lengths(text: str) -> list[float]:
    """Read ``16nm``, ``160``, ``160A`` or three of them; Å come back."""
    plain = text.replace("Å", "").replace("A", "").strip()
    factor = 10.0 if "nm" in plain else 1.0
    numbers = parse_numbers(plain.replace("nm", ""), "16nm, 160 or 5.5,5.5,8nm")
    return [factor * number for number in numbers]


def parse_length_list(text: str) -> list[float]:
    """Read any number of lengths: ``3,2,3nm`` or ``30,20,30``; Å come back."""
    from qdstruct.errors import InputError

    plain = text.replace("Å", "").replace("A", "")
    factor = 10.0 if "nm" in plain else 1.0
    try:
        return [factor * float(word) for word in plain.replace("nm", "").replace(",", " ").split()]
    except ValueError:
        raise InputError(f"'{text}' is no list of lengths", hint="3,2,3nm") from None


def parse_facets(text: str) -> list[tuple[int, int, int]]:
    """Read three facets separated by spaces."""
    from qdstruct.errors import InputError

    facets = [parse_miller(word) for word in text.split()]
    if len(facets) != 3:
        raise InputError(f"'{text}' does not name three facets", hint="'1,1,0 1,-1,0 0,0,1'")
    return facets


def parse_energies(text: str) -> dict[tuple[int, int, int], float]:
    """Read ``100=1 111=1.2``: facets and their surface energies."""
    from qdstruct.errors import InputError

    energies = {}
    for word in text.split():
        facet, _, value = word.partition("=")
        try:
            energies[parse_miller(facet)] = float(value)
        except ValueError:
            raise InputError(f"'{word}' is not FACET=ENERGY", hint="'100=1 111=1.2'") from None
    return energies


def parse_ligands(words: list[str] | None) -> list[tuple[str, float]]:
    """Read ``oleate=0.3`` (also ``smiles:C=CC[NH3+]=0.3``): known ligands and their coverages."""
    from qdstruct.errors import InputError
    from qdstruct.pipeline.ligands import find_ligand

    requests = []
    for word in words or []:
        name, _, coverage = word.rpartition("=")
        try:
            requests.append((name.strip(), float(coverage)))
        except ValueError:
            name = ""
        if not name:
            raise InputError(f"'{word}' is not NAME=COVERAGE", hint="--ligand oleate=0.3")
        find_ligand(name)
    return requests


def parse_places(words: list[str] | None) -> list[tuple[float, float]]:
    """Read ``2,-2nm`` or ``20,-20`` repeatedly: places on a facet; Å come back."""
    from qdstruct.errors import InputError

    places = [parse_length_list(word) for word in words or []]
    for word, place in zip(words or [], places, strict=True):
        if len(place) != 2:
            raise InputError(f"'{word}' is no place on a facet", hint="--island 2,-2nm")
    return [(place[0], place[1]) for place in places]


def parse_shift(text: str) -> tuple[float, float]:
    """Read two fractions."""
    from qdstruct.errors import InputError

    try:
        first, second = (float(word) for word in text.replace(",", " ").split())
    except ValueError:
        raise InputError(f"'{text}' is not a shift", hint="write two fractions: 0.5,0") from None
    return first, second


def parse_shift_or_rule(text: str) -> Any:
    """Read two fractions or the name of a rule."""
    return text if text.isalpha() else parse_shift(text)


def parse_gap(text: str | None) -> Any:
    """Read a length in Å or the word ``ionic``."""
    from qdstruct.errors import InputError

    if text is None or text == "ionic":
        return text
    try:
        return float(text)
    except ValueError:
        raise InputError(f"'{text}' is not a gap", hint="a length in Å, or 'ionic'") from None


def parse_stiffnesses(film: str | None, substrate: str | None) -> Any:
    """Read two elastic stiffnesses: three cubic constants or a file of 6 x 6 numbers each, GPa."""
    from qdstruct.errors import InputError

    if film is None and substrate is None:
        return None
    if film is None or substrate is None:
        raise InputError("give --film-stiffness and --substrate-stiffness together")
    return _stiffness(film), _stiffness(substrate)


def _stiffness(text: str) -> Any:
    import numpy as np

    from qdstruct.errors import InputError
    from qdstruct.matching import cubic_stiffness

    try:
        constants = [float(word) for word in text.split(",")]
    except ValueError:
        constants = []
    if len(constants) == 3:
        return cubic_stiffness(*constants)
    try:
        table = np.loadtxt(text)
    except (OSError, ValueError) as error:
        raise InputError(
            f"'{text}' is neither C11,C12,C44 nor a readable table ({error})",
            hint="41,16,14 for a cubic crystal, or a text file of 6 rows of 6 numbers in GPa",
        ) from None
    if table.shape != (6, 6):
        raise InputError(f"{text}: {table.shape} numbers where 6 x 6 belong", hint="in GPa")
    return table


def parse_parallel(
    film: str | None, substrate: str | None
) -> tuple[tuple[int, int, int], tuple[int, int, int]] | None:
    """Read the two directions that are to be parallel; both or neither."""
    from qdstruct.errors import InputError

    if film is None and substrate is None:
        return None
    if film is None or substrate is None:
        raise InputError("give --film-direction and --substrate-direction together")
    return parse_miller(film), parse_miller(substrate)


def parse_regions(words: list[str]) -> dict[str, str]:
    """Read ``core=CsPbBr3-Pbnm``: regions and their phases."""
    from qdstruct.errors import InputError

    regions = {}
    for word in words:
        region, _, phase = word.partition("=")
        if not region or not phase:
            raise InputError(f"'{word}' is not REGION=PHASE", hint="core=CsPbBr3-Pbnm")
        regions[region] = phase
    return regions


@dataclass(frozen=True)
class Wanted:
    """Which files a build command was asked for, and how it is to answer."""

    output: Path | None
    figure: Path | None
    view: bool
    colour: str
    force: bool
    as_json: bool

    @property
    def page(self) -> Path | None:
        """The page of ``--view``, beside the structure file."""
        return page_beside(self.output) if self.view and self.output is not None else None

    def check(self) -> None:
        """Refuse requests that cannot be met, before any work.

        Raises
        ------
        InputError
            For ``--view`` without a structure file, an unknown colouring or picture format, or a
            file that exists already.
        """
        from qdstruct.errors import InputError
        from qdstruct.files import refuse_existing

        if self.view and self.output is None:
            raise InputError("--view writes its page beside the structure", hint="add -o FILE")
        check_colour(self.colour)
        if self.figure is not None and self.figure.suffix.lower() not in PICTURES:
            raise InputError(
                f"{self.figure}: no picture format has this name",
                hint=f"use {', '.join(PICTURES)}",
            )
        for path in (self.output, self.figure, self.page):
            if path is not None:
                refuse_existing(path, force=self.force)


def page_beside(structure: Path) -> Path:
    """Return where the 3D page of a structure file goes: ``NAME.html`` beside it."""
    return structure.with_name(structure.name + ".html" if not structure.suffix else
                               structure.with_suffix(".html").name)  # fmt: skip


def check_colour(colour: str) -> None:
    """Refuse a colouring that does not exist."""
    from qdstruct.errors import InputError

    if colour not in ("element", "region"):
        raise InputError(f"there is no colouring '{colour}'", hint="element or region")


def finish(
    title: str,
    atoms: Atoms,
    facts: dict[str, Any],
    wanted: Wanted,
    crystals: Mapping[str, Phase] | None = None,
) -> None:
    """Check, write, draw and report what was built.

    `crystals` are the bulk crystals of the regions, loaded by the names in `facts` if left out.
    """
    from importlib.metadata import version

    from qdstruct import building
    from qdstruct.pipeline.checking import check_built

    facts = {**facts, "n_atoms": len(atoms), "formula": atoms.get_chemical_formula()}
    report = check_built(atoms, facts, crystals)
    problems = report.problems
    if wanted.output is not None:
        provenance = {"made_by": f"qdstruct {version('qdstruct')}", **facts}
        building.write_structure(wanted.output, atoms, provenance=provenance, force=wanted.force)
        typer.echo(f"wrote {wanted.output}", err=True)
    rows = {key.replace("_", " "): _words(value) for key, value in facts.items()}
    _draw(title, atoms, facts, rows, problems, wanted)
    if wanted.as_json:
        named = {"file": wanted.output, "figure": wanted.figure, "page": wanted.page}
        files = {key: None if path is None else str(path) for key, path in named.items()}
        print_json({**facts, **files, "problems": problem_rows(problems)})
        return
    print_table(title, ["Property", "Value (Å, e)"], list(rows.items()), note=verdict(report))


def _draw(
    title: str,
    atoms: Atoms,
    facts: dict[str, Any],
    rows: dict[str, str],
    problems: tuple[Problem, ...],
    wanted: Wanted,
) -> None:
    """Write the picture and the 3D page that were asked for."""
    if wanted.figure is not None:
        from qdstruct.report.structure_figure import structure_figure, write_structure_figure

        figure = structure_figure(
            atoms,
            colour=wanted.colour,  # type: ignore[arg-type]
            title=title,
            labels=_region_labels(facts),
            **_seen_along(atoms, facts),
        )
        write_structure_figure(figure, wanted.figure, force=wanted.force)
        typer.echo(f"wrote {wanted.figure}", err=True)
    if wanted.page is not None:
        from qdstruct.report.structure_page import write_structure_page

        write_structure_page(
            atoms,
            wanted.page,
            title=title,
            problems=problems,
            facts=rows,
            source="" if wanted.output is None else wanted.output.name,
            colour=wanted.colour,
            force=wanted.force,
        )
        typer.echo(f"wrote {wanted.page}", err=True)


def _region_labels(facts: dict[str, Any]) -> dict[str, str]:
    """Name the regions by their crystals, and faces where there are any."""
    labels: dict[str, str] = {}
    for region in ("film", "substrate"):
        if region in facts:
            face = "".join(str(index).replace("-", "−") for index in facts[f"{region}_hkl"])
            labels[region] = f"{facts[region]}\n({face})"
    for region, phase in zip(facts.get("regions", ()), facts.get("phases", ()), strict=False):
        labels[region] = phase
    return labels


def _seen_along(atoms: Atoms, facts: dict[str, Any]) -> dict[str, Any]:
    """Return how the picture of a matched interface is seen: direction and caption.

    Along the directions that were asked to be parallel, else along the shorter cell vector, named
    in the indices of both crystals.
    """
    import numpy as np

    from qdstruct.report.structure_figure import shorter_vector

    if "substrate_directions" not in facts:
        return {}
    if facts.get("parallel"):
        wanted = np.array(facts["parallel"][1], dtype=float)
        rows = np.array(facts["substrate_directions"])
        shares = np.linalg.lstsq(rows.T, wanted, rcond=None)[0]
        names = facts["parallel"][::-1]
        view: dict[str, Any] = {"along": shares @ np.asarray(atoms.cell)[:2, :2]}
    else:
        vector = shorter_vector(atoms)
        names = [facts[f"{side}_directions"][vector] for side in ("substrate", "film")]
        view = {}
    sign = -1 if next((x for x in names[0] if abs(x) > 1e-6), 1.0) < 0 else 1
    words = [
        f"{_direction([sign * x for x in name])} of {facts[side]}"
        for name, side in zip(names, ("substrate", "film"), strict=True)
    ]
    return {**view, "caption": "seen along " + " ∥ ".join(words)}


def _direction(indices: list[float]) -> str:
    """Write [uvw] with whole numbers where small ones do."""
    from math import gcd

    scaled = next(
        ([n * x for x in indices] for n in (1, 2, 3, 4)
         if all(abs(n * x - round(n * x)) < 1e-3 for x in indices)), None
    )  # fmt: skip
    if scaled is None:
        return "[" + " ".join(f"{x:.2f}" for x in indices) + "]"
    whole = [round(x) for x in scaled]
    divisor = gcd(*whole) or 1
    return "[" + " ".join(str(x // divisor).replace("-", "−") for x in whole) + "]"


def _words(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} {_words(item)}" for key, item in value.items())
    if isinstance(value, float):
        return f"{value:.4f}"
    if isinstance(value, list):
        return "[" + ", ".join(_words(item) for item in value) + "]"
    return str(value)


def problem_rows(problems: tuple[Problem, ...]) -> list[dict[str, str]]:
    """Return the problems as the rows of the JSON document."""
    return [{"kind": problem.kind, "message": problem.message} for problem in problems]


def verdict(report: StructureReport) -> str:
    """Say in words what the validator found and what it looked at."""
    if not report.problems:
        crystals = ", ".join(dict.fromkeys(part.region for part in report.parts))
        bulk = f"; strain, bonds and symmetry of {crystals}" if crystals else ""
        return f"No problems found (clashes, charge, molecules, coordination{bulk})."
    return "\n".join(f"{problem.kind}: {problem.message}" for problem in report.problems)


def part_rows(report: StructureReport) -> list[tuple[str, str, str]]:
    """Return what was measured of each part beside the bulk: part, quantity, value."""
    rows = []
    for part in report.parts:
        strain = 100 * part.strain
        plane = strain[0, 0], strain[1, 1], strain[0, 1]
        normal = "open" if part.flat else f"{strain[2, 2]:+.2f} %"
        first = f"{part.region} ({part.phase})"
        lines = [
            ("on sites / inside / atoms", f"{part.n_on_sites} / {part.n_inside} / {part.n_atoms}"),
            (
                "strain xx, yy, xy",
                f"{plane[0]:+.2f}, {plane[1]:+.2f}, {plane[2]:+.2f} %",
            ),
            ("strain along z", normal),
            ("scatter", f"{part.rms:.3f} Å"),
            ("space group (bulk)", f"{part.space_group or 'open'} ({part.bulk_space_group})"),
        ]
        for bond in part.bonds:
            here = "–" if bond.coordination is None else f"{bond.coordination:.2f}"
            lines.append(
                (
                    f"{bond.pair[0]}–{bond.pair[1]} (bulk)",
                    f"{bond.length:.3f} Å × {here} "
                    f"({bond.bulk_length:.3f} Å × {bond.bulk_coordination:.2f})",
                )
            )
        for number, (quantity, value) in enumerate(lines):
            rows.append(("" if number else first, quantity, value))
    return rows


def print_report(file: Path, atoms: Atoms, report: StructureReport, as_json: bool) -> None:
    """Print what ``check`` found and measured."""
    title = f"{file}: {len(atoms)} atoms, {atoms.get_chemical_formula()}"
    if as_json:
        print_json(
            {
                "ok": report.ok,
                "n_atoms": len(atoms),
                "problems": problem_rows(report.problems),
                "parts": [_part_document(part) for part in report.parts],
            }
        )
        return
    rows = part_rows(report)
    if rows:
        print_table("Beside the bulk crystals", ["Part", "Quantity", "Value"], rows)
    if report.problems:
        found = [(problem.kind, problem.message) for problem in report.problems]
        print_table(title, ["Problem", "What"], found)
    else:
        typer.echo(f"{title}: no problems found")


def _part_document(part: CrystalPart) -> dict[str, Any]:
    """Return one part as plain JSON."""
    return {
        "region": part.region,
        "phase": part.phase,
        "n_atoms": part.n_atoms,
        "n_on_sites": part.n_on_sites,
        "n_inside": part.n_inside,
        "strain": part.strain.tolist(),
        "flat": part.flat,
        "mirrored": part.mirrored,
        "rms": part.rms,
        "space_group": part.space_group,
        "bulk_space_group": part.bulk_space_group,
        "bonds": [bond.to_dict() for bond in part.bonds],
    }


def write_page(
    atoms: Atoms, file: Path, problems: tuple[Problem, ...], colour: str, *, force: bool
) -> None:
    """Write the 3D page of a checked file beside it."""
    from qdstruct.report.structure_page import write_structure_page

    page = page_beside(file)
    write_structure_page(
        atoms,
        page,
        title=file.name,
        problems=problems,
        source=file.name,
        colour=colour,
        force=force,
    )
    typer.echo(f"wrote {page}", err=True)
