"""The figures of a page: static drawings that a browser draws again where they are of lines."""

from __future__ import annotations

import io
import re
from collections import defaultdict
from html import escape
from typing import TYPE_CHECKING

from qdstruct.model import StudyResults
from qdstruct.report import figures as study_drawings
from qdstruct.report.calculated import calculated_figures
from qdstruct.report.interactive import plot_json
from qdstruct.report.style import figure_style
from qdstruct.resources import data_folder

if TYPE_CHECKING:
    from markupsafe import Markup
    from matplotlib.figure import Figure

__all__ = ["drawn_figures", "page_scripts", "study_figures"]

MATCHES_WORTH_DRAWING = 4
SUBJECTS = {
    "alignment": "Band edges of substrate and film by every route",
    "bader": "Bader charge of each atom against height",
    "charge": "Charge difference and its running integral against height",
    "charge_sections": "Cross-sections of the charge difference",
    "charge_surfaces": "Surfaces of equal gain and loss of charge, with the atoms",
    "chemical_potentials": "Formation energy between the limits of chemical potentials",
    "dos_element": "Density of states by element",
    "dos_layers": "Density of states by atomic plane",
    "dos_map": "Map of the density of states against height and energy",
    "dos_region": "Density of states by region",
    "dos_region_element": "Density of states by region and element",
    "dynamics": "Gap along a trajectory, autocorrelation, spectral density and dephasing",
    "formation": "Formation energy against chemical potential",
    "layers": "Strain and rumpling of every layer against height",
    "match": "Area against largest principal strain of every match",
    "potential": "Electrostatic potential along the normal",
    "powder": "Powder patterns",
    "spots": "Zone-axis patterns",
}
"""What each figure shows, for those who cannot see it."""


def study_figures(results: StudyResults) -> dict[str, Figure]:
    """Draw every figure for which the study has data, by name."""
    drawn: dict[str, Figure] = {}
    with figure_style():
        if len(results.matches) >= MATCHES_WORTH_DRAWING:
            drawn["match"] = study_drawings.match_figure(results.matches, results.chosen_match)
        drawn |= calculated_figures(results.calculated, mock=results.is_mock)
        if results.powder:
            drawn["powder"] = study_drawings.powder_figure(results.powder)
        if results.spots:
            drawn["spots"] = study_drawings.spot_figure(results.spots)
    return drawn


def drawn_figures(figures: dict[str, Figure], data_in: str = "") -> dict[str, Markup]:
    """Return figures as SVG for a page; a name that was not drawn gives nothing.

    Parameters
    ----------
    figures : dict
        Name to figure.
    data_in : str
        Folder beside the page that holds the numbers of each as csv; empty where there is none.
    """
    from markupsafe import Markup

    drawn: dict[str, Markup] = defaultdict(Markup)
    for name, figure in figures.items():
        subject = escape(SUBJECTS.get(name, name.replace("_", " ")))
        parts = [f'<div class="plot" data-about="{subject}">', _svg(figure, name, subject)]
        data = plot_json(name, figure)
        if data:
            parts.append(f'<script type="application/json">{data}</script>')
        if data_in:
            parts.append(f'<p class="plot-file">Numbers: <code>{data_in}/{name}.csv</code></p>')
        drawn[name] = Markup("".join([*parts, "</div>"]))
    return drawn


def page_scripts(*names: str) -> Markup:
    """Return scripts of the folder of templates, one after the other."""
    from markupsafe import Markup

    folder = data_folder("templates") / "report"
    return Markup("".join((folder / name).read_text(encoding="utf-8") for name in names))


def _svg(figure: Figure, name: str, subject: str) -> str:
    buffer = io.StringIO()
    with figure_style():
        figure.savefig(buffer, format="svg", metadata={"Date": None})
        figure.set_layout_engine("none")  # laid out once; the next format takes over the places
    text = buffer.getvalue()
    text = text[text.index("<svg") :]
    # Several drawings share one page, so the identifiers of each must be its own.
    text = re.sub(r'id="', f'id="{name}-', text)
    text = re.sub(r'(xlink:href|href)="#', rf'\1="#{name}-', text)
    text = text.replace("url(#", f"url(#{name}-")
    width = 72 * float(figure.get_size_inches()[0])
    head = f'<svg role="img" aria-label="{subject}" style="--own:{width:.0f}pt" '
    return text.replace("<svg ", head, 1)
