"""Execute the notebooks of the documentation.

``python docs/run_notebooks.py`` runs each in a temporary directory and fails when a cell does;
``--write`` keeps the outputs in the notebook. Cell numbers and times are left out of what is kept,
so that running a notebook again changes nothing but its results.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter
from typing import Any

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

FOLDER = Path(__file__).parent / "notebooks"
CHECKOUT = FOLDER.resolve().parents[1]
PATIENCE = 300
"""s for one cell."""


def execute(path: Path, *, write: bool) -> str:
    """Run one notebook; returns what went wrong."""
    notebook = nbformat.read(path, as_version=4)
    with tempfile.TemporaryDirectory(prefix="notebook-") as folder:
        where = {"metadata": {"path": folder}}
        client = NotebookClient(notebook, timeout=PATIENCE, resources=where)
        try:
            client.execute()
        except CellExecutionError as error:
            return f"{path}: {error}"
    if write:
        for cell in notebook.cells:
            cell.metadata = nbformat.NotebookNode()
            if cell.cell_type == "code":
                cell.execution_count = None
                cell.outputs = [_settled(output) for output in cell.outputs]
        kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
        notebook.metadata = nbformat.from_dict({"kernelspec": kernel})
        nbformat.write(notebook, path)
    return ""


def _settled(output: nbformat.NotebookNode) -> nbformat.NotebookNode:
    if "execution_count" in output:
        output["execution_count"] = None
    return _without_place(output)


def _without_place(value: Any) -> Any:
    """Name files of the checkout from its top: it may lie anywhere."""
    if isinstance(value, str):
        return value.replace(f"{CHECKOUT}{os.sep}", "")
    if isinstance(value, list):
        return [_without_place(item) for item in value]
    if isinstance(value, dict):
        return nbformat.from_dict({key: _without_place(item) for key, item in value.items()})
    return value


def main(words: Sequence[str]) -> int:
    """Run the notebooks and print a line for each."""
    parser = argparse.ArgumentParser(description="Execute the notebooks of the documentation.")
    parser.add_argument("notebooks", nargs="*", type=Path)
    parser.add_argument("--write", action="store_true", help="keep the outputs")
    arguments = parser.parse_args(words)
    os.environ["DOCS"] = str(FOLDER.parent.resolve())
    failed = False
    for path in arguments.notebooks or sorted(FOLDER.glob("*.ipynb")):
        start = perf_counter()
        problem = execute(path.resolve(), write=arguments.write)
        print(f"{path.name}: {'FAILED' if problem else 'run'} ({perf_counter() - start:.1f} s)")
        if problem:
            print(problem, file=sys.stderr)
            failed = True
    return int(failed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
