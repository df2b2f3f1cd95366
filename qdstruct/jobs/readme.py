"""README.txt of a job tree: what lies where and how to run it by hand."""

from __future__ import annotations

from qdstruct.jobs.presets import Preset
from qdstruct.model import JobTree

__all__ = ["readme_text"]

WITH_POTCAR = """\
POTCAR files were written from your licensed library (PMG_VASP_PSP_DIR). Do not publish them.
"""

WITHOUT_POTCAR = """\
There are no POTCAR files, because no licensed library is configured. Either
  - configure it once (pmg config -p YOUR_POTENTIALS PSP_DIR; pmg config --add PMG_VASP_PSP_DIR
    PSP_DIR) and prepare the tree again, or
  - in each directory, join the POTCAR files named in POTCAR.spec, in that order:
      while read -r label; do cat "$POTENTIALS/$label/POTCAR"; done < POTCAR.spec > POTCAR
"""

BY_HAND = """\
How to run it
  qdstruct run THIS_DIRECTORY            runs everything in order, and continues after a break
  qdstruct status THIS_DIRECTORY         says where it stands
  qdstruct explain THIS_DIRECTORY/JOB    says why each INCAR tag has its value

By hand: run the jobs in the order above, each in its own directory with INCAR, KPOINTS, POSCAR
and POTCAR. Before a job that names a structure, copy that job's CONTCAR to POSCAR (of a difference
part keep only its own atoms; job.json lists the region of each atom). Before a job that names a
density, copy that job's CHGCAR. Do not change NGXF, NGYF, NGZF or KPOINTS of one of
interface/static, difference/film and difference/substrate alone.
"""


def readme_text(tree: JobTree, preset: Preset, *, licensed: bool) -> str:
    """Write the page.

    Parameters
    ----------
    tree : JobTree
        The jobs.
    preset : Preset
        Settings they started from.
    licensed : bool
        Whether POTCAR files were written.
    """
    lines = [
        f"Study {tree.study}, prepared by qdstruct {tree.versions['qdstruct']}",
        f"Preset {preset.name}: {preset.description}",
        f"Source: {preset.source}",
        "",
        "Jobs, in an order in which each follows those it needs",
    ]
    for job in tree.jobs:
        lines.append(f"  {job.name:<24}{job.kind:<12}{job.subject}")
        needs = [
            f"structure from {job.structure_from}" if job.structure_from else "",
            f"density from {job.charge_from}" if job.charge_from else "",
        ]
        if any(needs):
            lines.append(" " * 38 + "needs " + ", ".join(filter(None, needs)))
    lines += ["", WITH_POTCAR if licensed else WITHOUT_POTCAR, BY_HAND]
    return "\n".join(lines)
