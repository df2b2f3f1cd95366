"""Figures and the one-page HTML report."""

from qdstruct.report.directory_page import write_directory_page
from qdstruct.report.files import FORMATS, checked_formats, write_figures
from qdstruct.report.page import write_page
from qdstruct.report.page_figures import study_figures
from qdstruct.report.screening_page import write_screening_page

__all__ = [
    "FORMATS",
    "checked_formats",
    "study_figures",
    "write_directory_page",
    "write_figures",
    "write_page",
    "write_screening_page",
]
