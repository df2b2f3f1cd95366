"""One job under custodian, the tree on an executor, and the mock engine.

The names are imported on first use: an engine is a process of its own that starts by importing this
room, and needs none of them. custodian is loaded only in the process that runs a job.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from qdstruct.running.cancelling import cancel
    from qdstruct.running.engine import ENGINES, Engine, find_engine
    from qdstruct.running.job import run_job
    from qdstruct.running.locks import LockHeldError
    from qdstruct.running.plain import PlainJob, write_plain_scripts
    from qdstruct.running.preload import PreloadedExecutor
    from qdstruct.running.profile import load_profile
    from qdstruct.running.records import read_record
    from qdstruct.running.slurm import SlurmExecutor
    from qdstruct.running.status import retry, tree_engines, tree_methods, tree_status
    from qdstruct.running.tree import require_all_done, run_tree

__all__ = [
    "ENGINES",
    "Engine",
    "LockHeldError",
    "PlainJob",
    "PreloadedExecutor",
    "SlurmExecutor",
    "cancel",
    "find_engine",
    "load_profile",
    "read_record",
    "require_all_done",
    "retry",
    "run_job",
    "run_tree",
    "tree_engines",
    "tree_methods",
    "tree_status",
    "write_plain_scripts",
]

_HOMES = {
    "cancelling": ("cancel",),
    "engine": ("ENGINES", "Engine", "find_engine"),
    "job": ("run_job",),
    "locks": ("LockHeldError",),
    "plain": ("PlainJob", "write_plain_scripts"),
    "preload": ("PreloadedExecutor",),
    "profile": ("load_profile",),
    "records": ("read_record",),
    "slurm": ("SlurmExecutor",),
    "status": ("retry", "tree_engines", "tree_methods", "tree_status"),
    "tree": ("require_all_done", "run_tree"),
}
"""Module of this room → the names that it gives to others."""
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> Any:
    if name not in _HOME_OF:
        raise AttributeError(f"module 'qdstruct.running' has no attribute {name!r}")
    return getattr(import_module(f"qdstruct.running.{_HOME_OF[name]}"), name)
