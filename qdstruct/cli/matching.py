"""Commands: mismatch, match, orient and screen."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

from qdstruct.cli.output import JsonOption, parse_miller, print_json, print_table

if TYPE_CHECKING:
    from qdstruct.matching import FacetPairMatches
    from qdstruct.model import CoincidenceMatch, Miller, OrientationRelation, Phase, SiteOverlap

__all__ = ["commands"]

commands = typer.Typer()

FilmArgument = Annotated[str, typer.Argument(metavar="FILM", help="Phase name or structure file.")]
SubstrateArgument = Annotated[
    str, typer.Argument(metavar="SUBSTRATE", help="Phase name or structure file.")
]
AreaOption = Annotated[
    float, typer.Option(help="Largest coincidence cell, Å², on film and on substrate.")
]
StrainOption = Annotated[
    float, typer.Option(help="Largest |principal stretch − 1| of the film: 0.05 is 5 %.")
]
IndexOption = Annotated[int, typer.Option(help="Largest Miller index of either crystal.")]


def _pair(text: str, what: str) -> tuple[Miller, Miller]:
    from qdstruct.errors import InputError

    halves = text.replace("‖", "|").replace("∥", "|").replace("||", "|").split("|")
    if len(halves) != 2:
        raise InputError(
            f"'{text}' is not a pair of {what}",
            hint="write the film's and the substrate's with a bar between them: '220|220'",
        )
    return parse_miller(halves[0]), parse_miller(halves[1])


def _load(film: str, substrate: str) -> tuple[Phase, Phase]:
    from qdstruct import phases

    return phases.load(film), phases.load(substrate)


def _percent(value: float) -> str:
    return f"{100 * value:+.2f}"


@commands.command("mismatch")
def mismatch(
    film: FilmArgument,
    substrate: SubstrateArgument,
    planes: Annotated[
        list[str] | None,
        typer.Option(metavar="HKL|HKL", help="Only this pair; may be given several times."),
    ] = None,
    max_index: IndexOption = 2,
    top: Annotated[int, typer.Option(help="Rows printed; 0 prints all.")] = 30,
    as_json: JsonOption = False,
) -> None:
    """Compare plane spacings, best first, in all three definitions of the mismatch.

    Indices are taken as written, so (200) has half the spacing of (100).

    Example: qdstruct mismatch PMA2PbBr4 CsPbBr3-cubic --planes '8,0,0|110'
    """
    from qdstruct import matching

    a, b = _load(film, substrate)
    pairs = [_pair(text, "planes") for text in planes] if planes else None
    rows = matching.plane_mismatches(a, b, max_index=max_index, planes=pairs)
    shown = rows if pairs or top <= 0 else rows[:top]
    if as_json:
        print_json(
            {"film": a.name, "substrate": b.name, "mismatches": [row.to_dict() for row in shown]}
        )
        return
    print_table(
        f"Plane spacings: {a.name} on {b.name}",
        ("film", "substrate", "d film Å", "d substrate Å", "over film %", "over substrate %",
         "over mean %", "forbidden"),
        (
            (
                matching.plane_label(row.film_hkl),
                matching.plane_label(row.substrate_hkl),
                f"{row.film_spacing:.4f}",
                f"{row.substrate_spacing:.4f}",
                _percent(row.over_film),
                _percent(row.over_substrate),
                _percent(row.over_mean),
                " ".join(
                    side
                    for side, flag in (
                        ("film", row.film_forbidden),
                        ("substrate", row.substrate_forbidden),
                    )
                    if flag
                ),
            )
            for row in shown
        ),
        note=f"mismatch = d(substrate) − d(film) over d(film), d(substrate) or their mean; "
        f"forbidden: the structure factor vanishes. {len(shown)} of {len(rows)} rows.",
    )  # fmt: skip


@commands.command("match")
def match(
    film: FilmArgument,
    substrate: SubstrateArgument,
    film_hkl: Annotated[
        str | None, typer.Option(metavar="HKL", help="Only this plane of the film.")
    ] = None,
    substrate_hkl: Annotated[
        str | None, typer.Option(metavar="HKL", help="Only this plane of the substrate.")
    ] = None,
    max_index: IndexOption = 1,
    max_area: AreaOption = 400.0,
    max_strain: StrainOption = 0.05,
    top: Annotated[
        int | None, typer.Option(help="Rows kept, best first; 0 keeps all. [table: 20]")
    ] = None,
    all_rows: Annotated[
        bool, typer.Option("--all", help="Stream every distinct match, not only the best.")
    ] = False,
    sites: Annotated[
        bool, typer.Option(help="Score how well the atoms of both faces sit on each other.")
    ] = True,
    as_json: JsonOption = False,
) -> None:
    """Find coincidence cells, best first: the trade-off of area against strain of each facet pair.

    A star marks what no other row beats in both. Rows are distinct under the symmetry of both
    faces; "folded" counts their equivalents and multiples.

    Example: qdstruct match CdS-zincblende CsPbBr3-Pbnm --film-hkl 001 --substrate-hkl 001
    """
    a, b = _load(film, substrate)
    pairs = _searched(a, b, film_hkl, substrate_hkl, max_index, max_area, max_strain)
    header = {
        "film": a.name,
        "substrate": b.name,
        "settings": {
            "film_hkl": list(parse_miller(film_hkl)) if film_hkl else None,
            "substrate_hkl": list(parse_miller(substrate_hkl)) if substrate_hkl else None,
            "max_index": max_index,
            "max_area": max_area,
            "max_strain": max_strain,
            "all": all_rows,
        },
    }
    if all_rows and not top:
        _stream(header, pairs, as_json)
        return
    rows, front = _best(pairs, all_rows, top if top is not None or as_json else 20)
    overlaps = _overlaps(rows, a, b) if sites else [None] * len(rows)
    if as_json:
        from qdstruct.matching import match_document

        print_json(
            header
            | {"matches": [match_document(m, o) for m, o in zip(rows, overlaps, strict=True)]}
        )
        return
    print_table(
        f"Coincidence cells: {a.name} (film) on {b.name} (substrate)",
        _COLUMNS,
        (_cells(m, o, "*" if id(m) in front else "") for m, o in zip(rows, overlaps, strict=True)),
        note="match: the N of 'qdstruct build interface … --match N' for these two planes.\n"
        "*: no other row has both less area and less strain. "
        "Directions: film ∥ substrate, both supercell vectors.",
    )


_COLUMNS = (
    "match", "", "film", "substrate", "area Å²", "strains %", "rotation °", "directions",
    "atoms", "folded", "overlap",
)  # fmt: skip


def _cells(match: CoincidenceMatch, overlap: SiteOverlap | None, star: str) -> tuple[str, ...]:
    from qdstruct.matching import direction_label, plane_label

    directions = ", ".join(
        f"{direction_label(f)}∥{direction_label(s)}"
        for f, s in zip(match.film_directions, match.substrate_directions, strict=True)
    )
    return (
        str(match.number),
        star,
        plane_label(match.film_hkl),
        plane_label(match.substrate_hkl),
        f"{match.area:.1f}",
        " ".join(_percent(strain) for strain in match.principal_strains),
        f"{match.rotation:.2f}",
        directions,
        str(match.n_atoms_per_layer_pair),
        str(match.folded),
        f"{overlap.score:.2f}" if overlap else "",
    )


def _searched(
    film: Phase,
    substrate: Phase,
    film_hkl: str | None,
    substrate_hkl: str | None,
    max_index: int,
    max_area: float,
    max_strain: float,
) -> Iterator[FacetPairMatches]:
    """Search facet pair by facet pair, with progress on stderr and an error if nothing fits."""
    from qdstruct import matching

    film_facets = matching.facets(film, parse_miller(film_hkl) if film_hkl else None, max_index)
    substrate_facets = matching.facets(
        substrate, parse_miller(substrate_hkl) if substrate_hkl else None, max_index
    )
    message = matching.long_scan_message(film_facets, substrate_facets, max_area, max_strain)
    if message:
        typer.echo(f"qdstruct: warning: {message}", err=True)
    prepared = [
        [matching.prepare(facet, max_area) for facet in side]
        for side in (film_facets, substrate_facets)
    ]
    found = 0
    with _progress("matching facets", len(film_facets) * len(substrate_facets)) as advance:
        for pair in matching.scan_prepared(
            prepared[0], prepared[1], max_area=max_area, max_strain=max_strain
        ):
            found += len(pair)
            yield pair
            advance()
    if not found:
        pairs = [(f, s) for f in film_facets for s in substrate_facets]
        raise matching.no_match_error(pairs, max_area=max_area, max_strain=max_strain)


@contextlib.contextmanager
def _progress(what: str, total: int) -> Iterator[Any]:
    """Show a progress bar on stderr where that is a terminal."""
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(what, total=total)

        def advance(done: int | None = None) -> None:
            bar.update(task, advance=1 if done is None else None, completed=done)

        yield advance


def _best(
    pairs: Iterator[FacetPairMatches], all_rows: bool, top: int | None
) -> tuple[list[CoincidenceMatch], set[int]]:
    """Keep the best rows (smallest area, then strain) and tell which are on the overall front."""
    import heapq

    from qdstruct.matching import pareto_front, pareto_rows

    stream = (
        record
        for found in pairs
        for record in (found if all_rows else pareto_rows(found)).records()
    )
    rows = heapq.nsmallest(top, stream, key=_rank) if top else sorted(stream, key=_rank)
    return rows, {id(match) for match in pareto_front(rows)}


def _rank(match: CoincidenceMatch) -> tuple[float, float]:
    return (round(match.area, 6), round(match.max_strain, 9))


def _overlaps(
    rows: list[CoincidenceMatch], film: Phase, substrate: Phase
) -> list[SiteOverlap | None]:
    from qdstruct.matching import site_overlap

    return [site_overlap(match, film, substrate) for match in rows]


def _stream(header: dict[str, Any], pairs: Iterator[FacetPairMatches], as_json: bool) -> None:
    """Print every match as it is found, holding one facet pair at a time."""
    import json
    import sys

    from qdstruct.matching import match_document

    records = (record for found in pairs for record in found.records())
    first = next(records)
    write = sys.stdout.write
    if not as_json:
        write("\t".join(_COLUMNS[:1] + _COLUMNS[2:-1]) + "\n")
        count = 0
        for record in _chained(first, records):
            count += 1
            cells = _cells(record, None, "")
            write("\t".join(cells[:1] + cells[2:-1]) + "\n")
        typer.echo(f"{count} matches", err=True)
        return
    head = json.dumps(header, ensure_ascii=False)
    write(head[:-1] + ', "matches": [\n' + json.dumps(match_document(first)))
    for record in records:
        write(",\n" + json.dumps(match_document(record)))
    write("\n]}\n")


def _chained(first: CoincidenceMatch, rest: Iterator[CoincidenceMatch]) -> Iterator[Any]:
    yield first
    yield from rest


@commands.command("orient")
def orient(
    film: FilmArgument,
    substrate: SubstrateArgument,
    planes: Annotated[
        str, typer.Option(metavar="HKL|HKL", help="Parallel planes, film | substrate.")
    ],
    directions: Annotated[
        str | None, typer.Option(metavar="UVW|UVW", help="Parallel directions, film | substrate.")
    ] = None,
    zones: Annotated[
        str | None,
        typer.Option(metavar="UVW|UVW", help="Instead: zone axes of two lattice transforms."),
    ] = None,
    interface: Annotated[
        str | None, typer.Option(metavar="HKL|HKL", help="Interface planes [default: --planes].")
    ] = None,
    max_index: IndexOption = 2,
    tolerance: Annotated[
        float, typer.Option(help="Largest angle between planes listed as parallel, degrees.")
    ] = 3.0,
    max_area: AreaOption = 400.0,
    max_strain: StrainOption = 0.05,
    max_twist: Annotated[
        float, typer.Option(help="Largest turn a coincidence cell may need, degrees.")
    ] = 3.0,
    as_json: JsonOption = False,
) -> None:
    """Work out an orientation relationship: planes ∥ planes and directions ∥ directions.

    Says whether both can hold at once, which planes then are parallel, and what the interface
    plane's coincidence cell and misfit are.

    Example: qdstruct orient CdS-zincblende CsPbBr3-cubic --planes '220|220' --directions '001|001'
    """
    from qdstruct import matching
    from qdstruct.errors import InputError

    if (directions is None) == (zones is None):
        raise InputError("give either --directions or --zones", hint="for example '001|111'")
    a, b = _load(film, substrate)
    options: dict[str, Any] = {
        "interface": _pair(interface, "planes") if interface else None,
        "max_index": max_index,
        "tolerance": tolerance,
        "max_area": max_area,
        "max_strain": max_strain,
        "max_twist": max_twist,
    }
    parallel = _pair(planes, "planes")
    if zones is not None:
        relation = matching.orientation_from_zones(
            a, b, zones=_pair(zones, "zone axes"), planes=parallel, **options
        )
    else:
        relation = matching.orientation(
            a, b, planes=parallel, directions=_pair(directions or "", "directions"), **options
        )
    if as_json:
        document = matching.orientation_document(relation)
        print_json({"film": a.name, "substrate": b.name} | document)
        return
    _print_relation(a, b, relation)


def _print_relation(film: Phase, substrate: Phase, relation: OrientationRelation) -> None:
    from qdstruct.matching import direction_label, orientation_summary, plane_label

    print_table(
        f"{film.name} {plane_label(relation.film_plane)} "
        f"{direction_label(relation.film_direction)} ∥ {substrate.name} "
        f"{plane_label(relation.substrate_plane)} {direction_label(relation.substrate_direction)}",
        ("quantity", "value"),
        orientation_summary(relation),
    )
    print_table(
        "Planes nearly parallel in this orientation (structure factor not zero)",
        ("film", "substrate", "angle °", "d film Å", "d substrate Å", "mismatch over film %"),
        (
            (
                plane_label(row.film_hkl),
                plane_label(row.substrate_hkl),
                f"{row.angle:.2f}",
                f"{row.film_spacing:.4f}",
                f"{row.substrate_spacing:.4f}",
                _percent(row.mismatch),
            )
            for row in relation.parallel_planes[:20]
        ),
        note=f"{min(20, len(relation.parallel_planes))} of {len(relation.parallel_planes)} pairs",
    )


@commands.command("screen")
def screen(
    output: Annotated[
        str, typer.Option("--output", "-o", metavar="FILE", help="Table: .csv, .json, .parquet.")
    ],
    films: Annotated[
        list[str], typer.Option("--film", metavar="PHASE", help="A film; repeat for more.")
    ],
    substrates: Annotated[
        list[str], typer.Option("--substrate", metavar="PHASE", help="A substrate; repeat.")
    ],
    max_index: IndexOption = 1,
    max_area: AreaOption = 400.0,
    max_strain: StrainOption = 0.05,
    per_facet: Annotated[
        bool, typer.Option("--per-facet", help="Keep the best of every facet pair.")
    ] = False,
    jobs: Annotated[int, typer.Option(help="Processes; 0 takes every core.")] = 0,
    top: Annotated[int, typer.Option(help="Rows printed.")] = 20,
    force: Annotated[bool, typer.Option("--force", help="Replace an existing table.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Match every film on every substrate over all facets, in parallel, into one table.

    Interrupted, run the same command again: finished pairs are kept.

    Example: qdstruct screen --film PbS-galena --film CdS-zincblende --substrate CsPbBr3-cubic
    -o table.csv
    """
    from pathlib import Path

    from qdstruct import matching, phases
    from qdstruct.errors import InputError

    if jobs < 0:
        raise InputError(f"--jobs must not be negative, not {jobs}")
    film_phases = [phases.load(name) for name in films]
    substrate_phases = [phases.load(name) for name in substrates]
    with _progress("screening", len(films) * len(substrates)) as advance:
        results = matching.screen(
            film_phases,
            substrate_phases,
            Path(output),
            settings=matching.ScreenSettings(
                max_index=max_index, max_area=max_area, max_strain=max_strain, per_facet=per_facet
            ),
            n_workers=jobs or None,
            force=force,
            on_progress=lambda done, _total: advance(done),
        )
    rows = sorted(
        (row for result in results for row in result.rows),
        key=lambda row: (row["area"], row["max_strain"]),
    )
    failed = [result for result in results if result.error]
    if as_json:
        print_json(
            {
                "output": output,
                "pairs": len(results),
                "failed": [
                    {"film": r.film, "substrate": r.substrate, "error": r.error} for r in failed
                ],
                "rows": rows,
            }
        )
    else:
        _print_screening(rows[:top], len(rows), len(results), output)
    for result in failed:
        typer.echo(f"failed: {result.film} on {result.substrate}: {result.error}", err=True)
    if failed:
        raise typer.Exit(1)


def _print_screening(rows: list[dict[str, Any]], n_rows: int, n_pairs: int, output: str) -> None:
    print_table(
        f"{n_pairs} pairs of phases, {n_rows} rows in {output}",
        ("film", "substrate", "film hkl", "substrate hkl", "area Å²", "strain %", "rotation °"),
        (
            (
                row["film"],
                row["substrate"],
                row["film_hkl"],
                row["substrate_hkl"],
                f"{row['area']:.1f}",
                f"{100 * row['max_strain']:.2f}",
                f"{row['rotation']:.2f}",
            )
            for row in rows
        ),
        note="Smallest area first." if rows else "Nothing fits within the bounds.",
    )
