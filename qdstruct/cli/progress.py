"""How the jobs of a tree get on: a live table at a terminal, plain lines everywhere else."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from qdstruct.model import JobStatus

__all__ = ["live_status_table", "status_line"]

_STYLES = {
    "waiting": "dim",
    "ready": "cyan",
    "running": "bold yellow",
    "done": "green",
    "failed": "bold red",
}


@contextlib.contextmanager
def live_status_table(
    console: Console | None = None,
) -> Iterator[Callable[[tuple[JobStatus, ...]], None]]:
    """Show job states on stderr for the length of the block.

    Parameters
    ----------
    console : rich.console.Console, optional
        Where to draw; stderr when not given.

    Yields
    ------
    callable
        Takes all states as often as one likes. A terminal shows one table that is redrawn; without
        one, a line is printed for every job whose state has changed.
    """
    from rich.console import Console

    console = console or Console(stderr=True)
    if not console.is_terminal:
        yield _line_printer()
        return
    from rich.live import Live

    with Live(console=console, refresh_per_second=5, vertical_overflow="ellipsis") as live:
        yield lambda statuses: live.update(_table(statuses), refresh=True)


def _line_printer() -> Callable[[tuple[JobStatus, ...]], None]:
    shown: dict[str, tuple[str, int]] = {}

    def show(statuses: tuple[JobStatus, ...]) -> None:
        quiet = ["waiting", "ready"]
        if not shown:
            done = sum(status.state == "done" for status in statuses)
            typer.echo(f"{len(statuses)} jobs, {done} of them done already", err=True)
            quiet.append("done")
        for status in statuses:
            now = (status.state, status.attempts)
            if shown.get(status.name) != now and status.state not in quiet:
                typer.echo(status_line(status), err=True)
            shown[status.name] = now

    return show


def status_line(status: JobStatus) -> str:
    """Return one job's state as a line of text."""
    words = [status.name, status.state]
    words += [f"attempt {status.attempts}"] if status.attempts > 1 else []
    words += [f"{status.energy:.4f} eV"] if status.energy is not None else []
    if status.seconds is not None and status.state != "running":
        words.append(_duration(status.seconds))
    note = _note(status)
    return "  ".join(words) + (f"  {note}" if note else "")


def _note(status: JobStatus) -> str:
    if status.error:
        return status.error.splitlines()[0]
    if status.corrections:
        return f"corrected: {'; '.join(status.corrections)}"
    return f"waits for {', '.join(status.waits_for)}" if status.waits_for else ""


def _duration(seconds: float) -> str:
    if seconds < 100:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def _table(statuses: tuple[JobStatus, ...]) -> Table:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    done = sum(status.state == "done" for status in statuses)
    title = Text(f"{done} of {len(statuses)} jobs done")
    table = Table(title=title, box=box.SIMPLE_HEAD, title_justify="left")
    table.add_column("Job", no_wrap=True)
    table.add_column("State", no_wrap=True)
    table.add_column("Attempt", justify="right")
    table.add_column("Energy (eV)", justify="right", no_wrap=True)
    table.add_column("Time", justify="right", no_wrap=True)
    table.add_column("", overflow="ellipsis", no_wrap=True)
    for status in statuses:
        table.add_row(
            Text(status.name),
            Text(status.state, style=_STYLES.get(status.state, "")),
            Text(str(status.attempts or "")),
            Text("" if status.energy is None else f"{status.energy:.4f}"),
            Text("" if status.seconds is None else _duration(status.seconds)),
            Text(_note(status)),
        )
    return table
