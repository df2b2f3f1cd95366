#!/usr/bin/env bash
# Ends what start.sh started, by the process ids that the daemons wrote down.
set -uo pipefail

timeout 5 scancel --user="$(id -un)" || true
for file in /run/slurmd.pid /run/slurmctld.pid /run/munge/munged.pid; do
  [[ -s $file ]] && kill "$(cat "$file")"
done
exit 0
