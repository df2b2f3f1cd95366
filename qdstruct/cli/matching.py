"""Commands: mismatch and match."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from qdstruct.cli.output import JsonOption, parse_miller, print_json, print_table
from qdstruct.cli.two_crystals import (
    AreaOption,
    FilmArgument,
    IndexOption,
    StrainOption,
    SubstrateArgument,
    index_pair,
    load_pair,
    percent,
    progress_bar,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from qdstruct.matching import FacetPairMatches
    from qdstruct.model import CoincidenceMatch, Phase, SiteOverlap

__all__ = ["commands"]

commands = typer.Typer()


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

    a, b = load_pair(film, substrate)
    pairs = [index_pair(text, "planes") for text in planes] if planes else None
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
                percent(row.over_film),
                percent(row.over_substrate),
                percent(row.over_mean),
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
    a, b = load_pair(film, substrate)
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
        " ".join(percent(strain) for strain in match.principal_strains),
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
    with progress_bar("matching facets", len(film_facets) * len(substrate_facets)) as advance:
        for pair in matching.scan_prepared(
            prepared[0], prepared[1], max_area=max_area, max_strain=max_strain
        ):
            found += len(pair)
            yield pair
            advance()
    if not found:
        pairs = [(f, s) for f in film_facets for s in substrate_facets]
        raise matching.no_match_error(pairs, max_area=max_area, max_strain=max_strain)


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
