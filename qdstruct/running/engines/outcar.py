"""A short OUTCAR: what our readers and people look for, and nothing that was not calculated."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from qdstruct.running.engines.backend import Electrons, Method
from qdstruct.running.vaspfiles.facts import IonicStep
from qdstruct.running.vaspfiles.text import rows, wrapped

__all__ = ["outcar"]


def outcar(
    method: Method,
    steps: Sequence[IonicStep],
    electrons: Electrons | None,
    ignored: Sequence[str],
    seconds: float,
) -> str:
    """Return the text of OUTCAR.

    Parameters
    ----------
    method : Method
        Who calculated, and how.
    steps : sequence of IonicStep
        Every geometry.
    electrons : Electrons, optional
        For the Fermi level.
    ignored : sequence of str
        INCAR tags left aside.
    seconds : float
        Wall time, s.
    """
    first = steps[0].structure
    parts = [
        f" {method.program} {method.version}: {method.summary}\n"
        " written by qdstruct in the form of VASP's OUTCAR; this is not an output of VASP\n\n"
        f"   INCAR tags left aside: {', '.join(ignored) or 'none'}\n"
        f"   number of ions     NIONS = {len(first.symbols):6d}\n"
        f"   ions per type =            {''.join(f'{n:4d}' for _, n in first.groups)}\n\n"
    ]
    for number, step in enumerate(steps, start=1):
        positions = wrapped(step.structure.scaled) @ step.structure.cell
        bar = " " + "-" * 83 + "\n"
        parts.append(
            f"\n ionic step {number}\n"
            f"  energy(sigma->0) ={step.result.energy:18.8f} eV\n"
            " POSITION                                       TOTAL-FORCE (eV/Angst)\n"
            + bar
            + rows(
                " %12.5f %12.5f %12.5f    %13.6f %13.6f %13.6f\n",
                np.hstack([positions, step.result.forces]),
            )
            + bar
        )
    if electrons is not None:
        parts.append(f"\n E-fermi : {electrons.levels.fermi:9.4f}\n")
    if steps[-1].converged and len(steps) > 1:
        parts.append("\n reached required accuracy - stopping structural energy minimisation\n")
    parts.append(
        "\n General timing and accounting informations for this job:\n"
        f"                         Elapsed time (sec): {seconds:12.3f}\n"
    )
    return "".join(parts)
