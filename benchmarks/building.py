"""Building side by side with pymatgen, in one run, on the same crystals and facets.

Interfaces: the smallest coincidence cell of each facet pair; ours is built by
`building.build_interface` for every termination pair, pymatgen's `CoherentInterfaceBuilder` looks
for its own cell up to 1.05 times the same area (its search is part of its time, as its use is) and
builds every termination pair it knows. Times are per interface built; the columns say how many
termination pairs each side offers and how many of them came out.
Success: every facet pair of the study's crystals and every match in its bounds, each build checked
by the public validator. Particles: time and growth of peak memory of a 16 nm Janus particle and of
a particle of a million atoms, which have no peer. OgreInterface pins packages that do not go with
ours and is not measured here.
"""

from __future__ import annotations

import time
from itertools import product
from typing import Any

import numpy as np
from _common import Row, measure, parser, progress, row, show

from qdstruct import building, matching, phases
from qdstruct.errors import MatchError

PAIRS = [
    ("CdS-zincblende", (0, 0, 1), "CsPbBr3-Pbnm", (0, 0, 1)),
    ("PbS-galena", (1, 0, 0), "CsPbBr3-cubic", (1, 0, 0)),
    ("PbS-galena", (1, 1, 0), "CsPbBr3-cubic", (1, 1, 0)),
    ("PbS-galena", (1, 1, 1), "CsPbBr3-cubic", (1, 1, 1)),
]
SYSTEMS = [("PbS-galena", "CsPbBr3-cubic"), ("CdS-zincblende", "CsPbBr3-cubic"),
           ("CdS-zincblende", "CsPbBr3-Pbnm"), ("CsPbBr3-cubic", "PMA2PbBr4")]  # fmt: skip
FACETS = [(1, 0, 0), (1, 1, 0), (1, 1, 1), (0, 0, 1)]
COLUMNS = ("built", "of", "terminations", "peer_built", "peer_terminations", "memory_mb")


def ours(film: Any, substrate: Any, match: Any) -> tuple[int, int]:
    """Build every termination pair; return how many were built and how many there are."""
    tops = [one.name for one in building.terminations(substrate, match.substrate_hkl)]
    bottoms = [one.name for one in building.terminations(film, match.film_hkl)]
    built = 0
    for bottom, top in product(bottoms, tops):
        interface = building.build_interface(
            film, substrate, match, film_termination=bottom, substrate_termination=top
        )
        built += len(interface.atoms) > 0
    return built, len(bottoms) * len(tops)


def theirs(film: Any, substrate: Any, match: Any) -> tuple[int, int]:
    """Let pymatgen build its termination pairs in the smallest cell its matcher finds."""
    from pymatgen.analysis.interfaces.coherent_interfaces import CoherentInterfaceBuilder
    from pymatgen.analysis.interfaces.zsl import ZSLGenerator
    from pymatgen.io.ase import AseAtomsAdaptor

    structures = [AseAtomsAdaptor.get_structure(phase.atoms) for phase in (film, substrate)]
    strain = 1.5 * match.max_strain + 0.01
    builder = CoherentInterfaceBuilder(
        film_structure=structures[0],
        substrate_structure=structures[1],
        film_miller=match.film_hkl,
        substrate_miller=match.substrate_hkl,
        zslgen=ZSLGenerator(
            max_area=1.05 * match.area, max_length_tol=strain, max_angle_tol=strain
        ),
    )
    built = 0
    for termination in builder.terminations:
        made = next(
            iter(builder.get_interfaces(termination=termination, film_thickness=2,
                                        substrate_thickness=2)),
            None,
        )  # fmt: skip
        built += made is not None
    return built, len(builder.terminations)


def interface_rows() -> list[Row]:
    """One row per facet pair: the same crystals, facets and smallest coincidence cell."""
    rows = []
    for film_name, film_hkl, substrate_name, substrate_hkl in PAIRS:
        film, substrate = phases.load(film_name), phases.load(substrate_name)
        match = matching.find_matches(
            film, substrate, film_hkl, substrate_hkl, max_area=150, max_strain=0.05
        )[0]
        task = f"{film_name} {film_hkl} | {substrate_name} {substrate_hkl}"
        progress(task)
        seconds, memory, counts, error = measure(lambda f=film, s=substrate, m=match: ours(f, s, m))
        peer_s, _, peer_counts, peer_error = measure(
            lambda f=film, s=substrate, m=match: theirs(f, s, m), warm=_load_pymatgen, limit=120
        )
        built, offered = counts or (0, 0)
        peer_built, peer_offered = peer_counts or (0, 0)
        each = seconds / built if seconds and built else None
        peer_each = peer_s / peer_built if peer_s and peer_built else None
        rows.append(
            row(task + ", per interface", each, "pymatgen CoherentInterfaceBuilder", peer_each,
                error=error or peer_error, built=built, of=offered, terminations=offered,
                peer_built=peer_built, peer_terminations=peer_offered, memory_mb=memory)
        )  # fmt: skip
    return rows


def _load_pymatgen() -> None:
    from pymatgen.analysis.interfaces import coherent_interfaces
    from pymatgen.analysis.interfaces.zsl import ZSLGenerator

    assert coherent_interfaces
    list(ZSLGenerator(max_area=30)(np.eye(2, 3) * 4, np.eye(2, 3) * 4))


def success_rows(quick: bool) -> list[Row]:
    """Build and check every match of every facet pair."""
    rows = []
    for film_name, substrate_name in SYSTEMS[:2] if quick else SYSTEMS:
        film, substrate = phases.load(film_name), phases.load(substrate_name)
        progress(f"every match of {film_name} on {substrate_name}")
        start, built, tried, problems = time.perf_counter(), 0, 0, set()
        for film_hkl, substrate_hkl in product(FACETS, FACETS):
            try:
                matches = matching.find_matches(
                    film, substrate, film_hkl, substrate_hkl, max_area=200, max_strain=0.05
                )
            except MatchError:
                continue
            for match in matches[: 3 if quick else 20]:
                tried += 1
                interface = building.build_interface(film, substrate, match)
                found = {problem.kind for problem in building.check_structure(interface.atoms)}
                built += not found
                problems |= found
        rows.append(
            row(f"build and check every match: {film_name} | {substrate_name}",
                time.perf_counter() - start, "none", None, built=built, of=tried,
                error=", ".join(sorted(problems)) or None)
        )  # fmt: skip
    return rows


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
    options = parser(__doc__).parse_args()
    rows = [*interface_rows(), *success_rows(options.quick), *particle_rows()]
    show(rows, options, COLUMNS)


if __name__ == "__main__":
    main()
