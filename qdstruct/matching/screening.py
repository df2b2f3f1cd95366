"""Screening many films against many substrates: parallel, resumable, to one table."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass
from multiprocessing import get_context, parent_process
from multiprocessing.connection import wait
from pathlib import Path
from threading import Thread
from typing import Any

import numpy as np

from qdstruct.errors import DestinationError, MatchError, QdstructError
from qdstruct.files import destination_error, write_atomically
from qdstruct.matching.coincidence import (
    DEFAULT_MAX_AREA,
    DEFAULT_MAX_STRAIN,
    PreparedFacet,
    check_bounds,
    prepare_facets,
    scan_prepared,
)
from qdstruct.matching.ranking import pareto_front, pareto_rows
from qdstruct.matching.rows import match_row
from qdstruct.matching.screening_table import TABLE_KINDS, pyarrow, write_table
from qdstruct.model import Phase

__all__ = ["ScreenSettings", "ScreenedPair", "partial_file", "screen"]


@dataclass(frozen=True, kw_only=True)
class ScreenSettings:
    """Bounds of a screening."""

    max_index: int = 1
    """Largest Miller index of both crystals, in the cells of their files."""
    max_area: float = DEFAULT_MAX_AREA
    """Å²."""
    max_strain: float = DEFAULT_MAX_STRAIN
    """Fraction."""
    per_facet: bool = False
    """Keep the Pareto front of every facet pair instead of the one front of the phase pair."""


@dataclass(frozen=True, kw_only=True)
class ScreenedPair:
    """What the screening found for one film on one substrate."""

    film: str
    """Name of the film's phase."""
    substrate: str
    """Name of the substrate's phase."""
    rows: tuple[dict[str, Any], ...]
    """Rows of the table (see `match_row`); empty when nothing fits."""
    error: str | None = None
    """Why the pair could not be matched; None when it was."""


class _Worker:
    """One process' phases with their facets, each prepared once."""

    phases: dict[str, Phase]
    settings: ScreenSettings
    prepared: dict[str, tuple[PreparedFacet, ...]]

    def facets(self, name: str) -> tuple[PreparedFacet, ...]:
        if name not in self.prepared:
            self.prepared[name] = prepare_facets(
                self.phases[name],
                max_index=self.settings.max_index,
                max_area=self.settings.max_area,
            )
        return self.prepared[name]


_worker = _Worker()


def _start_worker(phases: dict[str, Phase], settings: ScreenSettings) -> None:
    _worker.phases, _worker.settings, _worker.prepared = phases, settings, {}
    parent = parent_process()
    if parent is not None:
        Thread(target=_end_with, args=(parent.sentinel,), daemon=True).start()


def _end_with(sentinel: int) -> None:
    """End this process when its parent is gone, however it died."""
    wait([sentinel])
    os._exit(1)


def _screen_pair(film: str, substrate: str) -> ScreenedPair:
    settings = _worker.settings
    try:
        pairs = scan_prepared(
            _worker.facets(film),
            _worker.facets(substrate),
            max_area=settings.max_area,
            max_strain=settings.max_strain,
        )
        fronts = [match for found in pairs for match in pareto_rows(found).records()]
    except QdstructError as error:
        return ScreenedPair(film=film, substrate=substrate, rows=(), error=error.message)
    kept = fronts if settings.per_facet else pareto_front(fronts)
    rows = tuple(match_row(film, substrate, match) for match in kept)
    return ScreenedPair(film=film, substrate=substrate, rows=rows)


def partial_file(output: Path) -> Path:
    """Return the file that keeps finished pairs until the table is complete."""
    return output.with_name(output.name + ".partial.jsonl")


