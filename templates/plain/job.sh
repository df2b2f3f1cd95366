#!/bin/bash
# One job of a qdstruct tree that needs no Python where it runs: bash and awk alone.
# Written by "qdstruct submit --plain"; every value below is quoted for the shell.
set -u
root={{ root }}
name={{ name }}
engine={{ engine }}
cd -- "$root/$name" || exit 1
export OMP_NUM_THREADS="${OMP_NUM_THREADS:-1}" LC_ALL=C
grep -qs '"state": "done"' run.json && exit 0
if command -v flock >/dev/null; then  # so that "qdstruct status" sees it, and nobody runs it twice
  exec 9>>{{ lock }}
  # "qdstruct status" holds the lock for a moment to see whether the job runs: wait that out.
  flock --timeout 5 9 || { printf '%s: runs already\n' "$name" >&2; exit 75; }
  printf '%s %s\n' "$$" "$(hostname)" >{{ lock }}
fi

now() { date -u +%Y-%m-%dT%H:%M:%S+00:00; }
started=$(now)
energy=null steps=null converged=null

record() {  # STATE FINISHED ERROR
  printf '{\n  "state": "%s",\n  "engine": "%s",\n  "attempts": 1,\n  "host": "%s",\n  "pid": %s,\n  "started": "%s",\n  "finished": %s,\n  "energy": %s,\n  "converged": %s,\n  "n_ionic_steps": %s,\n  "max_force": null,\n  "corrections": [],\n  "error": %s\n}\n' \
    "$1" "$engine" "$(hostname)" "$$" "$started" "$2" "$energy" "$converged" "$steps" "$3" \
    >.run.json.part && mv -f .run.json.part run.json
}

fail() {
  local said=${1//[\"\\]/}
  record failed "\"$(now)\"" "\"$said\""
  printf '%s: %s\n' "$name" "$1" >&2
  exit 1
}

fetch() {  # PARENT FILE AS
  [ -s "$root/$1/$2" ] || fail "$2 of $1 is missing"
  cp -- "$root/$1/$2" ".$3.part" && mv -f ".$3.part" "$3" || fail "$3 cannot be written"
}

record running null null
{% if structure == "whole" %}
fetch {{ structure_from }} CONTCAR POSCAR
{% elif structure == "table" %}
# POSCAR from the parent's result: stage.tab names for each atom the parent's atom, the copy of the
# cell and the displacement, all in fractions of the new cell. Atoms stay near where they started.
[ -s "$root"/{{ structure_from }}/{{ result }} ] || fail {{ "%s of %s is missing" | format(result, structure_from) }}
awk -v frame={{ frame }} -v repeat={{ repeat }} -v atoms={{ parent_atoms }} -v species={{ species }} -v counts={{ counts }} -v title={{ title }} '
  function rounded(x) { return x < 0 ? -int(0.5 - x) : int(x + 0.5) }
  BEGIN { split(repeat, n, " "); frame = frame + 0 }
  FNR == 1 { file++; first = 0 }
  file == 1 {                                   # where the atoms started
    if (FNR >= 8 && !first && $1 ~ /^[DdCcKk]/) { first = FNR; next }
    if (first && FNR - first <= atoms) { i = FNR - first; for (k = 1; k <= 3; k++) start[i, k] = $k }
    next
  }
  file == 2 {                                   # where they ended
    if (FNR == 2) scale = $1
    if (FNR >= 3 && FNR <= 5) for (k = 1; k <= 3; k++) cell[FNR - 2, k] = $k * scale
    if (frame) { if (/^Direct configuration/) { seen++; first = FNR; next }; here = (seen == frame) }
    else { if (FNR >= 8 && !first && $1 ~ /^[Dd]/) { first = FNR; next }; here = 1 }
    if (here && first && FNR - first >= 1 && FNR - first <= atoms) {
      i = FNR - first; found++
      for (k = 1; k <= 3; k++) { d = $k - start[i, k]; end[i, k] = start[i, k] + d - rounded(d) }
    }
    next
  }
  file == 3 {
    if (FNR == 1) {
      if (found != atoms) exit 3
      print title; print "1.0"
      for (r = 1; r <= 3; r++) printf "%.16f %.16f %.16f\n", cell[r,1]*n[r], cell[r,2]*n[r], cell[r,3]*n[r]
      print species; print counts
      if (NF > 7) print "Selective dynamics"
      print "Direct"
    }
    for (k = 1; k <= 3; k++) x[k] = (end[$1, k] + $(k + 1)) / n[k] + $(k + 4)
    printf "%.16f %.16f %.16f%s\n", x[1], x[2], x[3], (NF > 7 ? " " $8 " " $9 " " $10 : "")
  }
' "$root"/{{ structure_from }}/POSCAR "$root"/{{ structure_from }}/{{ result }} stage.tab >.POSCAR.part ||
  fail {{ "the structure of %s cannot be used" | format(structure_from) }}
mv -f .POSCAR.part POSCAR
{% endif %}
{% for parent, file in copies %}
fetch {{ parent }} {{ file }} {{ file }}
{% endfor %}
{% for line in setup %}
{{ line | as_typed }}
{% endfor %}
{{ command | as_typed }} >vasp.out 2>std_err.txt
code=$?
[ "$code" -eq 0 ] || fail "the engine ended with exit code $code"
{% for file in provides %}
[ -s {{ file }} ] || fail {{ "%s is missing" | format(file) }}
{% endfor %}
{% if whole %}
tail -n 40 OUTCAR | grep -q 'General timing and accounting' || fail 'OUTCAR breaks off'
grep -q '</modeling>' vasprun.xml || fail 'vasprun.xml breaks off'
grep 'aborting loop' OUTCAR | tail -n 1 | grep -q 'EDIFF is reached' || fail 'the last SCF did not converge'
steps=$(grep -c 'FREE ENERGIE OF THE ION-ELECTRON SYSTEM' OUTCAR)
energy=$(awk '/energy\(sigma->0\)/ { e = $NF } /energy without entropy/ { } END { print (e == "" ? "null" : e) }' OUTCAR)
{% if relaxes %}
grep -q 'reached required accuracy' OUTCAR || fail 'the relaxation did not converge'
{% endif %}
converged=true
{% endif %}
record done "\"$(now)\"" null
