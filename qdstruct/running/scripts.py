"""Shell scripts from templates in which every value is quoted for the shell."""

from __future__ import annotations

import shlex

from qdstruct.resources import data_folder

__all__ = ["render_script"]


def render_script(template: str, **values: object) -> str:
    """Fill a script template; whatever is put in is quoted for the shell.

    Parameters
    ----------
    template : str
        Path below ``templates``. Its filters: ``words`` joins a list into quoted words,
        ``as_typed`` puts a line in as the user typed it.
    **values
        What the template names; a missing one is an error.
    """
    import jinja2

    environment = jinja2.Environment(
        finalize=_quoted, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True,
        undefined=jinja2.StrictUndefined, autoescape=False,
    )  # fmt: skip
    environment.filters["words"] = lambda words: _Typed(shlex.join(words))
    environment.filters["as_typed"] = _Typed
    text = (data_folder("templates") / template).read_text(encoding="utf-8")
    return environment.from_string(text).render(**values)


class _Typed(str):
    """Text that is shell already."""

    __slots__ = ()


def _quoted(value: object) -> str:
    return value if isinstance(value, _Typed) else shlex.quote(str(value))
