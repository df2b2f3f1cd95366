"""Sphinx configuration: ``sphinx-build -W -b html docs docs/_build/html``."""

from importlib.metadata import version as installed_version

project = "qdstruct"
author = "The qdstruct developers"
copyright = "The qdstruct developers, MIT licence"  # noqa: A001 - Sphinx names it so
version = release = installed_version("qdstruct")

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.mathjax",
    "sphinx.ext.napoleon",
]
exclude_patterns = ["_build"]
nitpicky = False
suppress_warnings = ["toc.empty_glob"]

myst_enable_extensions = ["deflist", "dollarmath", "colon_fence"]
myst_heading_anchors = 3

autodoc_typehints = "description"
autodoc_member_order = "bysource"
napoleon_google_docstring = False
napoleon_use_rtype = False

html_theme = "furo"
html_title = f"qdstruct {version}"
