"""Sphinx configuration: ``sphinx-build -W -b html docs docs/_build/html``."""

from importlib.metadata import version as installed_version
from typing import Any

project = "qdstruct"
author = "The qdstruct developers"
copyright = "The qdstruct developers, MIT licence"  # noqa: A001 - Sphinx names it so
version = release = installed_version("qdstruct")

extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.mathjax",
    "sphinx.ext.napoleon",
]
exclude_patterns = ["_build"]
default_role = "code"
suppress_warnings = ["ref.python"]  # words such as "rotation" in a return type are no links

myst_enable_extensions = ["deflist", "dollarmath", "colon_fence"]
myst_heading_anchors = 3
nb_execution_mode = "off"  # docs/run_notebooks.py executes them

autodoc_typehints = "description"
autodoc_member_order = "bysource"
napoleon_google_docstring = False
napoleon_use_rtype = False

html_theme = "furo"
html_title = f"qdstruct {version}"
html_static_path = ["_static"]
html_css_files = ["custom.css"]


def _keep_bars(
    _app: Any, _what: str, _name: str, _object: Any, _options: Any, lines: list[str]
) -> None:
    """Keep |a| an absolute value; reStructuredText would take it for a substitution."""
    lines[:] = [line.replace("|", "\\|") for line in lines]


def setup(app: Any) -> None:
    """Connect what Sphinx calls while it builds."""
    app.connect("autodoc-process-docstring", _keep_bars, priority=900)
