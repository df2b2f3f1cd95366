"""The comparison as a page of Markdown and as a table of csv."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Sequence

from qdstruct.model import PublishedComparison
from qdstruct.pipeline.reproduction.costs import CalculationCost
from qdstruct.pipeline.reproduction.numbers import NOT_COMPUTABLE, shown

__all__ = ["csv_table", "markdown_page"]

_COLUMNS = ("system", "quantity", "published", "ours", "unit", "verdict", "reason", "source")


def csv_table(rows: Sequence[PublishedComparison]) -> str:
    """Return one line per number, every column of the comparison."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(_COLUMNS)
    writer.writerows([getattr(row, name) or "" for name in _COLUMNS] for row in rows)
    return buffer.getvalue()


def markdown_page(
    rows: Sequence[PublishedComparison], costs: Sequence[CalculationCost], *, asked: str = "all"
) -> str:
    """Return the page of the documentation: what was computed, what needs VASP, what is left."""
    counts = Counter(row.verdict for row in rows)
    parts = [
        "# Published numbers beside ours",
        f"This page was written by `qdstruct reproduce {asked} --format md`; `--format csv` and "
        "`--json` give the same to programs. Ours is never bent to fit: where the two differ, the "
        "reason says what the printed number would need. Rows: "
        + ", ".join(f"{verdict} {count}" for verdict, count in sorted(counts.items()))
        + ".",
        "## Computed here",
    ]
    for system in dict.fromkeys(row.system for row in rows if row.verdict != NOT_COMPUTABLE):
        chosen = [r for r in rows if r.system == system and r.verdict != NOT_COMPUTABLE]
        lines = [
            (r.quantity, r.published, r.ours or "", r.unit, r.verdict, r.reason, r.source)
            for r in chosen
        ]
        heading = ("Quantity", "Published", "Ours", "Unit", "Verdict", "Why", "Source")
        parts += [f"### {system}", _table(heading, lines)]
    if costs:
        parts += ["## What needs VASP", _costs(costs)]
    parts += ["## Not computable here", _left(rows)]
    return "\n\n".join(parts) + "\n"


def _costs(costs: Sequence[CalculationCost]) -> str:
    lines = [
        (number.system, number.quantity, f"{shown(number.value)} {number.unit}".strip(),
         str(cost.n_atoms), f"{cost.n_jobs:,}", f"{cost.core_hours:,.0f}",
         f"`{cost.calculation.command}`", cost.calculation.remark)
        for cost in costs
        for number in cost.numbers
    ]  # fmt: skip
    heading = ("System", "Quantity", "Published", "Atoms", "Jobs", "Core-hours", "Command", "And")
    words = (
        "One line per number; lines with the same command share one calculation. The cells are "
        "those that qdstruct builds; the ones behind the published numbers are not in our sources. "
        f"Core-hours are those of the whole tree ({costs[0].model}). Without VASP the same "
        "commands run on the mock, which shows the way and gives no physics."
    )
    return f"{words}\n\n{_table(heading, lines)}"


def _left(rows: Sequence[PublishedComparison]) -> str:
    lines = [
        (r.system, r.quantity, r.published, r.unit, r.reason)
        for r in rows
        if r.verdict == NOT_COMPUTABLE
    ]
    return _table(("System", "Quantity", "Published", "Unit", "Why"), lines)


def _table(heading: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    rows = [heading, ["---"] * len(heading), *lines]
    return "\n".join("| " + " | ".join(_cell(cell) for cell in row) + " |" for row in rows)


def _cell(text: str) -> str:
    """Return text that neither ends the cell nor begins any markup."""
    escaped = text.replace("\\", "\\\\").replace("|", "\\|").replace("$", "\\$")
    if text.startswith("`"):
        return escaped
    return escaped.replace("*", "\\*").replace("_", "\\_").replace("<", "&lt;")
