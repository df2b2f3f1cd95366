"""Is everything there that a user needs, and what to do when it is not."""

from qdstruct.pipeline.doctor.examination import GROUPS, examine, is_well

__all__ = ["GROUPS", "examine", "is_well"]
