"""Progress is drawn once at a terminal and printed as lines elsewhere, on stderr only."""

from __future__ import annotations

import io

from qdstruct.cli.progress import live_status_table, status_line
from qdstruct.model import JobStatus


def status(name: str, state: str, **more) -> JobStatus:
    return JobStatus(
        **({"name": name, "state": state, "kind": "relax", "subject": "PbS", "attempts": 1} | more),
        path=name,
    )


def test_lines_tell_each_change_once_and_on_stderr(capsys) -> None:
    with live_status_table() as show:
        show((status("z", "done"), status("a", "ready"), status("b", "waiting")))
        show((status("z", "done"), status("a", "running"), status("b", "waiting")))
        show((status("a", "running"), status("b", "waiting", attempts=0)))
        show((status("a", "done", energy=-1.5, seconds=2.0), status("b", "running")))
        show((status("a", "done"), status("b", "failed", error="no\nmore")))
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.splitlines() == [
        "3 jobs, 1 of them done already",
        "a  running",
        "a  done  -1.5000 eV  2.0 s",
        "b  running",
        "b  failed  no",
    ]


def test_a_terminal_gets_one_table(monkeypatch) -> None:
    from rich.console import Console

    screen = io.StringIO()
    console = Console(file=screen, force_terminal=True, width=120)
    with live_status_table(console) as show:
        show((status("a/[x]", "done", energy=-3.25, seconds=3725.0), status("b", "waiting")))
        show((status("a/[x]", "done"), status("b", "running", corrections=("zbrent: x",))))
    text = screen.getvalue()
    for words in ("1 of 2 jobs done", "a/[x]", "-3.2500", "1:02:05", "corrected: zbrent: x"):
        assert words in text


def test_a_line_names_reason_and_attempt() -> None:
    assert status_line(status("a", "waiting", waits_for=("b", "c"))) == "a  waiting  waits for b, c"
    assert "attempt 3" in status_line(status("a", "failed", attempts=3, error="x"))
