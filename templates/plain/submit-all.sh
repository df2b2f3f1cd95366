#!/bin/bash
# Submits every job of a qdstruct tree that is not done, each after those it needs.
# Written by "qdstruct submit --plain". Running it again submits what is neither done nor queued.
set -euo pipefail
cd -- {{ root }}
declare -A id

submit() {  # NAME PARENTS -- OPTIONS OF THE BATCH SYSTEM
  local name=$1 needs="" parent
  shift
  while [ "$1" != -- ]; do
    [ -z "${id[$1]:-}" ] || needs+=":${id[$1]}"
    shift
  done
  shift
  if grep -qs '"state": "done"' "$name/run.json"; then
    return
  fi
{% if executor == "slurm" %}
  local queued
  queued=$(sed -n 's/.*"batch_job": "\([0-9]*\)".*/\1/p' "$name/slurm.json" 2>/dev/null || true)
  if [ -n "$queued" ] && squeue --noheader --jobs="$queued" 2>/dev/null | grep -q .; then
    id[$name]=$queued
    return
  fi
  rm -f "$name/run.json"
  [ -z "$needs" ] || set -- "--dependency=afterok$needs" --kill-on-invalid-dep=yes "$@"
  id[$name]=$(sbatch --parsable --job-name="$name" --output=/dev/null "$@" "$name/plain.sh")
  id[$name]=${id[$name]%%;*}
  printf '{"batch_job": "%s"}\n' "${id[$name]}" >"$name/slurm.json"
{% else %}
  local queued
  queued=$(sed -n 's/.*"batch_job": "\([^"]*\)".*/\1/p' "$name/flux.json" 2>/dev/null || true)
  if [ -n "$queued" ] &&
    flux jobs --no-header --format='{state}' "$queued" 2>/dev/null | grep -qv INACTIVE; then
    id[$name]=$queued
    return
  fi
  rm -f "$name/run.json"
  # Flux takes one dependency an option; a job whose dependency failed is cancelled by Flux itself.
  local dependencies=()
  for parent in ${needs//:/ }; do dependencies+=("--dependency=afterok:$parent"); done
  id[$name]=$(flux batch --job-name="$name" --output=/dev/null \
    "${dependencies[@]}" "$@" "$name/plain.sh")
  printf '{"batch_job": "%s"}\n' "${id[$name]}" >"$name/flux.json"
{% endif %}
  printf '%s\t%s\n' "${id[$name]}" "$name"
}

{% for job in jobs %}
submit {{ job.name }} {{ job.parents | words }} -- {{ job.options | words }}
{% endfor %}
