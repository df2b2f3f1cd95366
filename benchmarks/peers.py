"""Tools with other aims, each at what it shares with qdstruct, in an environment of its own.

Give the interpreter of each environment in which a peer is installed; a peer without one is left
out. Times are CPU seconds without imports, the import is timed apart.

    python benchmarks/peers.py --atomate2 ~/atomate2/bin/python --interoptimus ~/io/bin/python

- atomate2, quacc: the input files of one static VASP calculation of the same interface (52 atoms),
  without POTCAR; ours are those of a relaxation, a static run and a density of states.
- InterOptimus: coincidence cells of the low-index facets of PbS and CsPbBr3, as its workflow
  searches them (symmetry-equivalent matches removed by comparing structures).
- CAT: import only.
"""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from _common import Row, measure, parser, progress, row, show
from ase.io import write

from qdstruct import jobs, matching, phases
from qdstruct.model import CalculationSettings
from qdstruct.pipeline.planning import plan_study
from qdstruct.study import load_study

AREA, STRAIN = 150.0, 0.04
PEERS = {
    "atomate2": """
from pymatgen.core import Structure
from atomate2.vasp.sets.core import StaticSetGenerator
imported()
structure = Structure.from_file("interface.vasp")
start = time.process_time()
StaticSetGenerator().get_input_set(structure, potcar_spec=True).write_input("atomate2")
done(start, sorted(os.listdir("atomate2")))
""",
    "quacc": """
from ase.io import read
from quacc.calculators.vasp import Vasp
imported()
atoms = read("interface.vasp")
start = time.process_time()
calculator = Vasp(atoms, preset="DefaultSetGGA", use_custodian=False, directory="quacc")
os.makedirs("quacc", exist_ok=True)
calculator.initialize(atoms)
calculator.write_incar(atoms, directory="quacc")
calculator.write_kpoints(atoms=atoms, directory="quacc")
done(start, sorted(os.listdir("quacc")))
""",
    "interoptimus": """
from pymatgen.core import Structure
from pymatgen.analysis.interfaces import SubstrateAnalyzer
from InterOptimus.matching import interface_searching
imported()
film, substrate = (Structure.from_file(name) for name in ("film.vasp", "substrate.vasp"))
planes = [(1, 0, 0), (1, 1, 0), (1, 1, 1)]
start = time.process_time()
search = SubstrateAnalyzer(max_area=AREA, max_length_tol=STRAIN, max_angle_tol=0.01)
found = interface_searching(substrate, film, search, planes, planes)
done(start, f"{len(found[0])} distinct cells, smallest {min(found[-1]):.1f} A^2")
""",
    "cat": """
import CAT
imported()
done(time.process_time(), "")
""",
}
PREFIX = f"""
import json, os, sys, time, warnings
warnings.filterwarnings("ignore")
AREA, STRAIN, first = {AREA}, {STRAIN}, time.process_time()
def imported():
    global first
    first = time.process_time() - first
def done(start, what):
    json.dump([time.process_time() - start, first, what], open("answer.json", "w"))
"""


def ask(name: str, python: str, folder: Path) -> tuple[list[Any], str | None]:
    """Return CPU seconds, those of the import and what was made, or the last line of an error."""
    progress(name)
    answer = folder / "answer.json"
    answer.unlink(missing_ok=True)
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    ran = subprocess.run(
        [python, "-c", PREFIX + PEERS[name]], cwd=folder, capture_output=True, text=True,
        timeout=300, env=environment,
    )  # fmt: skip
    if ran.returncode:
        return [None, None, ""], (ran.stderr.strip().splitlines() or ["no message"])[-1]
    return json.loads(answer.read_text()), None


def our_inputs(atoms: Any) -> None:
    """Write the inputs of three jobs, with POTCAR.spec and job.json."""
    with tempfile.TemporaryDirectory() as folder:
        settings = CalculationSettings(preset="standard")
        jobs.write_structure_tree(
            Path(folder), study_name="peer", subject="interface", atoms=atoms, settings=settings
        )


def our_search(film: Any, substrate: Any) -> list[Any]:
    """Search the nine pairs of low-index planes."""
    planes = [(1, 0, 0), (1, 1, 0), (1, 1, 1)]
    sides = [
        [matching.surface(matching.crystal(phase), hkl) for hkl in planes]
        for phase in (film, substrate)
    ]
    return [
        match
        for one in sides[0]
        for other in sides[1]
        for match in matching.match_facets(one, other, max_area=AREA, max_strain=STRAIN).records()
    ]


def main() -> None:
    """Measure and print."""
    options = parser(__doc__)
    for name in PEERS:
        options.add_argument(f"--{name}", metavar="PYTHON", help=f"interpreter with {name}")
    chosen = options.parse_args()
    interface = plan_study(load_study("cspbbr3-cds")).interface.atoms
    film, substrate = (phases.load(name) for name in ("PbS-galena", "CsPbBr3-cubic"))
    tasks: dict[str, tuple[str, Callable[[], Any] | None]] = {
        "atomate2": ("VASP inputs, 52 atoms", lambda: our_inputs(interface)),
        "quacc": ("VASP inputs, 52 atoms", lambda: our_inputs(interface)),
        "interoptimus": (
            f"9 facet pairs, {AREA:g} A^2, {STRAIN:.0%}", lambda: our_search(film, substrate)
        ),
        "cat": ("import", None),
    }  # fmt: skip
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for file, atoms in (("interface", interface), ("film", film.atoms),
                            ("substrate", substrate.atoms)):  # fmt: skip
            write(folder / f"{file}.vasp", atoms, format="vasp", direct=True, sort=True)
        for peer, (task, ours) in tasks.items():
            python = getattr(chosen, peer)
            if python is None:
                continue
            (seconds, loaded, what), error = ask(peer, python, folder)
            our_seconds = None
            if ours is not None:
                our_seconds, _, _, _ = measure(ours, warm=ours)
            rows.append(row(task, our_seconds, peer, seconds, error=error, import_s=loaded,
                            made=str(what)))  # fmt: skip
    show(rows, chosen, ["import_s", "made"])


if __name__ == "__main__":
    start = time.perf_counter()
    main()
    progress(f"{time.perf_counter() - start:.0f} s")
