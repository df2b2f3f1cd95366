"""Published numbers beside ours: the table of ``qdstruct reproduce`` and of every report.

Ours is never bent to fit; where the two differ, the reason says what the printed number would need.
"""

from qdstruct.pipeline.reproduction.numbers import (
    NOT_COMPUTABLE,
    PublishedNumber,
    published_numbers,
)
from qdstruct.pipeline.reproduction.table import compare_systems, reproduce

__all__ = [
    "NOT_COMPUTABLE",
    "PublishedNumber",
    "compare_systems",
    "published_numbers",
    "reproduce",
]
