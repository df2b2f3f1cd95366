"""``qdstruct-mock-vasp``: run in a job directory, as VASP is."""

from __future__ import annotations

import sys
from pathlib import Path

__all__ = ["main"]

_USAGE = """usage: qdstruct-mock-vasp [-h]

Reads INCAR, KPOINTS and POSCAR in the current directory and writes what VASP would, from a pair
model: a stand-in for tests and demonstrations, no quantum calculation. No POTCAR is needed.
"""


def main() -> int:
    """Run the mock in the current directory; returns the exit code (2 for bad input)."""
    if len(sys.argv) > 1 and sys.argv[1] in ("-h", "--help"):
        sys.stdout.write(_USAGE)
        return 0
    from qdstruct.errors import QdstructError
    from qdstruct.running.mock.run import run

    try:
        return run(Path.cwd(), sys.stdout)
    except QdstructError as error:
        sys.stderr.write(f"error: {error}\n")
        return error.exit_code


if __name__ == "__main__":
    sys.exit(main())
