"""Coincidence search side by side with its peers, in one run, on the same plane cells.

For every area bound the table gives the CPU time, the rows returned, how many symmetry-distinct
matches within the strain bound those rows contain, how many of ours they miss, for how many facet
pairs the smallest cell is missed, and the growth of peak memory. Peers: pymatgen's ZSLGenerator
(compiled and warm) on our primitive plane cells, with its length tolerance set to the strain bound
and its default angle tolerance, and again with all tolerances opened; pymatgen's SubstrateAnalyzer
from the crystals; OgreInterface's ZurMcGill on our plane cells, in an environment of its own.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from _common import Row, measure, parser, progress, row, show

from qdstruct import matching, phases

SYSTEMS = [
    ("CsPbBr3-cubic", "PbS-galena", 1, 0.04),
    ("CsPbBr3-Pnma", "CdS-zincblende", 2, 0.05),
]
COLUMNS = (
    "rows",
    "distinct",
    "missed",
    "smallest_missed",
    "ours_missed",
    "memory_mb",
    "ours_memory_mb",
)

OGRE = """
import json, sys, time, resource
import numpy as np
from OgreInterface.lattice_match import ZurMcGill
job = json.load(open(sys.argv[1]))
def run(pair, area):
    basis = np.eye(3, dtype=int)
    search = ZurMcGill(film_vectors=np.array(pair[0]), film_basis=basis,
        substrate_vectors=np.array(pair[1]), substrate_basis=basis, max_area=area,
        max_strain=job["strain"])
    return search.run(return_all=True)
run(job["pairs"][0], 3 * job["warm_area"])
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
start, found = time.process_time(), []
for pair in job["pairs"]:
    try:
        found.append(run(pair, job["area"]))
    except Exception as error:
        found.append([])
seconds = time.process_time() - start
grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
rows = [[[m.film_sl_transform[:2, :2].ravel().tolist(),
          m.substrate_sl_transform[:2, :2].ravel().tolist()] for m in pair] for pair in found]
print(json.dumps({"seconds": seconds, "memory": grown, "rows": rows}))
"""

Key = tuple[int, ...]


class Pair:
    """One facet pair with our matches, keyed by their symmetry orbit."""

    def __init__(self, found: matching.FacetPairMatches) -> None:
        self.film, self.substrate = found.film, found.substrate
        f = np.column_stack([found.film_transforms.reshape(-1, 4)])
        s = np.column_stack([found.substrate_transforms.reshape(-1, 4)])
        self.keys = [self.key(*both) for both in zip(f, s, strict=True)]
        self.areas = dict(zip(self.keys, found.areas.tolist(), strict=True))
        self.smallest = found.areas.min() if len(found) else None

    def key(self, film: Any, substrate: Any) -> Key:
        """Canonical integers of the rational map film → substrate under both faces."""
        f, s = np.reshape(film, (2, 2)), np.reshape(substrate, (2, 2))
        n = round(np.linalg.det(f))
        m = np.array([[f[1, 1], -f[0, 1]], [-f[1, 0], f[0, 0]]]) @ s * (1 if n > 0 else -1)
        divisor = np.gcd.reduce(np.append(m.ravel(), n))
        m = m // divisor
        images = np.einsum(
            "uij,jk,wkl->uwil", self.film.operations, m, self.substrate.operations
        ).reshape(-1, 4)
        proper = images[:, 0] * images[:, 3] - images[:, 1] * images[:, 2] > 0
        if not proper.any():
            return ()
        images = images[proper]
        first = images[np.lexsort(images.T[::-1])[0]]
        return (abs(n) // int(divisor), *first.tolist())


def search(films: Any, substrates: Any, area: float, strain: float) -> list[Any]:
    """Our whole search: superlattices of every facet, then every pair."""
    prepared = [[matching.prepare(facet, area) for facet in side] for side in (films, substrates)]
    return list(matching.scan_prepared(prepared[0], prepared[1], max_area=area, max_strain=strain))


def repeated(films: Any, substrates: Any, area: float, strain: float, repeats: int) -> Any:
    """Run our search several times, because it is short; return the best CPU time and the rows."""
    best, n = np.inf, 0
    for _ in range(repeats):
        start = time.process_time()
        n = sum(len(found) for found in search(films, substrates, area, strain))
        best = min(best, time.process_time() - start)
    return best, n


def ours_best_of(films: Any, substrates: Any, area: float, strain: float, repeats: int) -> Row:
    """Time our search in a child of its own; its memory is that of all repeats."""
    _, memory, answer, error = measure(
        partial(repeated, films, substrates, area, strain, repeats),
        warm=partial(search, films[:1], substrates[:1], 100.0, strain),
    )
    if error is not None:
        raise SystemExit(f"our own search failed: {error}")
    return {"seconds": answer[0], "memory": memory, "n": answer[1]}


def zsl(pairs: list[Any], area: float, **tolerances: float) -> list[list[Any]]:
    """Run pymatgen's generator on the primitive plane cells of each pair."""
    from pymatgen.analysis.interfaces.zsl import ZSLGenerator

    generator = ZSLGenerator(max_area=area, **tolerances)
    found = []
    for film, substrate in pairs:
        inverse = np.linalg.pinv(film), np.linalg.pinv(substrate)
        found.append(
            [
                (
                    np.rint(match.film_sl_vectors @ inverse[0]).astype(int).ravel(),
                    np.rint(match.substrate_sl_vectors @ inverse[1]).astype(int).ravel(),
                )
                for match in generator(film, substrate)
            ]
        )
    return found


