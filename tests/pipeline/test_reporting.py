"""Figures of an earlier analysis do not stand beside the results of a later one."""

from __future__ import annotations

from pathlib import Path

import pytest

from qdstruct import report
from qdstruct.pipeline.reporting import write_figures


@pytest.fixture
def draw(monkeypatch: pytest.MonkeyPatch):
    """Let an analysis write the files that are named."""

    def drawing(*names: str) -> None:
        def write(_results, folder: Path, **_) -> tuple[Path, ...]:
            for name in names:
                (folder / name).write_text(f"drawn {name}")
            return tuple(folder / name for name in names)

        monkeypatch.setattr(report, "write_figures", write)

    return drawing


def test_what_is_no_longer_written_goes_and_what_others_wrote_stays(tmp_path, draw) -> None:
    draw("charge.png", "dos.png", "energies.csv")
    write_figures(tmp_path, object())
    folder = tmp_path / "figures"
    (folder / "mine.png").write_text("a user's own")
    (folder / "energies.csv").write_text("changed by a user")
    draw("dos.png")
    write_figures(tmp_path, object())
    left = {path.name for path in folder.iterdir()}
    assert left == {"dos.png", "energies.csv", "mine.png", "files.json"}
