"""Band alignment alone: of finished calculations, without everything else an analysis does."""

from __future__ import annotations

from pathlib import Path

from qdstruct.model import BandAlignment
from qdstruct.pipeline.analyse import study_bench
from qdstruct.pipeline.analysing import Workbench
from qdstruct.pipeline.analysing.alignments import alignments
from qdstruct.pipeline.analysing.foreign import Choices, directory_bench, found_systems
from qdstruct.pipeline.analysing.potentials import potential_results
from qdstruct.pipeline.analysing.projected import dos_results
from qdstruct.pipeline.directory import is_study_tree

__all__ = ["align_calculations"]


def align_calculations(
    root: Path, choices: Choices | None = None
) -> tuple[tuple[BandAlignment, ...], tuple[str, ...]]:
    """Align film and substrate by every route for which `root` holds calculations.

    Parameters
    ----------
    root : Path
        A prepared tree, or any directory with outputs.
    choices : Choices, optional
        What the user says about a foreign directory.

    Returns
    -------
    alignments, notes
    """
    bench = _bench(root, choices or Choices())
    if not bench.is_interface:
        return (), tuple(bench.notes)
    dos = dos_results(bench)
    found = alignments(bench, dos.band_edges, potential_results(bench))
    return found, tuple(bench.notes)


def _bench(root: Path, choices: Choices) -> Workbench:
    if is_study_tree(root):
        return study_bench(root, choices.settings)
    systems, _ = found_systems(root)
    return directory_bench(root, systems, choices)[0]
