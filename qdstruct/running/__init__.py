"""One job under custodian, the tree on an executor, and the mock engine.

Importing this room is cheap: custodian is loaded only in the process that runs a job.
"""

from qdstruct.running.cancel import cancel
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
