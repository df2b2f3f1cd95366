"""Run every block of shell and Python in the documentation, page by page, as a reader would.

``python docs/run_blocks.py`` runs all pages, ``python docs/run_blocks.py PAGE …`` some of them. The
blocks of a page run in order in one temporary directory: variables of the shell, the working
directory and the names of Python go on from block to block. Exit code 1 says that a block failed.

What a page needs beyond its blocks is said in the page:

- ``# needs: VASP`` as the first line of a block: it is shown to the reader and not run here.
  ``# needs: qdstruct[ligands]`` is run where the packages of that extra are installed.
- ``# cluster.py`` as the first line of a Python block: the block is that file.
- ``<!-- run by: .ci/run -->`` before a block: another part of the checks runs it.
- ``<!-- blocks are independent -->``: each block of the page has a directory of its own.
- ``<!-- setup … -->``: shell lines that make what the reader is supposed to have, an image say;
  ``$DOCS`` is the folder of the documentation.

``qdstruct check`` may find problems (exit code 1), which is an answer and no failure.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import re
import signal
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from importlib.metadata import requires
from importlib.util import find_spec
from pathlib import Path
from time import perf_counter
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
LANGUAGES = {"sh": "sh", "bash": "sh", "python": "python"}
INDEPENDENT = "<!-- blocks are independent -->"
PATIENCE = 300
"""s for one block."""
_PARTS = re.compile(
    r"^<!-- setup\n(?P<setup>.*?)^-->|"
    r"(?:^<!-- run by: (?P<elsewhere>[^\n]*?) -->\n)?(?:^<!-- test-command -->\n)?"
    r"^```(?P<language>[\w{}-]*)[^\n]*\n(?P<text>.*?)^```",
    re.MULTILINE | re.DOTALL,
)
_PREAMBLE = """set -euo pipefail
qdstruct() {
  local code=0
  command qdstruct "$@" || code=$?
  if [ "$1" = check ] && [ $code -eq 1 ]; then return 0; fi
  return $code
}
"""


@dataclass(frozen=True)
class Block:
    """One block of a page."""

    line: int
    language: str
    text: str
    skipped: str = ""
    """Why it is not run here; empty when it is."""


@dataclass(frozen=True)
class PageRun:
    """What became of a page."""

    page: str
    ran: int
    skipped: tuple[str, ...]
    seconds: float
    problem: str


def blocks(text: str) -> Iterator[Block]:
    """Yield the blocks of a page that are programs, in order."""
    for part in _PARTS.finditer(text):
        line = text.count("\n", 0, part.start("text" if part["text"] is not None else "setup")) + 1
        if part["setup"] is not None:
            yield Block(line, "sh", part["setup"])
            continue
        language = LANGUAGES.get(part["language"])
        if language is None:
            continue
        needs = re.match(r"# needs: (.+)", part["text"])
        why = f"needs {needs[1]}" if needs and not _has_extra(needs[1]) else ""
        if part["elsewhere"]:
            why = f"run by {part['elsewhere']}"
        yield Block(line, language, part["text"], why)


def _has_extra(needed: str) -> bool:
    """Say whether `needed` is ``qdstruct[EXTRA]`` and the packages of that extra are here."""
    extra = re.fullmatch(r"qdstruct\[(\w+)\]", needed)
    if extra is None:
        return False
    lines = [line for line in requires("qdstruct") or () if f'extra == "{extra[1]}"' in line]
    lines += [line for line in requires("qdstruct") or () if f"extra == '{extra[1]}'" in line]
    names = [re.match(r"[\w.-]+", line) for line in lines]
    return bool(names) and all(name and find_spec(name[0]) is not None for name in names)


def parts(path: Path) -> list[tuple[Path, list[Block]]]:
    """Return what is run in one directory: all blocks of a page, or each of independent ones."""
    text = path.read_text(encoding="utf-8")
    found = list(blocks(text))
    if INDEPENDENT in text:
        return [(path, [block]) for block in found]
    return [(path, found)]


def run_part(part: tuple[Path, list[Block]]) -> PageRun:
    """Run blocks in order in one directory; the first that fails ends it."""
    start = perf_counter()
    path, found = part
    page = str(path.relative_to(ROOT) if path.is_relative_to(ROOT) else path)
    ran, problem = 0, ""
    environment, names = dict(os.environ), {"__name__": "__main__"}
    with tempfile.TemporaryDirectory(prefix="page-") as folder:
        environment["PWD"] = folder
        environment["DOCS"] = str(ROOT / "docs")
        for block in found:
            if block.skipped:
                continue
            problem = _run(block, environment, names)
            if problem:
                problem = f"{page}:{block.line}: {problem}"
                break
            ran += 1
    skipped = tuple(f"line {block.line}: {block.skipped}" for block in found if block.skipped)
    return PageRun(page, ran, skipped, perf_counter() - start, problem)


def _run(block: Block, environment: dict[str, str], names: dict[str, Any]) -> str:
    if block.language == "sh":
        return _run_shell(block.text, environment)
    file = re.match(r"# ([\w-]+\.py)\n", block.text)
    if file:
        (Path(environment["PWD"]) / file[1]).write_text(block.text, encoding="utf-8")
        return ""
    return _run_python(block.text, environment, names)


def _run_shell(text: str, environment: dict[str, str]) -> str:
    """Run shell lines; what they export and where they went is kept in `environment`."""
    read_end, write_end = os.pipe()
    script = f"{_PREAMBLE}{text}\ncommand env -0 >&{write_end}\n"
    process = subprocess.Popen(
        ["bash", "-c", script], cwd=environment["PWD"], env=environment, pass_fds=(write_end,),
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        start_new_session=True,
    )  # fmt: skip
    os.close(write_end)
    try:
        output, _ = process.communicate(timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        return f"not done after {PATIENCE} s"
    finally:
        with os.fdopen(read_end) as pipe:
            after = pipe.read()
    if process.returncode:
        return f"exit code {process.returncode}\n{text}{output[-3000:]}"
    environment.clear()
    environment.update(line.split("=", 1) for line in after.split("\0") if "=" in line)
    return ""


def _run_python(text: str, environment: dict[str, str], names: dict[str, Any]) -> str:
    printed = io.StringIO()
    with contextlib.chdir(environment["PWD"]), contextlib.redirect_stdout(printed):
        try:
            exec(compile(text, "<block>", "exec"), names)
        except Exception:
            return f"{traceback.format_exc()}{text}{printed.getvalue()[-1000:]}"
    return ""


def pages() -> list[Path]:
    """Return every page of the documentation and the README, the longest first."""
    found = [*(ROOT / "docs").rglob("*.md"), ROOT / "README.md", ROOT / "CONTRIBUTING.md"]
    found = [path for path in found if "_build" not in path.parts]
    return sorted(found, key=lambda path: -path.read_text(encoding="utf-8").count("\nqdstruct "))


def main(words: Sequence[str]) -> int:
    """Run the pages and print a line for each."""
    parser = argparse.ArgumentParser(description="Run the code blocks of the documentation.")
    parser.add_argument("pages", nargs="*", type=Path)
    parser.add_argument("--jobs", type=int, default=2, help="pages at a time")
    arguments = parser.parse_args(words)
    chosen = [path.resolve() for path in arguments.pages] or pages()
    work = [part for path in chosen for part in parts(path)]
    with ProcessPoolExecutor(arguments.jobs, max_tasks_per_child=1) as pool:
        runs = list(pool.map(run_part, work))
    for page in sorted({run.page for run in runs}):
        _say(page, [run for run in runs if run.page == page])
    for run in runs:
        if run.problem:
            print(f"\n{run.problem}", file=sys.stderr)
    skipped = sum(len(run.skipped) for run in runs)
    print(f"{sum(run.ran for run in runs)} blocks run, {skipped} not run here")
    return int(any(run.problem for run in runs))


def _say(page: str, runs: Sequence[PageRun]) -> None:
    ran, skipped = sum(run.ran for run in runs), [why for run in runs for why in run.skipped]
    failed = any(run.problem for run in runs)
    if not (ran or skipped or failed):
        return
    note = f", {len(skipped)} not run here" if skipped else ""
    state = "FAILED" if failed else f"{ran} run"
    print(f"{page}: {state}{note} ({sum(run.seconds for run in runs):.1f} s)")
    for why in skipped:
        print(f"    {why}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
