"""A tree of VASP calculations as a quacc workflow, written by `qdstruct export --as quacc`.

``jobs.json`` beside this file holds every calculation with its keywords for the Vasp calculator
(INCAR, KPOINTS and potentials as qdstruct prepared them), ``structures/`` the structures. No
preset of quacc is used and its INCAR copilot is off, so that members of an energy or density
difference are calculated alike.

    python flow.py            # or import `study` and run it with the workflow engine of your choice

Written for quacc 1.8. Potentials, the VASP command and the place of the results are quacc's
settings (VASP_PP_PATH, VASP_PARALLEL_CMD, RESULTS_DIR).
"""

import json
from pathlib import Path

from ase.io import read
from quacc import flow, job
from quacc.calculators.vasp import Vasp
from quacc.runners.ase import Runner
from quacc.schemas.vasp import VaspSummarize

HERE = Path(__file__).resolve().parent
JOBS = json.loads((HERE / "jobs.json").read_text(encoding="utf-8"))["jobs"]


@job
def vasp_job(name, planned, keywords, relaxed=None, keep=None, source=None, files=()):
    """Run one calculation.

    `planned` is the structure as prepared. With `relaxed`, the parent's final structure takes its
    place, or the atoms of it that `keep` numbers; `files` are copied from the directory `source`.
    """
    atoms = planned
    if relaxed is not None:
        atoms = relaxed.copy() if keep is None else relaxed[keep]
        if atoms.get_chemical_symbols() != planned.get_chemical_symbols():
            raise ValueError(f"{name}: the relaxed structure has other atoms than were prepared")
        atoms.set_constraint(planned.constraints)
    calculator = Vasp(atoms, preset=None, incar_copilot_mode="off", **keywords)
    copied = [{"source": source, "filenames": list(files)}] if source is not None else None
    final = Runner(atoms, calculator, copy_files=copied).run_calc()
    return VaspSummarize(additional_fields={"name": name}).run(final)


@flow
def study():
    """Run every calculation after those whose results it takes."""
    results = {}
    for name, entry in JOBS.items():
        parent, source = entry["structure_from"], entry["files_from"]
        results[name] = vasp_job(
            name,
            read(HERE / entry["structure"]),
            entry["keywords"],
            relaxed=results[parent]["atoms"] if parent else None,
            keep=entry["keep"],
            source=results[source]["dir_name"] if source else None,
            files=entry["files"],
        )
    return results


if __name__ == "__main__":
    study()
