"""The compiled inner loop that turns columns of printed numbers into floats, exactly rounded.

A number of at most 15 or so digits times a power of ten up to 10²² is converted with one exact
integer and one correctly rounded multiplication or division (W. D. Clinger, "How to read floating
point numbers accurately", PLDI 1990); every other number is left to Python's own ``float``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import numba
import numpy as np

__all__ = ["BAD", "FULL", "MORE", "scan_numbers"]

FULL = 0
"""The output array is full."""
MORE = 1
"""The buffer ended first (perhaps inside a number): call again with more bytes."""
BAD = 2
"""The bytes at the returned position are not a number."""

_POWERS = 10.0 ** np.arange(23)
_EXACT = 2**53


F = TypeVar("F", bound=Callable[..., Any])


def _compiled(function: F) -> F:
    """Compile; keep the machine code on disk where a folder can be written for it."""
    try:
        return numba.njit(cache=True, nogil=True)(function)  # type: ignore[no-any-return]
    except RuntimeError:
        return numba.njit(nogil=True)(function)  # type: ignore[no-any-return]


@_compiled
def scan_numbers(
    buffer: Any, start: int, out: Any, filled: int, deferred: Any, skip_tags: bool
) -> tuple[int, int, int, int, int]:
    """Read whitespace-separated numbers from `buffer` into `out`.

    Parameters
    ----------
    buffer : (M,) uint8
        Bytes of the file.
    start : int
        Where to begin.
    out : (N,) float64
        Filled from index `filled` on.
    filled : int
        Numbers already in `out`.
    deferred : (K, 3) int64
        Receives (index, first byte, byte after the last) of every number that needs Python's
        ``float``; scanning stops with MORE when it is full.
    skip_tags : bool
        Treat ``<...>`` as white space (rows of an XML table).

    Returns
    -------
    status, position, filled, lines, n_deferred : int
        FULL, MORE or BAD; the byte to go on from; numbers in `out`; line ends passed; rows used
        in `deferred`.
    """
    position, lines, waiting = start, 0, 0
    end = buffer.size
    while filled < out.size:
        while position < end and buffer[position] <= 32:
            if buffer[position] == 10:
                lines += 1
            position += 1
        if position == end:
            return MORE, position, filled, lines, waiting
        if skip_tags and buffer[position] == 60:
            close = position
            while close < end and buffer[close] != 62:
                close += 1
            if close == end:
                return MORE, position, filled, lines, waiting
            position = close + 1
            continue
        first = position
        negative = buffer[position] == 45
        if negative or buffer[position] == 43:
            position += 1
        mantissa = 0
        digits = 0
        scale = 0
        while position < end:
            digit = int(buffer[position]) - 48
            if digit < 0 or digit > 9:
                break
            mantissa = mantissa * 10 + digit
            digits += 1
            position += 1
        if position < end and buffer[position] == 46:
            position += 1
            point = position
            while position < end:
                digit = int(buffer[position]) - 48
                if digit < 0 or digit > 9:
                    break
                mantissa = mantissa * 10 + digit
                position += 1
            scale = point - position
            digits += position - point
        if position == end:
            return MORE, first, filled, lines, waiting
        if digits == 0:
            return BAD, first, filled, lines, waiting
        letter = buffer[position]
        if letter == 69 or letter == 101 or letter == 68 or letter == 100:
            position += 1
            if position == end:
                return MORE, first, filled, lines, waiting
            letter = buffer[position]
            if letter != 43 and letter != 45 and (letter < 48 or letter > 57):
                return BAD, first, filled, lines, waiting
            exponent_follows = True
        else:
            exponent_follows = letter == 43 or letter == 45
        if exponent_follows:
            minus = buffer[position] == 45
            if minus or buffer[position] == 43:
                position += 1
            exponent = 0
            exponent_start = position
            while position < end:
                digit = int(buffer[position]) - 48
                if digit < 0 or digit > 9:
                    break
                if exponent < 100000:
                    exponent = exponent * 10 + digit
                position += 1
            if position == end:
                return MORE, first, filled, lines, waiting
            if position == exponent_start:
                return BAD, first, filled, lines, waiting
            scale += -exponent if minus else exponent
        if buffer[position] > 32 and not (skip_tags and buffer[position] == 60):
            return BAD, first, filled, lines, waiting
        if mantissa == 0 and digits <= 18:
            value = 0.0
        elif digits > 18 or mantissa > _EXACT or scale > 22 or scale < -22:
            if waiting == deferred.shape[0]:
                return MORE, first, filled, lines, waiting
            deferred[waiting, 0] = filled
            deferred[waiting, 1] = first
            deferred[waiting, 2] = position
            waiting += 1
            value = 0.0
        elif scale < 0:
            value = mantissa / _POWERS[-scale]
        else:
            value = mantissa * _POWERS[scale]
        out[filled] = -value if negative else value
        filled += 1
    return FULL, position, filled, lines, waiting
