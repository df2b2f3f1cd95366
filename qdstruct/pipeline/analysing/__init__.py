"""What finished calculations say: one file per kind of result, on trees and foreign directories."""

from qdstruct.pipeline.analysing.calculated import calculate
from qdstruct.pipeline.analysing.systems import Settings, System, Workbench

__all__ = ["Settings", "System", "Workbench", "calculate"]
