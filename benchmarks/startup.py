"""How long ``qdstruct --help`` takes against an empty Python, in user CPU time.

Both are started in turn, so that a busy machine slows both alike; the medians are compared.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys

HELP = "import sys; from qdstruct.cli import main; sys.argv = ['qdstruct', '--help']; main()"
LIMIT = 10.0
"""``qdstruct --help`` may cost this many times an empty Python."""


def user_seconds(code: str) -> float:
    """Run a Python statement in a new process; return its user CPU time in seconds."""
    silent = [(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)]
    pid = os.posix_spawn(
        sys.executable, [sys.executable, "-c", code], os.environ, file_actions=silent
    )
    _, status, usage = os.wait4(pid, 0)
    if status != 0:
        raise RuntimeError(f"{code!r} ended with status {status}")
    return usage.ru_utime


def measure(repeats: int) -> dict[str, object]:
    """Return one row of the benchmark table."""
    user_seconds(HELP)
    pairs = [(user_seconds(HELP), user_seconds("pass")) for _ in range(repeats)]
    ours, peer = (statistics.median(column) for column in zip(*pairs, strict=True))
    ratio = ours / peer
    return {
        "task": "qdstruct --help (user CPU)",
        "ours_s": ours,
        "peer": "python -c pass",
        "peer_s": peer,
        "ratio": ratio,
        "error": None if ratio <= LIMIT else f"over the limit of {LIMIT:g}",
    }


def main() -> int:
    """Print the row; end with 1 when it is over the limit."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parser.add_argument("--quick", action="store_true", help="7 pairs instead of 31")
    options = parser.parse_args()
    row = measure(7 if options.quick else 31)
    if options.json:
        print(json.dumps({"rows": [row]}, indent=2))
    else:
        print(f"{row['task']}: {row['ours_s']:.3f} s, {row['peer']}: {row['peer_s']:.3f} s, "
              f"ratio {row['ratio']:.1f} (limit {LIMIT:g})")  # fmt: skip
    return 0 if row["error"] is None else 1


if __name__ == "__main__":
    sys.exit(main())
