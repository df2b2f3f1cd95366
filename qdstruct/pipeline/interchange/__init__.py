"""Handing trees and structures to other programs, and taking structures from databases."""

from qdstruct.pipeline.interchange.databases import fetch_structure
from qdstruct.pipeline.interchange.flow import to_flow
from qdstruct.pipeline.interchange.provenance import provenance
from qdstruct.pipeline.interchange.quacc import write_quacc

__all__ = ["fetch_structure", "provenance", "to_flow", "write_quacc"]
