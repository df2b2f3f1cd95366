"""From saved results to the page and the figures."""

from __future__ import annotations

from pathlib import Path

from qdstruct import report
from qdstruct.pipeline.analyse import load_results

__all__ = ["write_figures", "write_report"]


def write_report(root: Path, output: Path | None = None, *, force: bool = True) -> Path:
    """Write the HTML report of an analysed tree and return its path."""
    path = output or root / "report.html"
    report.write_page(load_results(root), path, force=force)
    return path


def write_figures(root: Path) -> tuple[Path, ...]:
    """Write figures (PDF, PNG) and their data (csv) into ``figures/`` of an analysed tree."""
    folder = root / "figures"
    folder.mkdir(exist_ok=True)
    return report.write_figures(load_results(root), folder)
