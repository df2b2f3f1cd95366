"""The study file a user writes: which crystals meet, how, and what is to be known about it.

A study is YAML. Every mistake is reported with the file, the line, the key, what was expected and
the nearest name.
"""

from qdstruct.study.reading import find_study, load_study, overlay_calculation, study_names
from qdstruct.study.sections import PartName, RecipeName, Study

__all__ = [
    "PartName",
    "RecipeName",
    "Study",
    "find_study",
    "load_study",
    "overlay_calculation",
    "study_names",
]