def _within(pair: Pair, film: Any, substrate: Any, area: float, strain: float) -> bool:
    """Tell whether a peer's row is a proper match within both bounds."""
    f = np.reshape(film, (2, 2)) @ pair.film.plane.planar
    s = np.reshape(substrate, (2, 2)) @ pair.substrate.plane.planar
    areas = np.linalg.det(f), np.linalg.det(s)
    if areas[0] * areas[1] <= 0 or np.abs(areas).max() > area:
        return False
    stretches = np.linalg.svd(np.linalg.solve(f, s), compute_uv=False)
    return bool(np.abs(stretches - 1).max() <= strain)


def compare(pairs: list[Pair], rows: list[list[Any]], area: float, strain: float) -> dict[str, int]:
    """Count what a peer's rows contain of our matches, and what ours lack of theirs."""
    distinct = missed = smallest = ours_missed = 0
    for pair, found in zip(pairs, rows, strict=True):
        # a peer's row is credited with both senses of the film, which it does not tell apart
        seen = {pair.key(sense * np.asarray(f), s) for f, s in found for sense in (1, -1)} & set(
            pair.keys
        )
        distinct += len(seen)
        missed += len(pair.keys) - len(seen)
        known = set(pair.keys)
        ours_missed += sum(
            pair.key(f, s) not in known for f, s in found if _within(pair, f, s, area, strain)
        )
        if pair.smallest is not None:
            best = min((pair.areas[key] for key in seen), default=np.inf)
            smallest += int(best > pair.smallest * (1 + 1e-6))
    return {
        "rows": sum(len(found) for found in rows),
        "distinct": distinct,
        "missed": missed,
        "smallest_missed": smallest,
        "ours_missed": ours_missed,
    }


