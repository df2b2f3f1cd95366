"""What custodian did, read back from its own log (``custodian.json``)."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

__all__ = ["CUSTODIAN_FILE", "read_corrections"]

CUSTODIAN_FILE = "custodian.json"


def read_corrections(directory: Path) -> tuple[str, ...]:
    """Return what custodian found and changed in a job directory, in order; repeats in a row once.

    Each entry reads ``brmix: INCAR ISTART = 1 (VaspErrorHandler)``. An absent or unreadable log
    gives no entries: the log is custodian's, and only informs.
    """
    try:
        log = json.loads((directory / CUSTODIAN_FILE).read_text(encoding="utf-8"))
        entries = [entry for run in log for entry in run["corrections"]]
        words = (_in_words(entry) for entry in entries if not entry.get("skipped"))
        return tuple(word for word, _same in itertools.groupby(words))
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return ()


def _in_words(entry: dict[str, Any]) -> str:
    errors = ", ".join(str(error) for error in entry["errors"])
    actions = "; ".join(_action_in_words(action) for action in entry["actions"] or ())
    handler = entry["handler"]["@class"]
    return f"{errors}: {actions or 'no remedy known'} ({handler})"


def _action_in_words(action: Any) -> str:
    if not isinstance(action, dict) or "action" not in action:
        return str(action)
    target = action.get("dict") or action.get("file") or ""
    return ", ".join(
        f"{target} {_one_change(kind, change)}" for kind, change in action["action"].items()
    )


def _one_change(kind: str, change: Any) -> str:
    if kind == "_set" and isinstance(change, dict):
        return ", ".join(f"{key} = {value}" for key, value in change.items())
    if kind == "_unset" and isinstance(change, dict):
        return ", ".join(f"without {key}" for key in change)
    if kind == "_file_copy" and isinstance(change, dict):
        return f"copied to {change.get('dest')}"
    if kind == "_file_delete":
        return "deleted"
    return f"{kind} {change}"
