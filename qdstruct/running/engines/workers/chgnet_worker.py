"""Runs CHGNet for ``qdstruct run --engine chgnet``; executed by an interpreter that has it.

It needs numpy, ASE and chgnet, and imports nothing of qdstruct. It reads one JSON request a line on
stdin and answers each with one JSON line on stdout that begins with ``@``. Requests: ``{"do":
"start", ...}`` with the atoms, ``{"do": "forces", ...}`` with a geometry. Units: Å and eV.
"""

import contextlib
import json
import sys


def main():
    """Answer requests until stdin ends."""
    state = {}
    for line in sys.stdin:
        request = json.loads(line)
        try:
            with contextlib.redirect_stdout(sys.stderr):  # chgnet announces itself on stdout
                answer = HANDLERS[request["do"]](state, request)
        except Exception as error:  # told to the other side, which knows what to do
            answer = {"error": f"{type(error).__name__}: {error}"}
        sys.stdout.write("@" + json.dumps(answer) + "\n")
        sys.stdout.flush()


def start(state, request):
    """Load the model; the answer says which."""
    from importlib.metadata import version

    import ase
    import torch
    from ase import Atoms
    from chgnet.model import CHGNet
    from chgnet.model.dynamics import CHGNetCalculator

    torch.set_num_threads(request["threads"])
    model = CHGNet.load(verbose=False)
    atoms = Atoms(request["symbols"], cell=request["cell"], pbc=True)
    atoms.calc = CHGNetCalculator(model, use_device="cpu")
    state["atoms"] = atoms
    return {
        "program": "CHGNet",
        "version": version("chgnet"),
        "model": str(model.version),
        "ase": ase.__version__,
        "torch": torch.__version__,
    }


def forces(state, request):
    """Energy, forces and stress of one geometry."""
    atoms = state["atoms"]
    atoms.set_cell(request["cell"])
    atoms.set_positions(request["positions"])
    return {
        "energy": float(atoms.get_potential_energy()),
        "forces": atoms.get_forces().tolist(),
        "stress": atoms.get_stress(voigt=False).tolist(),
    }


HANDLERS = {"start": start, "forces": forces}

if __name__ == "__main__":
    main()
