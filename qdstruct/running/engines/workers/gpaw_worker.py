"""Runs GPAW for ``qdstruct run --engine gpaw``; executed by an interpreter that has GPAW.

A separate program: it needs numpy, ASE and GPAW, and imports nothing of qdstruct. It reads one JSON
request a line on stdin and answers each with one JSON line on stdout that begins with ``@``; what
else GPAW prints goes to its own text file. Under ``mpirun`` the first rank talks, all calculate.

Requests: ``{"do": "start", ...}`` with cell, atoms and parameters, ``{"do": "forces", ...}`` with a
geometry, ``{"do": "electronic", ...}`` after it, ``{"do": "save", ...}`` for the density and
``{"do": "fixed", ...}`` in the place of ``forces`` to take a saved one. Units: Å and eV.
"""

import json
import os
import sys

import numpy as np

if {"OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "PMIX_RANK"} & set(os.environ):
    os.environ.setdefault("GPAW_MPI_BACKEND", "cgpaw")


def main():
    """Answer requests until stdin ends."""
    from gpaw.mpi import broadcast, world

    state = {}
    while True:
        line = sys.stdin.readline() if world.rank == 0 else None
        line = broadcast(line, 0, comm=world)
        if not line:
            return
        request = json.loads(line)
        try:
            answer = HANDLERS[request["do"]](state, request)
        except Exception as error:
            if world.size > 1:  # the other ranks may wait for this one: let MPI end them all
                raise
            # Told to the other side, which knows what to do.
            answer = {"error": f"{type(error).__name__}: {error}"}
        if world.rank == 0:
            sys.stdout.write("@" + json.dumps(answer) + "\n")
            sys.stdout.flush()


def start(state, request):
    """Make the calculator; the answer says what it is."""
    import ase
    import gpaw
    from ase import Atoms

    state["atoms"] = Atoms(request["symbols"], cell=request["cell"], pbc=True)
    state["text"] = request["text"]
    state["parameters"] = request["parameters"]
    state["calculator"] = None
    return {"program": "GPAW", "version": gpaw.__version__, "ase": ase.__version__}


def forces(state, request):
    """Energy, forces and, if asked for, stress of one geometry."""
    atoms = state["atoms"]
    new_cell = not np.allclose(atoms.cell, request["cell"], atol=1e-12)
    atoms.set_cell(request["cell"])
    atoms.set_positions(request["positions"])
    if state["calculator"] is None or new_cell:
        state["calculator"] = make_calculator(state)
    calculator = state["calculator"]
    atoms.calc = calculator
    energy = atoms.get_potential_energy()
    free = atoms.get_potential_energy(force_consistent=True)
    found = atoms.get_forces()
    answer = {
        "energy": float(energy),
        "free_energy": float(free),
        "forces": found.tolist(),
        "iterations": int(calculator.get_number_of_iterations()),
        "valence": float(calculator.get_number_of_electrons()),
    }
    if request.get("stress"):
        answer["stress"] = atoms.get_stress(voigt=False).tolist()
    return answer


def save(state, request):
    """Keep the converged density for a later request ``fixed``."""
    state["calculator"].write(request["file"])
    return {"file": request["file"]}


def fixed(state, request):
    """Take over a saved density and find the states on this mesh without changing it.

    The energy in the answer is null when the density belongs to other atoms.
    """
    from gpaw import GPAW

    saved = GPAW(request["density_from"], txt=None)
    away = saved.atoms.get_scaled_positions() - request["scaled"]
    same_atoms = list(saved.atoms.symbols) == list(state["atoms"].symbols) and np.allclose(
        away - np.round(away), 0.0, atol=1e-7
    )
    if not (same_atoms and np.allclose(saved.atoms.cell, state["atoms"].cell, atol=1e-7)):
        return {"energy": None}
    state["saved"] = saved
    state["calculator"] = saved.fixed_density(
        kpts={"size": state["parameters"]["kpts"], "gamma": True},
        txt=state["text"],
    )
    return {
        "energy": float(saved.get_potential_energy()),
        "forces": saved.get_forces().tolist(),
    }


def make_calculator(state):
    """Return GPAW in the requested mode."""
    from gpaw import GPAW, FermiDirac

    wanted = dict(state["parameters"])
    width = wanted.pop("width")
    mesh = wanted.pop("kpts")
    return GPAW(
        occupations=FermiDirac(width),
        kpts={"size": mesh, "gamma": True},
        txt=state["text"],
        **wanted,
    )


def electronic(state, request):
    """Write eigenvalues, densities of states, density and potential into one .npz file."""
    from gpaw.mpi import world

    calculator = state["calculator"]
    n_spins = calculator.get_number_of_spins()
    n_kpoints = len(calculator.get_ibz_k_points())
    arrays = {
        "fermi": np.array(calculator.get_fermi_level()),
        "kpoints": np.array(calculator.get_ibz_k_points()),
        "weights": np.array(calculator.get_k_point_weights()),
        "eigenvalues": np.array(
            [
                [calculator.get_eigenvalues(kpt=k, spin=s) for k in range(n_kpoints)]
                for s in range(n_spins)
            ]
        ),
        "occupations": np.array(
            [
                [calculator.get_occupation_numbers(kpt=k, spin=s) for k in range(n_kpoints)]
                for s in range(n_spins)
            ]
        ),
    }
    whole = state.get("saved", calculator)
    if request.get("density"):
        arrays["density"] = whole.get_all_electron_density(gridrefinement=2)
    if request.get("potential"):
        arrays["potential"] = whole.get_electrostatic_potential()
    arrays.update(densities_of_states(calculator, state["atoms"], request, n_spins))
    if world.rank == 0:
        np.savez(request["file"], **arrays)
    world.barrier()
    return {"file": request["file"], "setups": setup_numbers(calculator, state["atoms"])}


def setup_numbers(calculator, atoms):
    """Return the valence electrons of each atom's data set, with its name."""
    return [
        [atom.symbol, float(setup.Nv), str(setup.symbol), str(setup.type)]
        for atom, setup in zip(atoms, calculator.setups, strict=True)
    ]


def energy_axis(calculator, request, n_spins):
    """Return the energies asked for, or those that hold every eigenvalue, eV."""
    values = np.array(
        [
            calculator.get_eigenvalues(kpt=k, spin=s)
            for s in range(n_spins)
            for k in range(len(calculator.get_ibz_k_points()))
        ]
    )
    low, high = request["emin"], request["emax"]
    low = values.min() - 1.0 if low is None else low
    high = values.max() + 1.0 if high is None else high
    return np.linspace(low, high, request["nedos"])


def densities_of_states(calculator, atoms, request, n_spins):
    """Total and projected (atom, spin, s p d, energy) densities of states, states/eV."""
    dos = calculator.dos(shift_fermi_level=False)
    width = request["width"]
    energies = energy_axis(calculator, request, n_spins)
    total = np.array([dos.raw_dos(energies, spin=s, width=width) for s in range(n_spins)])
    projected = np.zeros((len(atoms), n_spins, 3, len(energies)))
    if not request["projected"]:
        return {"dos_energies": energies, "total": total, "projected": projected}
    for atom in range(len(atoms)):
        for spin in range(n_spins):
            for momentum in range(3):
                projected[atom, spin, momentum] = dos.raw_pdos(
                    energies, a=atom, l=momentum, m=None, spin=spin, width=width
                )
    return {"dos_energies": energies, "total": total, "projected": projected}


HANDLERS = {
    "start": start,
    "forces": forces,
    "save": save,
    "fixed": fixed,
    "electronic": electronic,
}

if __name__ == "__main__":
    main()