def screen(
    films: Sequence[Phase],
    substrates: Sequence[Phase],
    output: Path,
    *,
    settings: ScreenSettings | None = None,
    n_workers: int | None = None,
    force: bool = False,
    on_progress: Callable[[int, int], None] | None = None,
) -> tuple[ScreenedPair, ...]:
    """Match every film on every substrate over all facets and write one table.

    Parameters
    ----------
    films, substrates : sequences of Phase
        Names must be distinct within each list; a phase is not paired with itself.
    output : Path
        Table to write: ``.csv``, ``.json`` or ``.parquet`` (needs pyarrow).
    settings : ScreenSettings, optional
        Bounds.
    n_workers : int, optional
        Processes; by default as many as there are cores. 1 stays in this process.
    force : bool
        Replace an existing table.
    on_progress : callable, optional
        Called with (pairs done, pairs in all).

    Returns
    -------
    tuple of ScreenedPair
        In the order film by film.

    Raises
    ------
    DestinationError
        If the table exists or cannot be written.
    MatchError
        For bounds that mean nothing, no phases, duplicate names or an unknown ending.

    Notes
    -----
    Every finished pair is appended to ``OUTPUT.partial.jsonl`` and flushed to disk. An
    interrupted screening with the same phases and bounds continues from there; the file is
    removed when the table stands.
    """
    settings = settings or ScreenSettings()
    _check(films, substrates, output, settings, force)
    phases = {phase.name: phase for phase in (*films, *substrates)}
    wanted = [(f.name, s.name) for f in films for s in substrates if f.name != s.name]
    partial = partial_file(output)
    done = _resume(partial, _fingerprint(phases, settings))
    missing = [pair for pair in wanted if pair not in done]
    try:
        with partial.open("a", encoding="utf-8") as stream:
            for result in _run(missing, phases, settings, n_workers):
                done[result.film, result.substrate] = result
                stream.write(json.dumps(asdict(result), ensure_ascii=False) + "\n")
                stream.flush()
                os.fsync(stream.fileno())
                if on_progress is not None:
                    on_progress(sum(pair in done for pair in wanted), len(wanted))
    except OSError as error:
        raise destination_error(partial, error) from error
    results = tuple(done[pair] for pair in wanted)
    write_table(output, [row for result in results for row in result.rows], force=force)
    partial.unlink(missing_ok=True)
    return results


def _check(
    films: Sequence[Phase],
    substrates: Sequence[Phase],
    output: Path,
    settings: ScreenSettings,
    force: bool,
) -> None:
    check_bounds(settings.max_area, settings.max_strain)
    if output.suffix.lower() not in TABLE_KINDS:
        raise DestinationError(
            f"{output}: a table ends in {', '.join(TABLE_KINDS)}", hint="for example screen.csv"
        )
    if output.exists() and not force:
        raise DestinationError(
            f"{output}: this file exists already", hint="choose another name or give --force"
        )
    if output.suffix.lower() == ".parquet":
        pyarrow()
    for side, phases in (("films", films), ("substrates", substrates)):
        names = [phase.name for phase in phases]
        if not names:
            raise MatchError(f"a screening needs {side}")
        if len(set(names)) != len(names):
            twice = sorted({name for name in names if names.count(name) > 1})
            raise MatchError(f"{side}: {', '.join(twice)} given more than once")


def _run(
    pairs: Sequence[tuple[str, str]],
    phases: dict[str, Phase],
    settings: ScreenSettings,
    n_workers: int | None,
) -> Iterator[ScreenedPair]:
    n_workers = min(n_workers or os.cpu_count() or 1, len(pairs))
    if n_workers <= 1:
        _start_worker(phases, settings)
        for pair in pairs:
            yield _screen_pair(*pair)
        return
    with ProcessPoolExecutor(
        n_workers,
        mp_context=get_context("spawn"),
        initializer=_start_worker,
        initargs=(phases, settings),
    ) as pool:
        try:
            for future in as_completed([pool.submit(_screen_pair, *pair) for pair in pairs]):
                yield future.result()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _fingerprint(phases: dict[str, Phase], settings: ScreenSettings) -> str:
    """Digest of the bounds and of every structure: a changed input starts afresh."""
    digest = hashlib.sha256(json.dumps(asdict(settings), sort_keys=True).encode())
    for name in sorted(phases):
        atoms = phases[name].atoms
        digest.update(name.encode())
        for array in (np.asarray(atoms.cell), atoms.positions):
            digest.update(np.round(array, 6).tobytes())
        digest.update(atoms.numbers.tobytes())
    return digest.hexdigest()


def _resume(partial: Path, fingerprint: str) -> dict[tuple[str, str], ScreenedPair]:
    """Read the finished pairs of an interrupted screening; a torn last line is dropped."""
    head = json.dumps({"screening": fingerprint}) + "\n"
    lines: list[str] = []
    if partial.is_file():
        lines = partial.read_text(encoding="utf-8", errors="replace").splitlines(keepends=True)
    if not lines or lines[0] != head:
        write_atomically(partial, head)
        return {}
    whole = [line for line in lines[1:] if line.endswith("\n")]
    if len(whole) != len(lines) - 1:
        write_atomically(partial, head + "".join(whole))
    done = {}
    for line in whole:
        data = json.loads(line)
        done[data["film"], data["substrate"]] = ScreenedPair(
            film=data["film"],
            substrate=data["substrate"],
            rows=tuple(data["rows"]),
            error=data["error"],
        )
    return done
