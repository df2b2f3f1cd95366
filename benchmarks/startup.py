"""How long ``qdstruct --help`` takes against an empty Python, in CPU time.

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


def cpu_seconds(code: str) -> tuple[float, float]:
    """Run a Python statement in a new process; return its user and its total CPU seconds."""
    silent = [(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)]
    pid = os.posix_spawn(
        sys.executable, [sys.executable, "-c", code], os.environ, file_actions=silent
    )
    _, status, usage = os.wait4(pid, 0)
    if status != 0:
        raise RuntimeError(f"{code!r} ended with status {status}")
    return usage.ru_utime, usage.ru_utime + usage.ru_stime


def measure(repeats: int) -> list[dict[str, object]]:
    """Return the rows of the benchmark table.

    The kernel splits user from system time by sampling, which is coarse for a process of
    10 ms; the total is exact.
    """
    cpu_seconds(HELP)
    pairs = [(cpu_seconds(HELP), cpu_seconds("pass")) for _ in range(repeats)]
    rows: list[dict[str, object]] = []
    for column, kind in enumerate(("user CPU", "user and system CPU")):
        ours = statistics.median(pair[0][column] for pair in pairs)
        peer = statistics.median(pair[1][column] for pair in pairs)
        row: dict[str, object] = {
            "task": f"qdstruct --help ({kind})",
            "ours_s": ours,
            "peer": "python -c pass",
            "peer_s": peer,
            "ratio": ours / peer,
            "error": None if ours <= LIMIT * peer else f"over the limit of {LIMIT:g}",
        }
        rows.append(row)
    return rows


def main() -> int:
    """Print the rows; end with 1 when one is over the limit."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parser.add_argument("--quick", action="store_true", help="15 pairs instead of 61")
    options = parser.parse_args()
    rows = measure(15 if options.quick else 61)
    if options.json:
        print(json.dumps({"rows": rows}, indent=2))
    else:
        for row in rows:
            print(
                f"{row['task']}: {row['ours_s']:.3f} s, {row['peer']}: {row['peer_s']:.3f} s, "
                f"ratio {row['ratio']:.1f} (limit {LIMIT:g})"
            )
    return 0 if all(row["error"] is None for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
