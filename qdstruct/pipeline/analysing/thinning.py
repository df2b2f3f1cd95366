"""Fewer digits for arrays that are only drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from xarray import DataArray

__all__ = ["few_digits", "short_table"]


def few_digits(values: NDArray[Any], digits: int = 5) -> NDArray[np.float64]:
    """Round to so many significant digits, so that the JSON stays small."""
    size = np.abs(np.asarray(values, dtype=np.float64))
    power = np.floor(np.log10(np.where(size > 0, size, 1.0)))
    scale = 10.0 ** (digits - 1 - power)
    return np.asarray(np.round(values * scale) / scale, dtype=np.float64)


def short_table(table: DataArray, digits: int = 5) -> DataArray:
    """Return the same table with fewer digits."""
    return table.copy(data=few_digits(np.asarray(table), digits))
