"""One job in its own process: ``python -m qdstruct.pipeline.job ROOT NAME --engine mock``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from qdstruct import jobs, outputs, running
from qdstruct.errors import InputError, OutputError, QdstructError
from qdstruct.model import FinishedCalculation
from qdstruct.pipeline.prepare import load_tree

__all__ = ["main", "preload", "run_one"]


def run_one(root: Path, name: str, *, engine: str, command: str | None = None) -> int:
    """Stage, run and check one job; return the exit code (0 done, 1 failed)."""
    tree = load_tree(root)
    try:
        tree.job(name)
    except KeyError:
        known = ", ".join(job.name for job in tree.jobs)
        raise InputError(f"{root}: no job called '{name}'", hint=f"jobs: {known}") from None
    record = running.run_job(
        root,
        name,
        engine=running.find_engine(engine, command=command),
        stage=jobs.stage_job,
        problems=outputs.completeness_problems,
        read_summary=_summary,
    )
    return 0 if record.state == "done" else 1


def preload() -> None:
    """Load what the checks after every run need, in a process that forks itself for each job."""
    outputs.load_scanner()


def _summary(directory: Path) -> FinishedCalculation | None:
    try:
        return outputs.read_calculation(directory)
    except OutputError:
        return None


def main() -> None:
    """Parse the arguments and run the job."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("root", type=Path)
    parser.add_argument("name")
    parser.add_argument("--engine", default="vasp")
    parser.add_argument("--command")
    words = parser.parse_args()
    try:
        code = run_one(words.root, words.name, engine=words.engine, command=words.command)
    except QdstructError as error:
        sys.stderr.write(f"qdstruct: error: {error}\n")
        code = error.exit_code
    sys.exit(code)


if __name__ == "__main__":
    main()
