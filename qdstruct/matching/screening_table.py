"""The table of a screening as a file: csv, json or parquet."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable
from importlib import import_module
from pathlib import Path
from typing import Any

from qdstruct.errors import DestinationError, InputError
from qdstruct.files import write_atomically

__all__ = ["TABLE_KINDS", "pyarrow", "read_table", "write_table"]

TABLE_KINDS = (".csv", ".json", ".parquet")


def write_table(path: Path, rows: Iterable[dict[str, Any]], *, force: bool = True) -> None:
    """Write rows as csv, json or parquet by the ending of `path`, atomically."""
    table = sorted(rows, key=lambda row: (row["area"], row["max_strain"]))
    kind = path.suffix.lower()
    if kind == ".json":
        content: str | bytes = json.dumps({"rows": table}, indent=1, ensure_ascii=False) + "\n"
    elif kind == ".parquet":
        content = _parquet(table)
    else:
        content = _csv(table)
    write_atomically(path, content, force=force)


def read_table(path: Path) -> list[dict[str, Any]]:
    """Read the table of a screening, as `write_table` wrote it.

    Raises
    ------
    InputError
        If the file is missing, or is no such table.
    """
    kind = path.suffix.lower()
    try:
        if kind == ".parquet":
            pyarrow()
            return list(import_module("pyarrow.parquet").read_table(path).to_pylist())
        text = path.read_text(encoding="utf-8")
        if kind == ".json":
            rows = json.loads(text).get("rows", [{}])
        else:
            rows = [_typed(row) for row in csv.DictReader(io.StringIO(text))]
    except FileNotFoundError:
        raise InputError(f"{path}: file not found", hint="check the path") from None
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(
            f"{path}: not the table of a screening: {error}",
            hint=f"a table ends in {', '.join(TABLE_KINDS)} and is made by: qdstruct screen",
        ) from None
    if rows and not {"film", "substrate", "area", "max_strain"} <= set(rows[0]):
        raise InputError(
            f"{path}: not the table of a screening: it has no columns film, substrate, area and "
            "max_strain",
            hint="make one with: qdstruct screen --film … --substrate … -o table.csv",
        )
    return list(rows)


_TEXT = frozenset(
    ("film", "substrate", "film_hkl", "substrate_hkl", "film_directions", "substrate_directions",
     "film_transform", "substrate_transform")
)  # fmt: skip
_COUNTS = frozenset(("atoms", "folded", "number"))


def _typed(row: dict[str, str]) -> dict[str, Any]:
    return {
        name: value if name in _TEXT else int(value) if name in _COUNTS else float(value)
        for name, value in row.items()
    }


def _csv(table: list[dict[str, Any]]) -> str:
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    if table:
        writer.writerow(table[0])
    writer.writerows(row.values() for row in table)
    return stream.getvalue()


def _parquet(table: list[dict[str, Any]]) -> bytes:
    library = pyarrow()
    sink = io.BytesIO()
    import_module("pyarrow.parquet").write_table(library.Table.from_pylist(table), sink)
    return sink.getvalue()


def pyarrow() -> Any:
    """Return the optional package pyarrow, or say how to get it."""
    try:
        return import_module("pyarrow")
    except ImportError as error:
        raise DestinationError(
            "parquet needs pyarrow, which is not installed",
            hint="pip install 'qdstruct[parquet]', or choose a .csv file",
        ) from error
