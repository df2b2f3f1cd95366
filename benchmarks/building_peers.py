"""Builds interfaces with a peer, in the interpreter where that peer lives; `building.py` runs it.

Reads a job (facet pairs of two crystals with the area and principal strains of every match), lets
the peer search, takes from its matches those of the job, and builds each with every pair of
terminations the peer knows. Prints one JSON document. Nothing but the peer is imported.
"""

from __future__ import annotations

import json
import resource
import sys
import time
import warnings
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np


def structure(crystal: dict[str, Any]) -> Any:
    """Return a pymatgen structure."""
    from pymatgen.core import Lattice, Structure

    return Structure(Lattice(crystal["cell"]), crystal["symbols"], crystal["scaled"])


def planar(vectors: Any) -> np.ndarray:
    """Two vectors in the frame of their own plane."""
    a, b = np.asarray(vectors, dtype=float)
    x = a / np.linalg.norm(a)
    y = b - (b @ x) * x
    return np.array([[np.linalg.norm(a), 0.0], [b @ x, np.linalg.norm(y)]])


def chosen(candidates: list[Any], wanted: list[dict[str, Any]]) -> list[tuple[int, Any]]:
    """Pair each match of the job with the peer's of the same area and strains, where it has one."""
    known = {}
    for match in candidates:
        film, substrate = planar(match.film_sl_vectors), planar(match.substrate_sl_vectors)
        stretches = np.linalg.svd(np.linalg.solve(film, substrate), compute_uv=False)
        key = (round(float(np.linalg.det(substrate)), 1), *np.sort(np.round(stretches - 1, 3)))
        known.setdefault(key, match)
    pairs = []
    for number, one in enumerate(wanted):
        key = (round(one["area"], 1), *np.sort(np.round(one["strains"], 3)))
        if key in known:
            pairs.append((number, known[key]))
    return pairs


def with_pymatgen(task: dict[str, Any], job: dict[str, Any]) -> dict[str, Any]:
    """Build by `CoherentInterfaceBuilder`; only `get_interfaces` is timed."""
    from pymatgen.analysis.interfaces.coherent_interfaces import CoherentInterfaceBuilder
    from pymatgen.analysis.interfaces.zsl import ZSLGenerator

    loose = {"max_length_tol": 2 * job["strain"], "max_angle_tol": 2 * job["strain"]}
    builder = CoherentInterfaceBuilder(
        film_structure=structure(task["film"]),
        substrate_structure=structure(task["substrate"]),
        film_miller=tuple(task["film_hkl"]),
        substrate_miller=tuple(task["substrate_hkl"]),
        zslgen=ZSLGenerator(
            max_area=1.1 * job["area"], max_area_ratio_tol=8 * job["strain"], **loose
        ),
        label_index=True,
    )
    found = chosen(builder.zsl_matches, task["matches"])
    result = {"terminations": len(builder.terminations), "found": [n for n, _ in found]}
    start, built, atoms = time.process_time(), 0, 0
    for _, match in found:
        builder.zsl_matches = [match]
        for termination in builder.terminations:
            for made in builder.get_interfaces(
                termination=termination,
                film_thickness=job["layers"],
                substrate_thickness=job["layers"],
            ):
                built += 1
                atoms += len(made)
    seconds = time.process_time() - start
    return result | {"built": built, "atoms": atoms, "seconds": seconds, "slab_seconds": 0.0}


def with_ogre(task: dict[str, Any], job: dict[str, Any]) -> dict[str, Any]:
    """Build by OgreInterface; making its slabs is timed apart from putting them together."""
    from OgreInterface.generate import InterfaceGenerator, SurfaceGenerator

    start = time.process_time()
    films, substrates = (
        SurfaceGenerator(
            bulk=structure(task[side]),
            miller_index=task[f"{side}_hkl"],
            layers=job["layers"],
            refine_structure=False,
            suppress_warnings=True,
        )
        for side in ("film", "substrate")
    )
    slab_seconds = time.process_time() - start
    built, atoms, seconds, seen = 0, 0, 0.0, set()
    for film in films:
        for substrate in substrates:
            generator = InterfaceGenerator(
                substrate=substrate, film=film, max_strain=job["strain"],
                max_area=1.1 * job["area"], verbose=False,
            )  # fmt: skip
            found = chosen(generator.match_list, task["matches"])
            seen |= {number for number, _ in found}
            start = time.process_time()
            for _, match in found:
                generator.match_list = [match]
                atoms += len(generator.generate_interface().get_interface(orthogonal=True))
                built += 1
            seconds += time.process_time() - start
    return {
        "terminations": len(films) * len(substrates), "found": sorted(seen), "built": built,
        "atoms": atoms, "seconds": seconds, "slab_seconds": slab_seconds,
    }  # fmt: skip


PEERS = {"pymatgen": with_pymatgen, "OgreInterface": with_ogre}


def main() -> None:
    """Run the job of the file named on the command line."""
    warnings.filterwarnings("ignore")
    job = json.loads(Path(sys.argv[1]).read_text())
    build = PEERS[job["peer"]]
    build(job["tasks"][0] | {"matches": job["tasks"][0]["matches"][:1]}, job)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    results = []
    for task in job["tasks"]:
        try:
            results.append(build(task, job))
        except Exception as error:
            results.append({"error": f"{type(error).__name__}: {error}"[:120]})
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    name = f"{job['peer']} {version(job['peer'])}"
    print(json.dumps({"peer": name, "results": results, "memory": grown}))


if __name__ == "__main__":
    main()
