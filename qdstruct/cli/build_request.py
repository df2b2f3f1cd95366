"""What a build command was asked to write, refused before any work where it cannot be."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

PICTURES = (".png", ".pdf", ".svg")
"""Formats of ``--figure``."""


@dataclass(frozen=True)
class Wanted:
    """Which files a build command was asked for, and how it is to answer."""

    output: Path | None
    figure: Path | None
    view: bool
    colour: str
    force: bool
    as_json: bool

    @property
    def page(self) -> Path | None:
        """The page of ``--view``, beside the structure file."""
        return page_beside(self.output) if self.view and self.output is not None else None

    def check(self) -> None:
        """Refuse requests that cannot be met, before any work.

        Raises
        ------
        InputError
            For ``--view`` without a structure file, an unknown colouring or picture format, or a
            file that exists already.
        """
        from qdstruct.errors import InputError
        from qdstruct.files import refuse_existing

        if self.view and self.output is None:
            raise InputError("--view writes its page beside the structure", hint="add -o FILE")
        check_colour(self.colour)
        if self.figure is not None and self.figure.suffix.lower() not in PICTURES:
            raise InputError(
                f"{self.figure}: no picture format has this name",
                hint=f"use {', '.join(PICTURES)}",
            )
        for path in (self.output, self.figure, self.page):
            if path is not None:
                refuse_existing(path, force=self.force)


def page_beside(structure: Path) -> Path:
    """Return where the 3D page of a structure file goes: ``NAME.html`` beside it."""
    return structure.with_name(structure.name + ".html" if not structure.suffix else
                               structure.with_suffix(".html").name)  # fmt: skip


def check_colour(colour: str) -> None:
    """Refuse a colouring that does not exist."""
    from qdstruct.errors import InputError

    if colour not in ("element", "region"):
        raise InputError(f"there is no colouring '{colour}'", hint="element or region")
