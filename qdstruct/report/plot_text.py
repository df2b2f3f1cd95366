"""Words of a figure without TeX: runs of plain, lowered and raised letters."""

from __future__ import annotations

import re

__all__ = ["Runs", "runs"]

Runs = list[list[str | int]]
"""Pairs of text and level: 0 on the line, −1 lowered, 1 raised."""

_PIECE = re.compile(r"([_^])(?:\{([^}]*)\}|(\S))")
_BAR = re.compile(r"\\bar\{(\d+)\}")


def runs(text: str) -> Runs:
    r"""Split the text of a figure at its formulas.

    Parameters
    ----------
    text : str
        With the little of TeX that figures use: ``$_F$``, ``$10^{-3}$``, ``$\bar{1}$``.
    """
    found: Runs = []
    for index, part in enumerate(text.split("$")):
        if index % 2:
            found += _formula(part)
        elif part:
            found.append([part, 0])
    return found


def _formula(text: str) -> Runs:
    text = _BAR.sub(lambda bar: "".join(f"{digit}\u0305" for digit in bar[1]), text)
    text = text.replace(r"\,", "\u2009").replace("-", "−")
    found: Runs = []
    end = 0
    for piece in _PIECE.finditer(text):
        if piece.start() > end:
            found.append([text[end : piece.start()], 0])
        found.append([piece[2] or piece[3], -1 if piece[1] == "_" else 1])
        end = piece.end()
    if end < len(text):
        found.append([text[end:], 0])
    return found
