"""Phase sums of large cells by finufft, an optional extra (``pip install qdstruct[fast]``)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.util import find_spec

import numpy as np
from numpy.typing import NDArray

from qdstruct.errors import InputError

__all__ = ["chosen_engine", "has_finufft", "nufft_sums"]

ENGINES = ("auto", "dense", "nufft")
NUFFT_PRECISION = 1e-8
_WORTHWHILE = 2_000_000
"""Atoms × reflections above which the non-uniform FFT beats the matrix products."""

_MANY_ATOMS = 100_000
"""Below this one thread is as fast as several, and much faster on a busy machine."""


@cache
def has_finufft() -> bool:
    """Tell whether finufft is installed."""
    return find_spec("finufft") is not None


def chosen_engine(engine: str, work: int) -> str:
    """Resolve ``auto``, and refuse an engine that is unknown or not installed.

    Parameters
    ----------
    engine : str
        One of ``auto``, ``dense``, ``nufft``.
    work : int
        Atoms × reflections.
    """
    if engine not in ENGINES:
        raise InputError(f"unknown engine '{engine}'", hint=f"known are {', '.join(ENGINES)}")
    if engine == "nufft" and not has_finufft():
        raise InputError(
            "the nufft engine needs finufft, which is not installed",
            hint="pip install 'qdstruct[fast]', or use the dense engine",
        )
    if engine == "auto":
        return "nufft" if has_finufft() and work > _WORTHWHILE else "dense"
    return engine


def nufft_sums(
    groups: Mapping[str, NDArray[np.float64]], hkl: NDArray[np.int64]
) -> dict[str, NDArray[np.complex128]]:
    """Return Σ_j exp(2πi hkl·x_j) of each group of atoms by type-1 non-uniform FFTs.

    Parameters
    ----------
    groups : mapping
        Name → (N, 3) fractional coordinates.
    hkl : (M, 3) integer array
        Reflections.

    Returns
    -------
    dict
        Name → (M,) complex sums.

    Notes
    -----
    The box of indices is centred by a phase on every atom, so that the half space that Friedel's
    law leaves costs half.
    """
    import finufft

    columns = np.ascontiguousarray(hkl.T)
    low, high = columns.min(axis=1), columns.max(axis=1)
    centre = (low + high + 1) // 2
    shape = tuple((high - low + 1).tolist())
    place = np.ravel_multi_index(tuple(columns - low[:, None]), shape)
    sums = {}
    for name, fractional in groups.items():
        x, y, z = (np.ascontiguousarray(2 * np.pi * (column % 1.0)) for column in fractional.T)
        box = finufft.nufft3d1(
            x, y, z, np.exp(2j * np.pi * (fractional @ centre)), shape,
            eps=NUFFT_PRECISION, isign=1, upsampfac=1.25,
            nthreads=1 if len(fractional) < _MANY_ATOMS else 0,
        )  # fmt: skip
        sums[name] = np.asarray(box).ravel()[place]
    return sums