def ogre(python: str, pairs: list[Any], area: float, strain: float, limit: float) -> Any:
    """Run OgreInterface in its own interpreter; return (seconds, memory, rows, error)."""
    with tempfile.TemporaryDirectory() as folder:
        job = Path(folder) / "job.json"
        plain = [[film.tolist(), substrate.tolist()] for film, substrate in pairs]
        smallest = max(np.linalg.norm(np.cross(*vectors)) for vectors in pairs[0])
        job.write_text(
            json.dumps(
                {"pairs": plain, "area": area, "strain": strain, "warm_area": float(smallest)}
            )
        )
        try:
            done = subprocess.run(
                [python, "-W", "ignore", "-c", OGRE, str(job)],
                capture_output=True, text=True, timeout=limit, check=True,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            return None, None, None, f"stopped after {limit:g} s"
        except (OSError, subprocess.CalledProcessError) as error:
            lines = (getattr(error, "stderr", None) or str(error)).strip().splitlines()
            return None, None, None, f"OgreInterface does not run here: {lines[-1]}"
    answer = json.loads(done.stdout.splitlines()[-1])
    return answer["seconds"], answer["memory"], answer["rows"], None


def analyzer(film: Any, substrate: Any, index: int, area: float, strain: float) -> list[Any]:
    """Run pymatgen's SubstrateAnalyzer; rows are (facets, area, strains)."""
    from pymatgen.analysis.interfaces.substrate_analyzer import SubstrateAnalyzer
    from pymatgen.io.ase import AseAtomsAdaptor

    structures = [AseAtomsAdaptor.get_structure(phase.atoms) for phase in (film, substrate)]
    search_ = SubstrateAnalyzer(
        film_max_miller=index, substrate_max_miller=index, max_area=area, max_length_tol=strain
    )
    rows = []
    for match in search_.calculate(*structures):
        a, b = _planar(match.film_sl_vectors), _planar(match.substrate_sl_vectors)
        stretches = np.linalg.svd(np.linalg.solve(a, b), compute_uv=False)
        rows.append(
            (tuple(match.film_miller), tuple(match.substrate_miller),
             abs(float(np.linalg.det(b))), np.sort(stretches - 1))
        )  # fmt: skip
    return rows


def _flat(facet: matching.Surface) -> np.ndarray:
    """Primitive plane vectors in the plane's own frame, as 3-vectors with z = 0."""
    return np.pad(facet.plane.planar, ((0, 0), (0, 1)))


def _planar(vectors: Any) -> np.ndarray:
    a, b = np.asarray(vectors, dtype=float)
    x = a / np.linalg.norm(a)
    y = b - (b @ x) * x
    return np.array([[np.linalg.norm(a), 0.0], [b @ x, np.linalg.norm(y)]])


def compare_analyzer(
    pairs: list[Pair], crystals: Any, found: list[matching.FacetPairMatches], rows: list[Any]
) -> dict[str, int]:
    """Count our (facets, area, strains) that the analyzer's rows contain."""
    names = [
        {tuple(image): facet.hkl for facet in side
         for image in (np.asarray(facet.hkl) @ crystal.rotations).tolist()}
        for crystal, side in zip(crystals, ({p.film.hkl: p.film for p in pairs}.values(),
                                            {p.substrate.hkl: p.substrate for p in pairs}.values()),
                                 strict=True)
    ]  # fmt: skip
    seen: dict[Any, set[Any]] = {}
    for film_hkl, substrate_hkl, area, strains in rows:
        facets = names[0].get(film_hkl), names[1].get(substrate_hkl)
        seen.setdefault(facets, set()).add(_signature(area, strains))
    distinct = missed = smallest = 0
    for pair in found:
        mine = [
            _signature(area, strains)
            for area, strains in zip(pair.areas, pair.principal_strains, strict=True)
        ]
        theirs = seen.get((pair.film.hkl, pair.substrate.hkl), set())
        distinct += len(set(mine) & theirs)
        missed += len(set(mine) - theirs)
        smallest += bool(mine) and not any(
            signature in theirs and signature[0] == mine[0][0] for signature in mine
        )
    return {
        "rows": len(rows), "distinct": distinct, "missed": missed, "smallest_missed": smallest
    }  # fmt: skip


def _signature(area: float, strains: Any) -> tuple[float, ...]:
    return (round(float(area), 2), *np.sort(np.round(strains, 4)).tolist())


def benchmark(system: Any, area: float, ogre_python: str | None, limit: float) -> list[Row]:
    """Return the rows of one system at one area."""
    film, substrate = phases.load(system[0]), phases.load(system[1])
    index, strain = system[2:]
    films, substrates = (matching.facets(p, None, index) for p in (film, substrate))
    task = f"{film.name}/{substrate.name} Miller ≤ {index}, {strain:.0%}, {area:g} Å²"
    progress(task)
    ours = ours_best_of(films, substrates, area, strain, 9 if area <= 800 else 2)
    found = search(films, substrates, area, strain)
    pairs = [Pair(one) for one in found]
    cells = [(_flat(f), _flat(s)) for f, s in product(films, substrates)]
    loose = {
        "max_length_tol": 2 * strain, "max_angle_tol": 2 * strain, "max_area_ratio_tol": 8 * strain
    }  # fmt: skip
    jobs = {
        "ZSL, default angle tolerance": {"max_length_tol": strain},
        "ZSL, tolerances opened": loose,
    }
    rows = []
    for name, tolerances in jobs.items():
        progress(f"  {name}")
        seconds, memory, answer, error = measure(
            partial(zsl, cells, area, **tolerances),
            warm=partial(zsl, cells[:1], 100.0, **tolerances),
            limit=limit,
        )
        counts = compare(pairs, answer, area, strain) if answer is not None else {}
        rows.append(_row(task, ours, name, seconds, memory, error) | counts)
    if area == 400:
        progress("  SubstrateAnalyzer")
        seconds, memory, answer, error = measure(
            partial(analyzer, film, substrate, index, area, strain),
            warm=partial(analyzer, film, film, 1, 40.0, strain),
            limit=limit,
        )
        ours_full, *_ = measure(
            lambda: list(
                matching.scan_facets(
                    film, substrate, max_index=index, max_area=area, max_strain=strain
                )
            ),
            warm=partial(search, films[:1], substrates[:1], 100.0, strain),
        )
        entry = _row(
            task, ours | {"seconds": ours_full}, "SubstrateAnalyzer", seconds, memory, error
        )
        crystals = films[0].crystal, substrates[0].crystal
        rows.append(entry | (compare_analyzer(pairs, crystals, found, answer) if answer else {}))
    progress("  OgreInterface")
    seconds, memory, answer, error = (
        ogre(ogre_python, cells, area, strain, limit)
        if ogre_python
        else (None, None, None, "absent: not installed here (--ogre-python PATH)")
    )
    counts = compare(pairs, answer, area, strain) if answer is not None else {}
    rows.append(_row(task, ours, "OgreInterface", seconds, memory, error) | counts)
    return rows


def _row(task: str, ours: Row, peer: str, seconds: Any, memory: Any, error: Any) -> Row:
    return row(
        f"{task}: {ours['n']} matches", ours["seconds"], peer, seconds,
        error=error, memory_mb=memory, ours_memory_mb=ours["memory"],
    )  # fmt: skip


FIRST_CALL = """
import time, json
start = time.process_time()
from qdstruct import matching, phases
imported = time.process_time()
film, substrate = phases.load("CsPbBr3-cubic"), phases.load("PbS-galena")
loaded = time.process_time()
matching.find_matches(film, substrate, (1, 0, 0), (1, 0, 0))
print(json.dumps([imported - start, loaded - imported, time.process_time() - loaded]))
"""


def first_call() -> list[Row]:
    """CPU time of the very first search: without and with the machine code on disk."""
    import os

    rows = []
    with tempfile.TemporaryDirectory() as cache:
        for state in ("nothing compiled yet", "machine code cached"):
            done = subprocess.run(
                [sys.executable, "-W", "ignore", "-c", FIRST_CALL],
                env=os.environ | {"NUMBA_CACHE_DIR": cache},
                capture_output=True, text=True, check=True,
            )  # fmt: skip
            _, _, seconds = json.loads(done.stdout)
            rows.append(row(f"first find_matches of a process, {state} (CPU)", seconds, "-", None))
    return rows


def _ogre_python(given: str | None) -> str | None:
    if given:
        return given
    try:
        import OgreInterface  # noqa: F401
    except ImportError:
        return None
    return sys.executable


def main() -> int:
    """Print the rows; end with 1 if any peer found a match that ours missed."""
    options = parser(__doc__)
    options.add_argument("--ogre-python", help="interpreter with OgreInterface installed")
    options.add_argument("--areas", default=None, help="comma-separated, Å²")
    options.add_argument("--limit", type=float, default=300.0, help="seconds per peer and row")
    chosen = options.parse_args()
    areas = [400.0] if chosen.quick else [200.0, 400.0, 800.0, 1600.0]
    if chosen.areas:
        areas = [float(word) for word in chosen.areas.split(",")]
    rows = first_call()
    python = _ogre_python(chosen.ogre_python)
    for system in SYSTEMS:
        for area in areas:
            new = benchmark(system, area, python, 20.0 if chosen.quick else chosen.limit)
            for entry in new:
                progress(f"    {entry['peer']}: {entry['peer_s']} s against {entry['ours_s']} s")
            rows += new
    show(rows, chosen, COLUMNS)
    return int(any(entry.get("ours_missed") for entry in rows))


if __name__ == "__main__":
    sys.exit(main())
