"""Finding the straight part of an edge, and where its line meets another."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qdstruct.errors import InputError

__all__ = ["StraightPart", "straight_part"]

Floats = NDArray[np.float64]

MIN_POINTS = 5
STEEP = 0.85
"""Windows with less than this part of the steepest slope are not on the edge."""
STRAIGHT = 0.998
"""Least r² of a window that counts as straight, if there is one."""
MOST_STARTS = 160
"""Ends of windows that are tried; longer data are tried at every few points."""


@dataclass(frozen=True, kw_only=True)
class StraightPart:
    """A line through part of a curve, and the level at which it was asked to end."""

    low: float
    """First x of the part."""
    high: float
    """Last x of the part."""
    slope: float
    """Of the line."""
    origin: float
    """Value of the line at x = 0."""
    crossing: float
    """x at which the line reaches the level."""
    error: float
    """Standard deviation of the crossing: that of the line and the spread over other choices of
    the straight part, added in squares."""
    r_squared: float
    """Of the line on its part."""
    n_points: int
    """Points on the part."""
    automatic: bool
    """False if the part was given."""

    def line(self, x: Floats) -> Floats:
        """Return the line at x."""
        return self.slope * x + self.origin


def straight_part(
    x: Floats,
    y: Floats,
    *,
    rising: bool = True,
    level: float = 0.0,
    level_error: float = 0.0,
    span: tuple[float, float] | None = None,
) -> StraightPart:
    """Fit a line to the straight part of an edge.

    Every contiguous window of at least five points is fitted. Those on the edge (at least 85 % of
    the steepest slope of any window that covers a fifth of the rise) and straight (r² ≥ 0.998, or
    within a third of the best misfit) are kept; of them the one that covers the widest range of y
    is taken, and the standard deviation of the crossings of all kept windows, weighted by that
    range, is added to the statistical error.

    Parameters
    ----------
    x, y : (n,) arrays
        Rising x.
    rising : bool
        Sign of the slope wanted.
    level, level_error : float
        y at which the line is to be read off, and its standard deviation.
    span : (float, float), optional
        Straight part to use, instead of the search.

    Raises
    ------
    InputError
        If there are too few points, or no such edge.
    """
    if span is not None:
        kept = (x >= min(span)) & (x <= max(span))
        if kept.sum() < 3:
            raise InputError(f"fewer than 3 points between {min(span):g} and {max(span):g}")
        return _line(x[kept], y[kept], level, level_error, 0.0, automatic=False)
    if len(x) < 2 * MIN_POINTS:
        raise InputError(
            f"{len(x)} points are too few to find a straight part", hint="at least 10 are needed"
        )
    windows = _windows(x, y if rising else -y)
    if not len(windows):
        raise InputError("no straight edge was found", hint="give its range with --range LOW,HIGH")
    first, last = windows[0, :2].astype(int)
    best = _line(x[first:last], y[first:last], level, level_error, 0.0, automatic=True)
    crossings = (level - np.where(rising, 1, -1) * windows[:, 3]) / (
        np.where(rising, 1, -1) * windows[:, 2]
    )
    weights = windows[:, 4] / windows[:, 4].sum()
    spread = float(np.sqrt((weights * (crossings - best.crossing) ** 2).sum()))
    return _line(x[first:last], y[first:last], level, level_error, spread, automatic=True)


def _windows(x: Floats, y: Floats) -> Floats:
    """Return first, last, slope, origin and covered range of windows to keep, widest first."""
    n = len(x)
    step = max(1, n // MOST_STARTS)
    ends = np.unique(np.append(np.arange(0, n + 1, step), n))
    first, last = (a.ravel() for a in np.meshgrid(ends, ends, indexing="ij"))
    long_enough = last - first >= MIN_POINTS
    first, last = first[long_enough], last[long_enough]
    slope, origin, r_squared = _many_lines(x, y, first, last)
    covered = slope * (x[last - 1] - x[first])
    large = covered > 0.2 * np.ptp(y)
    if not large.any():
        return np.empty((0, 5))
    steep = large & (slope >= STEEP * slope[large].max())
    straight = steep & (r_squared >= min(STRAIGHT, 1 - 1.5 * (1 - r_squared[steep].max())))
    order = np.argsort(-covered[straight], kind="stable")
    table = np.column_stack([first, last, slope, origin, covered])[straight][order]
    return np.asarray(table, dtype=np.float64)


def _many_lines(
    x: Floats, y: Floats, first: NDArray[np.int64], last: NDArray[np.int64]
) -> tuple[Floats, Floats, Floats]:
    """Fit lines to many windows at once from running sums of centred data."""
    u, v = x - x.mean(), y - y.mean()
    n = (last - first).astype(float)

    def total(values: Floats) -> Floats:
        running = np.concatenate([[0.0], np.cumsum(values)])
        return np.asarray(running[last] - running[first])

    sx, sy = total(u), total(v)
    xx = total(u * u) - sx**2 / n
    xy = total(u * v) - sx * sy / n
    yy = np.maximum(total(v * v) - sy**2 / n, 1e-300)
    slope = xy / xx
    misfit = np.maximum(yy - slope * xy, 0.0)
    origin = y.mean() + sy / n - slope * (x.mean() + sx / n)
    return slope, origin, 1.0 - misfit / yy


def _line(
    x: Floats, y: Floats, level: float, level_error: float, spread: float, *, automatic: bool
) -> StraightPart:
    n, middle = len(x), x.mean()
    xx = ((x - middle) ** 2).sum()
    slope = float(((x - middle) * (y - y.mean())).sum() / xx)
    if slope == 0.0:
        raise InputError("the part given is flat: its line meets no level")
    residual = y - y.mean() - slope * (x - middle)
    variance = float((residual**2).sum()) / max(n - 2, 1)
    crossing = float(middle + (level - y.mean()) / slope)
    statistical = (variance * (1 / n + (crossing - middle) ** 2 / xx) + level_error**2) / slope**2
    total = float(((y - y.mean()) ** 2).sum())
    return StraightPart(
        low=float(x[0]),
        high=float(x[-1]),
        slope=slope,
        origin=float(y.mean() - slope * middle),
        crossing=crossing,
        error=float(np.sqrt(statistical + spread**2)),
        r_squared=1.0 - float((residual**2).sum()) / total if total else 1.0,
        n_points=n,
        automatic=automatic,
    )
