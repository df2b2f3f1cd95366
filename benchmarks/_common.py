"""What the benchmark scripts share: options, the printed table, the JSON document, memory."""

from __future__ import annotations

import argparse
import json
import multiprocessing
import resource
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

Row = dict[str, Any]


def parser(description: str | None) -> argparse.ArgumentParser:
    """Return a parser with the two options every benchmark has."""
    options = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--json", action="store_true", help="print one JSON document on stdout")
    options.add_argument("--quick", action="store_true", help="less than a minute")
    return options


def row(
    task: str,
    ours_s: float | None,
    peer: str,
    peer_s: float | None,
    *,
    error: str | None = None,
    **more: Any,
) -> Row:
    """Return one row; ``ratio`` is the peer's time over ours, above 1 when we are faster."""
    ratio = peer_s / ours_s if ours_s and peer_s else None
    return {
        "task": task, "ours_s": ours_s, "peer": peer, "peer_s": peer_s, "ratio": ratio,
        "error": error, **more,
    }  # fmt: skip


def show(rows: Sequence[Row], options: argparse.Namespace, columns: Sequence[str]) -> None:
    """Print the rows as one JSON document or as a table with further `columns`."""
    if options.json:
        print(json.dumps({"rows": list(rows)}, indent=1, ensure_ascii=False))
        return
    names = ["task", "peer", "ours_s", "peer_s", "ratio", *columns, "error"]
    table = [names] + [[_cell(entry.get(name)) for name in names] for entry in rows]
    widths = [max(len(line[i]) for line in table) for i in range(len(names))]
    for line in table:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)))


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def progress(message: str) -> None:
    """Say on stderr what is running."""
    print(message, file=sys.stderr, flush=True)


def _in_child(send: Any, task: Callable[[], Any]) -> None:
    try:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        start = time.process_time()
        result = task()
        seconds = time.process_time() - start
        grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
        send.send((seconds, grown, result, None))
    except Exception as error:
        send.send((None, None, None, f"{type(error).__name__}: {error}"))


def measure(
    task: Callable[[], Any], *, warm: Callable[[], Any] | None = None, limit: float = 300.0
) -> tuple[float | None, float | None, Any, str | None]:
    """Run a task in a forked child of its own, after `warm` in this process (compilation, imports).

    Returns
    -------
    CPU seconds, peak memory growth in MB, result, error
        CPU time, so that a busy machine does not distort ratios. The error says "stopped after
        … s" when the wall-clock limit was reached.
    """
    if warm is not None:
        warm()
    context = multiprocessing.get_context("fork")
    receive, send = context.Pipe(duplex=False)
    child = context.Process(target=_in_child, args=(send, task))
    child.start()
    send.close()
    try:
        if receive.poll(limit):
            return receive.recv()  # type: ignore[no-any-return]
        return None, None, None, f"stopped after {limit:g} s"
    except EOFError:
        return None, None, None, "the process died"
    finally:
        child.kill()
        child.join()
