"""Where a trajectory lies, and requests that none could satisfy."""

from __future__ import annotations

from pathlib import Path

from qdstruct.analysis.dynamics import WINDOWS
from qdstruct.errors import InputError

__all__ = ["SNAPSHOTS", "check_gap_options", "trajectory_place"]

SNAPSHOTS = "dynamics/snapshots"
"""Where a job tree keeps the single points along its trajectory."""
EXPECTED = (
    "name a job tree, a directory with one numbered directory for each step (EIGENVAL, PROCAR, "
    "vaspout.h5 or vasprun.xml in each), or one with EIGTXT or SHPROP.*"
)
MOST_PADDING = 64
"""Times the length of the autocorrelation: more points than any figure shows."""


def trajectory_place(directory: Path) -> Path:
    """Return where the steps lie: the snapshots of a job tree, else the directory itself.

    Raises
    ------
    InputError
        If there is no such directory, or nothing in it is a trajectory.
    """
    directory = Path(directory)
    if not directory.is_dir():
        what = "this is a file, a directory was expected" if directory.exists() else (
            "this directory does not exist"
        )  # fmt: skip
        raise InputError(f"{directory}: {what}", hint=EXPECTED)
    inside = directory / SNAPSHOTS
    if inside.is_dir():
        return inside
    if (directory / "tree.json").is_file():
        raise InputError(
            f"{directory}: this tree has no molecular dynamics (no {SNAPSHOTS})",
            hint="prepare the study with 'dynamics' in calculation.include, and run it",
        )
    numbered = any(path.name.isdigit() and path.is_dir() for path in directory.iterdir())
    if numbered or any(any(directory.glob(name)) for name in ("EIGTXT*", "SHPROP.*")):
        return directory
    raise InputError(
        f"{directory}: there is no trajectory here: no directories 0001, 0002, …, no EIGTXT, no "
        "SHPROP.*",
        hint=EXPECTED,
    )


def check_gap_options(
    *,
    bands: tuple[int, int] | None = None,
    time_step: float | None = None,
    longest: float | None = None,
    window: str = "hann",
    padding: int = 1,
    kpoint: int = 1,
    spin: str | None = None,
) -> None:
    """Refuse what no trajectory could satisfy, before a long one is read.

    Parameters
    ----------
    bands, time_step, longest, window, padding, kpoint, spin
        As `gap_of`.

    Raises
    ------
    InputError
        If one of them is impossible.
    """
    for name, value in (("a time step", time_step), ("a longest lag", longest)):
        if value is not None and not 0 < value < float("inf"):
            raise InputError(f"{name} of {value:g} fs is impossible", hint="give it in fs, above 0")
    if bands is not None and (min(bands) < 1 or bands[0] == bands[1]):
        raise InputError(
            f"bands {bands[0]} and {bands[1]} are not two bands",
            hint="two different numbers from 1, such as 329,330",
        )
    if window not in WINDOWS:
        raise InputError(f"there is no window '{window}'", hint=f"choose {' or '.join(WINDOWS)}")
    if not 1 <= padding <= MOST_PADDING:
        raise InputError(
            f"zero padding to {padding} times the length", hint=f"choose 1 (none) … {MOST_PADDING}"
        )
    if kpoint < 1:
        raise InputError(f"there is no k-point {kpoint}", hint="k-points count from 1")
    if spin not in (None, "up", "down"):
        raise InputError(f"there is no spin '{spin}'", hint="choose up or down")
