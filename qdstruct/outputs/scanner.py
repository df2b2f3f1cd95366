"""The compiled inner loop that turns columns of printed numbers into floats, exactly rounded.

A number of at most 15 or so digits times a power of ten up to 10²² is converted with one exact
integer and one correctly rounded multiplication or division (W. D. Clinger, "How to read floating
point numbers accurately", PLDI 1990); every other number is left to Python's own ``float``. The two
formats that fill VASP's large files, ``0.12345678901E+02`` of grids and ``0.1234`` of densities of
states, are recognised in eight-byte words and converted without a loop; columns of a grid are
followed from number to number without looking for white space.
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
_1, _2, _3, _4, _5, _6, _7 = (np.uint64(k) for k in range(1, 8))
_HIGH = np.uint64(0xF0F0F0F0F0F0F0F0)
_LOW = np.uint64(0x0F0F0F0F0F0F0F0F)
_ZEROS = np.uint64(0x3030303030303030)
_SIXES = np.uint64(0x0606060606060606)
_BYTE, _TEN, _THOUSAND = np.uint64(0xFF), np.uint64(10), np.uint64(1000)
_TAIL_MASK = np.uint64(0x00F0F000FFF0F0F0)
_TAIL = np.uint64(0x0030300045303030)
_TAIL_HIGH = np.uint64(0x00F0F00000F0F0F0)
_TAIL_ZEROS = np.uint64(0x0030300000303030)
_FOUR_MASK, _FOUR_ZEROS = np.uint64(0xF0F0F0F0), np.uint64(0x30303030)
_FOUR_LOW = np.uint64(0x0F0F0F0F)
_PAIRS = np.uint64(0x00FF00FF00FF00FF)
_FOURS = np.uint64(0x0000FFFF0000FFFF)


F = TypeVar("F", bound=Callable[..., Any])


def _compiled(function: F) -> F:
    """Compile; keep the machine code on disk where a folder can be written for it."""
    try:
        return numba.njit(cache=True, nogil=True)(function)  # type: ignore[no-any-return]
    except RuntimeError:
        return numba.njit(nogil=True)(function)  # type: ignore[no-any-return]


@_compiled
def _eight(buffer: Any, start: Any) -> Any:
    """Return eight bytes as one word, the first in the lowest place."""
    return (
        np.uint64(buffer[start])
        | np.uint64(buffer[start + _1]) << np.uint64(8)
        | np.uint64(buffer[start + _2]) << np.uint64(16)
        | np.uint64(buffer[start + _3]) << np.uint64(24)
        | np.uint64(buffer[start + _4]) << np.uint64(32)
        | np.uint64(buffer[start + _5]) << np.uint64(40)
        | np.uint64(buffer[start + _6]) << np.uint64(48)
        | np.uint64(buffer[start + _7]) << np.uint64(56)
    )


@_compiled
def _long(word: Any, tail: Any, lead: Any) -> Any:
    """Return the number ``d.dddddddddddE±dd`` without its sign, −1 where these bytes are none.

    `lead` is the digit before the point; `word` holds the eight bytes after it, `tail` the next
    eight, the last of which ends the number.
    """
    sign = np.int64((tail >> np.uint64(32)) & _BYTE)
    if not (
        (word & _HIGH) == _ZEROS
        and ((word + _SIXES) & _HIGH) == _ZEROS
        and (tail & _TAIL_MASK) == _TAIL
        and ((tail + _SIXES) & _TAIL_HIGH) == _TAIL_ZEROS
        and ((sign - 43) & -3) == 0
        and (tail >> np.uint64(56)) <= np.uint64(32)
        and 0 <= lead <= 9
    ):
        return -1.0
    word = ((word & _LOW) * np.uint64(2561)) >> np.uint64(8)
    word = ((word & _PAIRS) * np.uint64(6553601)) >> np.uint64(16)
    word = ((word & _FOURS) * np.uint64(42949672960001)) >> np.uint64(32)
    tail &= _LOW
    pair = (tail * np.uint64(2561)) >> np.uint64(8)
    last = (pair & _BYTE) * _TEN + ((tail >> np.uint64(16)) & _BYTE)
    whole = lead * 100000000000 + np.int64(word * _THOUSAND + last)
    shift = (44 - sign) * np.int64((pair >> np.uint64(40)) & _BYTE) - 11
    if shift < -22 or shift > 22:
        return -1.0
    return whole / _POWERS[-shift] if shift < 0 else whole * _POWERS[shift]


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
        # Columns of a grid: a blank and seventeen characters, again and again.
        while filled < out.size and position + 19 <= end:
            blank = np.uint64(position)
            if buffer[blank] != 32 or buffer[blank + _2] != 46:
                break
            word, tail = _eight(buffer, blank + _3), _eight(buffer, blank + np.uint64(11))
            value = _long(word, tail, np.int64(buffer[blank + _1]) - 48)
            if value < 0.0:
                break
            out[filled] = value
            filled += 1
            position += 18
        if filled == out.size:
            break
        if position + 1 < end and buffer[position] == 10 and buffer[position + 1] == 32:
            lines += 1
            position += 1
            continue
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
        signed = buffer[np.uint64(position)] == 45
        point = position + 2 if signed else position + 1
        if point + 17 <= end and buffer[np.uint64(point)] == 46:
            word = _eight(buffer, np.uint64(point + 1))
            lead = int(buffer[np.uint64(point - 1)]) - 48
            if (
                (word & _FOUR_MASK) == _FOUR_ZEROS
                and ((word + _SIXES) & _FOUR_MASK) == _FOUR_ZEROS
                and ((word >> np.uint64(32)) & _BYTE) <= np.uint64(32)
                and 0 <= lead <= 9
            ):
                pair = ((word & _FOUR_LOW) * np.uint64(2561)) >> np.uint64(8)
                last = (pair & _BYTE) * np.uint64(100) + ((pair >> np.uint64(16)) & _BYTE)
                short = (lead * 10000 + np.int64(last)) / 10000.0
                out[filled] = -short if signed else short
                filled += 1
                position = point + 5
                continue
            value = _long(word, _eight(buffer, np.uint64(point + 9)), lead)
            if value >= 0.0:
                out[filled] = -value if signed else value
                filled += 1
                position = point + 16
                continue
        first = position
        negative = buffer[position] == 45
        if negative or buffer[position] == 43:
            position += 1
        before = position
        mantissa = 0
        while position < end:
            digit = int(buffer[position]) - 48
            if digit < 0 or digit > 9:
                break
            mantissa = mantissa * 10 + digit
            position += 1
        digits = position - before
        scale = 0
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
