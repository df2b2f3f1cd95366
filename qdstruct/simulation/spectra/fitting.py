"""Weighted least squares with uncertainties (the only importer of lmfit)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from qdstruct.errors import InputError, RunError
from qdstruct.model.fits import FittedValue, SpectrumFit

if TYPE_CHECKING:
    from xarray import Dataset

__all__ = ["Axis", "Derived", "Unknown", "Values", "fit_curve", "labelled_curve", "propagate"]

Floats = NDArray[np.float64]
Values = Mapping[str, float]
Model = Callable[[Floats, Values], Floats]


@dataclass(frozen=True, kw_only=True)
class Unknown:
    """A parameter to fit."""

    name: str
    """Symbol."""
    start: float
    """First guess, or the value if it is fixed."""
    unit: str
    """Unit."""
    meaning: str
    """In words."""
    low: float = -np.inf
    """Lower bound."""
    high: float = np.inf
    """Upper bound."""
    fixed: bool = False
    """True to keep it at `start`."""


@dataclass(frozen=True, kw_only=True)
class Derived:
    """A number computed from the parameters."""

    name: str
    """Symbol."""
    unit: str
    """Unit."""
    meaning: str
    """In words."""
    value: Callable[[Values], float]
    """From the parameters by name."""


@dataclass(frozen=True, kw_only=True)
class Axis:
    """Name and unit of one axis of the data."""

    name: str
    """In words."""
    unit: str
    """Unit."""


def fit_curve(
    model: Model,
    unknowns: Sequence[Unknown],
    x: Floats,
    y: Floats,
    *,
    sigma: Floats | None = None,
    kind: str,
    formula: str,
    source: str,
    axes: tuple[Axis, Axis],
    derived: Sequence[Derived] = (),
    weighting: str | None = None,
    warnings: Sequence[str] = (),
) -> SpectrumFit:
    """Fit a model by least squares (Levenberg–Marquardt).

    Parameters
    ----------
    model : callable
        Values at x for parameters by name.
    unknowns : sequence of Unknown
        Parameters with first guesses and bounds.
    x, y : (n,) arrays
        Data.
    sigma : (n,) array, optional
        Standard deviations of y. With them errors are absolute; without, all points weigh the same
        and errors are scaled so that χ² per degree of freedom is one.
    kind, formula, source, axes, derived, weighting, warnings
        What the result says of itself.

    Returns
    -------
    SpectrumFit
        Values and curve; errors are square roots of the diagonal of the covariance matrix.

    Raises
    ------
    InputError
        If there are not more points than free parameters.
    RunError
        If the fit does not converge.
    """
    free = [u.name for u in unknowns if not u.fixed]
    if len(x) <= len(free):
        raise InputError(
            f"{len(x)} points cannot determine {len(free)} parameters ({', '.join(free)})",
            hint="give more points, or fix a parameter",
        )
    values, covariance, result_warnings = _minimise(model, unknowns, x, y, sigma)
    fitted = model(x, values)
    residual = y - fitted
    chi = float(((residual / (1.0 if sigma is None else sigma)) ** 2).sum())
    total = float(((y - y.mean()) ** 2).sum())
    n, m = len(x), len(free)
    badness = n * np.log(max(chi, 1e-300) / n) if sigma is None else chi
    weigh = weighting or ("all points alike" if sigma is None else "by the errors given")
    return SpectrumFit(
        kind=kind,
        formula=formula,
        source=source,
        parameters=tuple(_value(u, values, covariance, free) for u in unknowns),
        derived=tuple(propagate(d, values, covariance, free) for d in derived),
        n_points=n,
        reduced_chi_square=chi / (n - m),
        r_squared=1.0 - float((residual**2).sum()) / total if total else 1.0,
        aic=float(badness + 2 * m),
        bic=float(badness + m * np.log(n)),
        weighting=weigh,
        warnings=(*warnings, *result_warnings),
        curve=labelled_curve(x, y, fitted, axes),
    )


def _minimise(
    model: Model, unknowns: Sequence[Unknown], x: Floats, y: Floats, sigma: Floats | None
) -> tuple[dict[str, float], Floats | None, list[str]]:
    """Return values, the covariance of the free parameters, and warnings."""
    try:
        from lmfit import Minimizer, Parameters
    except ImportError as error:
        raise InputError(
            "fits need lmfit, which is not installed", hint="pip install 'qdstruct[fits]'"
        ) from error
    parameters = Parameters()
    for u in unknowns:
        parameters.add(u.name, value=u.start, min=u.low, max=u.high, vary=not u.fixed)
    weight = 1.0 if sigma is None else 1.0 / sigma
    names = [u.name for u in unknowns]
    free = [u.name for u in unknowns if not u.fixed]

    def distance(p: Mapping[str, float]) -> Floats:
        values = {name: float(p[name]) for name in names}
        return np.nan_to_num((y - model(x, values)) * weight, nan=1e30, posinf=1e30, neginf=-1e30)

    minimizer = Minimizer(distance, parameters, scale_covar=sigma is None)
    result = minimizer.minimize(method="leastsq")
    if not result.success:
        raise RunError(
            f"the fit did not converge: {result.message}",
            hint="fit a simpler model, or a range in which the model holds",
        )
    values = {name: float(result.params[name].value) for name in names}
    covariance = _covariance(minimizer, result, unknowns, values, free)
    return values, covariance, _warnings(unknowns, values, covariance, free)


def _covariance(
    minimizer: Any, result: Any, unknowns: Sequence[Unknown], values: Values, free: list[str]
) -> Floats | None:
    """Return the covariance of the free parameters; those at a bound count as exactly there."""
    covariance = getattr(result, "covar", None)
    if covariance is not None:
        return np.asarray(covariance)
    stuck = {u.name for u in unknowns if not u.fixed and _bound(u, values[u.name]) is not None}
    if not stuck or stuck == set(free):
        return None
    parameters = result.params.copy()
    for name in stuck:
        parameters[name].vary = False
    again = minimizer.minimize(method="leastsq", params=parameters)
    part = getattr(again, "covar", None)
    if part is None:
        return None
    loose = [place for place, name in enumerate(free) if name not in stuck]
    whole = np.zeros((len(free), len(free)))
    whole[np.ix_(loose, loose)] = part
    return whole


def _bound(u: Unknown, value: float) -> float | None:
    """Return the bound at which a value lies, if any."""
    for end in (u.low, u.high):
        if np.isfinite(end) and abs(value - end) <= 1e-6 * max(1.0, abs(end)):
            return end
    return None


def _warnings(
    unknowns: Sequence[Unknown], values: Values, covariance: Floats | None, free: list[str]
) -> list[str]:
    found = []
    for u in unknowns:
        end = _bound(u, values[u.name])
        if not u.fixed and end is not None:
            found.append(f"{u.name} ended at its bound {end:g}: its error means little")
    if covariance is None:
        found.append("no uncertainties: the data do not determine all parameters")
        return found
    spread = np.sqrt(np.where(np.diag(covariance) > 0, np.diag(covariance), np.inf))
    together = covariance / np.outer(spread, spread) * (1 - np.eye(len(free)))
    i, j = np.unravel_index(np.abs(together).argmax(), together.shape)
    if abs(together[i, j]) > 0.99:
        found.append(
            f"{free[i]} and {free[j]} are strongly correlated ({together[i, j]:+.4f}): the data "
            "determine their combination better than either"
        )
    return found


def _value(u: Unknown, values: Values, covariance: Floats | None, free: list[str]) -> FittedValue:
    error = None
    if not u.fixed and covariance is not None:
        place = free.index(u.name)
        error = float(np.sqrt(max(covariance[place, place], 0.0)))
    return FittedValue(
        name=u.name, value=values[u.name], error=error, unit=u.unit, meaning=u.meaning,
        fixed=u.fixed,
    )  # fmt: skip


def propagate(
    quantity: Derived, values: Values, covariance: Floats | None, free: Sequence[str]
) -> FittedValue:
    """Return a derived number with its error to first order, correlations included."""
    best = quantity.value(values)
    error = None
    if covariance is not None and free:
        slopes = []
        for place, name in enumerate(free):
            step = 1e-3 * float(np.sqrt(max(covariance[place, place], 0.0))) or 1e-9
            up = quantity.value({**values, name: values[name] + step})
            down = quantity.value({**values, name: values[name] - step})
            slopes.append((up - down) / (2 * step))
        gradient = np.array(slopes)
        error = float(np.sqrt(max(gradient @ covariance @ gradient, 0.0)))
        error = error if np.isfinite(error) else None
    return FittedValue(
        name=quantity.name, value=float(best), error=error, unit=quantity.unit,
        meaning=quantity.meaning,
    )  # fmt: skip


def labelled_curve(x: Floats, y: Floats, fitted: Floats, axes: tuple[Axis, Axis]) -> Dataset:
    """Return measured and fitted values with names and units."""
    from xarray import Dataset

    across, up = axes
    attrs = {"long_name": up.name, "units": up.unit}
    return Dataset(
        {
            "measured": ("x", y, attrs),
            "fitted": ("x", fitted, attrs),
            "residual": ("x", y - fitted, attrs),
        },
        coords={"x": ("x", x, {"long_name": across.name, "units": across.unit})},
    )
