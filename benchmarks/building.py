"""Building side by side with pymatgen and OgreInterface, in one run, on the same matches.

Interfaces: every coincidence cell (Miller indices up to 1, 200 Å², 5 %) of the pairs of crystals of
the studies. Each peer searches with its own matcher (not timed); the matches of ours that it has
too, by area and principal strains, are built by both, two layers on two layers, with every pair of
terminations each side knows. Times are CPU seconds per interface, after a first build, and hold the
cutting of the slabs on every side. Ours and pymatgen cut them for every interface; OgreInterface
makes them once per facet: `peer_slabs_s` is that time shared out over what was built with them.
`matches` are those both have, `of` those there are; `errors` counts facet pairs at which the peer
raised. OgreInterface pins old packages, so it may live in another environment: name its interpreter
by ``--ogre-python`` or the variable QDSTRUCT_OGRE_PYTHON.

Success: every match with every pair of terminations is built (`built`) and put through the public
validator (`passed`). Each reason why one is not built or does not pass is one line below the table
(`failures` in the JSON rows): crystals, the face concerned, what the validator says of it, and how
many interfaces that concerns.
Particles: time and growth of peak memory of a 16.4 nm Janus particle and of a million atoms; they
have no peer.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

from _common import Row, measure, parser, progress, row, show

from qdstruct import building, matching, phases
from qdstruct.errors import BuildError

SYSTEMS = [
    ("PbS-galena", "CsPbBr3-cubic"), ("CdS-zincblende", "CsPbBr3-cubic"),
    ("CdS-zincblende", "CsPbBr3-Pbnm"), ("ZnS-zincblende", "CsPbBr3-cubic"),
    ("CdS-zincblende", "CsPbCl3-cubic"), ("CdS-zincblende", "CsPbI3-gamma"),
    ("CsPbBr3-cubic", "PMA2PbBr4"),
]  # fmt: skip
AREA, STRAIN, LAYERS = 200.0, 0.05, 2
PEER_SCRIPT = Path(__file__).with_name("building_peers.py")
COLUMNS = ("peer_slabs_s", "built", "passed", "matches", "of", "terminations",
           "peer_terminations", "atoms", "peer_atoms", "errors", "memory_mb",
           "peer_memory_mb")  # fmt: skip


class Task:
    """One facet pair with its matches and terminations."""

    def __init__(self, found: matching.FacetPairMatches, film: Any, substrate: Any) -> None:
        self.film, self.substrate = film, substrate
        self.film_hkl, self.substrate_hkl = found.film.hkl, found.substrate.hkl
        self.matches = list(found.records())
        self.film_terminations = [t.name for t in building.terminations(film, self.film_hkl)]
        self.substrate_terminations = [
            t.name for t in building.terminations(substrate, self.substrate_hkl)
        ]

    def requests(self, numbers: list[int]) -> list[tuple[Any, str, str]]:
        """Every one of these matches with every pair of terminations."""
        chosen = [self.matches[number] for number in numbers]
        return list(product(chosen, self.film_terminations, self.substrate_terminations))

    def build(self, match: Any, film_face: str, substrate_face: str) -> Any:
        """Build one interface."""
        return building.build_interface(
            self.film, self.substrate, match, film_layers=LAYERS, substrate_layers=LAYERS,
            film_termination=film_face, substrate_termination=substrate_face,
        )  # fmt: skip

    def document(self) -> dict[str, Any]:
        """Return what a peer needs to do the same."""
        matches = [
            {"area": match.area, "strains": list(match.principal_strains)} for match in self.matches
        ]
        return {
            "film": _crystal(self.film), "substrate": _crystal(self.substrate),
            "film_hkl": self.film_hkl, "substrate_hkl": self.substrate_hkl, "matches": matches,
        }  # fmt: skip


def _crystal(phase: Any) -> dict[str, Any]:
    return {
        "cell": phase.atoms.cell.tolist(),
        "symbols": phase.atoms.get_chemical_symbols(),
        "scaled": phase.atoms.get_scaled_positions().tolist(),
    }


def tasks_of(film_name: str, substrate_name: str) -> list[Task]:
    """Every facet pair of two crystals that has a match within the bounds."""
    film, substrate = phases.load(film_name), phases.load(substrate_name)
    found = matching.scan_facets(film, substrate, max_index=1, max_area=AREA, max_strain=STRAIN)
    return [Task(one, film, substrate) for one in found if len(one)]


def timed(tasks: list[Task], numbers: list[list[int]]) -> tuple[float, int, int]:
    """Build what the peer built too; return CPU seconds, interfaces and atoms."""
    for task in tasks:
        task.build(*task.requests([0])[0])
    start, built, atoms = time.process_time(), 0, 0
    for task, chosen in zip(tasks, numbers, strict=True):
        for request in task.requests(chosen):
            atoms += len(task.build(*request).atoms)
            built += 1
    return time.process_time() - start, built, atoms


def ask(peer: str, python: str, tasks: list[Task], limit: float) -> tuple[Any, str | None]:
    """Let a peer build in its own interpreter; return its answer or why there is none."""
    job = {
        "peer": peer, "area": AREA, "strain": STRAIN, "layers": LAYERS,
        "tasks": [task.document() for task in tasks],
    }  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "job.json"
        file.write_text(json.dumps(job))
        environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
        try:
            done = subprocess.run(
                [python, "-W", "ignore", str(PEER_SCRIPT), str(file)],
                capture_output=True, text=True, timeout=limit, check=True, env=environment,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            return None, f"stopped after {limit:g} s"
        except (OSError, subprocess.CalledProcessError) as error:
            lines = (getattr(error, "stderr", None) or str(error)).strip().splitlines()
            return None, f"{peer} does not run in {python}: {lines[-1]}"
    return json.loads(done.stdout.splitlines()[-1]), None


def interface_rows(pythons: dict[str, str | None], quick: bool) -> list[Row]:
    """One row per pair of crystals and peer."""
    rows = []
    for film_name, substrate_name in SYSTEMS[:2] if quick else SYSTEMS:
        tasks = tasks_of(film_name, substrate_name)
        for peer, python in pythons.items():
            name = f"build {film_name} | {substrate_name}, per interface"
            progress(f"{name}: {peer}")
            if python is None:
                rows.append(row(name, None, peer, None, error="not installed: --ogre-python PATH"))
                continue
            answer, error = ask(peer, python, tasks, 60 if quick else 600)
            rows.append(
                row(name, None, peer, None, error=error)
                if answer is None
                else _compared(name, tasks, answer)
            )
    return rows


def _compared(name: str, tasks: list[Task], answer: dict[str, Any]) -> Row:
    results = answer["results"]
    numbers = [result.get("found", []) for result in results]
    failed = Counter(result["error"].split(":")[0] for result in results if "error" in result)
    _, memory, counts, error = measure(partial(timed, tasks, numbers))
    seconds, built, atoms = counts or (None, 0, 0)
    sums = {
        key: sum(result.get(key, 0) for result in results)
        for key in ("built", "atoms", "seconds", "slab_seconds")
    }
    offered = [len(task.film_terminations) * len(task.substrate_terminations) for task in tasks]
    return row(
        name,
        seconds / built if built else None,
        answer["peer"],
        (sums["seconds"] + sums["slab_seconds"]) / sums["built"] if sums["built"] else None,
        error=error
        or ", ".join(f"{kind} at {n} facet pairs" for kind, n in failed.items())
        or None,
        peer_slabs_s=sums["slab_seconds"] / sums["built"] if sums["built"] else None,
        matches=sum(len(chosen) for chosen in numbers),
        of=sum(len(task.matches) for task in tasks),
        terminations=sum(offered),
        peer_terminations=sum(result.get("terminations", 0) for result in results),
        atoms=atoms // built if built else None,
        peer_atoms=sums["atoms"] // sums["built"] if sums["built"] else None,
        errors=sum(failed.values()),
        memory_mb=memory,
        peer_memory_mb=answer["memory"],
    )


def success_rows(quick: bool) -> list[Row]:
    """Build every match with every pair of terminations, and check each."""
    rows = []
    for film_name, substrate_name in SYSTEMS[:2] if quick else SYSTEMS:
        progress(f"every match of {film_name} on {substrate_name}")
        start, built, passed, tried = time.process_time(), 0, 0, 0
        findings: Counter[str] = Counter()
        for task in tasks_of(film_name, substrate_name):
            for request in task.requests(list(range(len(task.matches)))):
                tried += 1
                try:
                    interface = task.build(*request)
                except BuildError as error:
                    findings[str(error)[:80]] += 1
                    continue
                built += 1
                problems = building.check_structure(interface.atoms)
                passed += not problems
                findings.update({_finding(task, request, problem) for problem in problems})
        pair = f"{film_name} | {substrate_name}"
        rows.append(
            row(f"build and check every interface: {pair}",
                time.process_time() - start, "none", None, built=built, passed=passed, of=tried,
                error=f"{tried - passed} fail, see below" if passed < tried else None,
                failures=[f"{pair}: {text}: {n} interfaces" for text, n in findings.items()])
        )  # fmt: skip
    return rows


def _finding(task: Task, request: tuple[Any, str, str], problem: Any) -> str:
    """Name what the validator found by side, face and message, without the number of the atom."""
    film = "of the film" in problem.message
    side, hkl, face = (
        ("film", task.film_hkl, request[1]) if film else
        ("substrate", task.substrate_hkl, request[2])
    )  # fmt: skip
    message = re.sub(r"^(\w+) \d+ of the \w+", r"\1", problem.message)
    return f"{problem.kind}: {side} {hkl} beginning with {face}: {message}"


def janus() -> int:
    """A cube of 16.4 nm with a hemisphere of the same diameter."""
    core, cap = phases.load("CsPbBr3-Pbnm"), phases.load("CdS-zincblende")
    match = matching.find_matches(cap, core, (0, 0, 1), (0, 0, 1), max_area=100, max_strain=0.05)[0]
    made = building.build_janus(core, cap, match, core_size=164.0, core_termination="CsBr",
                                cap_termination="S")  # fmt: skip
    return len(made.atoms)


def million() -> int:
    """A cube of 34 nm."""
    return len(building.build_nanocrystal(phases.load("CsPbBr3-cubic"), size=340.0).atoms)


def particle_rows() -> list[Row]:
    """Time and memory of large particles."""
    rows = []
    for task, make in (("16.4 nm Janus particle", janus), ("34 nm cube", million)):
        progress(task)
        seconds, memory, atoms, error = measure(make)
        rows.append(
            row(f"{task}, {atoms} atoms", seconds, "none", None, error=error, memory_mb=memory)
        )
    return rows


def main() -> None:
    """Run and print."""
    options = parser(__doc__)
    options.add_argument(
        "--ogre-python", default=os.environ.get("QDSTRUCT_OGRE_PYTHON"),
        help="interpreter with OgreInterface installed",
    )  # fmt: skip
    chosen = options.parse_args()
    pythons = {"pymatgen": sys.executable, "OgreInterface": _ogre_python(chosen.ogre_python)}
    rows = [
        *interface_rows(pythons, chosen.quick), *success_rows(chosen.quick), *particle_rows()
    ]  # fmt: skip
    show(rows, chosen, COLUMNS)
    failures = [line for entry in rows for line in entry.get("failures", ())]
    if failures and not chosen.json:
        print("", "Interfaces that are not built or that the validator does not pass, and why:",
              *failures, sep="\n")  # fmt: skip


def _ogre_python(given: str | None) -> str | None:
    """Return the interpreter given, or this one where it has OgreInterface."""
    from importlib.util import find_spec

    return given or (sys.executable if find_spec("OgreInterface") else None)


if __name__ == "__main__":
    main()
