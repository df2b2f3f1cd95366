"""Patterns side by side with the peers, in one run.

    python benchmarks/simulation.py [--quick] [--json] [--peers PYTHON]

XRD of CsPbBr3 cells of 40, 400 and 4,000 displaced atoms (P1), 10-60 degrees, Cu Ka1: all lines and
the profile (ours) beside pymatgen's lines and xrayutilities' powder model. Debye sums of CsPbBr3
cubes and of a CsPbBr3/CdS Janus particle at 400 values of q from 0.5 to 8 1/A beside
DebyeCalculator (its own default pair sum and its direct one) and beside the sum written out.
Orientation-averaged cuboid form factor beside sasmodels, exit wave beside abTEM, moves of hard
cubes beside the same in NumPy, a fit beside scipy alone. Errors are against
the sums written out in double precision. Times are CPU seconds of all threads together, so that
other work on the machine does not count, without imports and with everything compiled. Peers that
are not installed in this environment are taken from PYTHON.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from _common import Row, measure, parser, progress, row, show
from ase import Atoms
from scipy.spatial.transform import Rotation

from qdstruct import phases, simulation
from qdstruct.simulation import spectra
from qdstruct.simulation.assembly.moves import run_moves
from qdstruct.simulation.assembly.walker import SHARES, Walker
from qdstruct.simulation.scattering_factors import xray_factor

Q = np.linspace(0.5, 8.0, 400)
LIMIT = float(os.environ.get("QDSTRUCT_PEER_LIMIT", "240"))
"""Seconds by the clock after which a peer is stopped."""

PYMATGEN = """
import json, sys, time, warnings
import numpy as np
warnings.simplefilter("ignore")
from pymatgen.analysis.diffraction.xrd import XRDCalculator
from pymatgen.core import Lattice, Structure
job = np.load(sys.argv[1], allow_pickle=False)
make = lambda n: Structure(Lattice(job["cell"]), job["symbols"][:n], job["fractional"][:n])
calculator = XRDCalculator(1.54056)
calculator.get_pattern(make(2), two_theta_range=(10, 30))
structure = make(None)
start = time.process_time()
pattern = calculator.get_pattern(structure, two_theta_range=(10, 60))
print(json.dumps({"seconds": time.process_time() - start, "lines": len(pattern.x)}))
"""

XRAYUTILITIES = """
import json, sys, time, warnings
import numpy as np
warnings.simplefilter("ignore")
import xrayutilities as xu
job = np.load(sys.argv[1], allow_pickle=False)
a, b, c = (float(x) for x in np.linalg.norm(job["cell"], axis=1))
atoms = [getattr(xu.materials.elements, str(s)) for s in job["symbols"]]
places = [("1a", tuple(map(float, f))) for f in job["fractional"]]
lattice = xu.materials.SGLattice(1, a, b, c, 90, 90, 90, atoms=atoms, pos=places)
crystal = xu.materials.Crystal("cell", lattice)
start = time.process_time()
powder = xu.simpack.PowderDiffraction(crystal, en=12398.4198 / 1.54056, tt_cutoff=60)
print(json.dumps({"seconds": time.process_time() - start, "lines": len(powder.data)}))
"""

DEBYE = """
import json, sys, time, warnings
import numpy as np
warnings.simplefilter("ignore")
import torch
from debyecalculator import DebyeCalculator
job = np.load(sys.argv[1], allow_pickle=False)
calculator = DebyeCalculator(qmin=0.5, qmax=8.0, qstep=7.5 / 399, biso=0.0, device="cpu",
    pair_sum=str(job["mode"]), rthres=0.0)
symbols = list(map(str, job["symbols"]))
places = torch.tensor(job["positions"], dtype=torch.float32)
calculator.iq((symbols[:50], places[:50]))
start = time.process_time()
out = calculator.iq((symbols, places))
q = out.q if hasattr(out, "q") else out[0]
i = out.i if hasattr(out, "i") else out[1]
print(json.dumps({"seconds": time.process_time() - start, "q": np.asarray(q).tolist(),
                  "i": np.asarray(i, dtype=float).tolist()}))
"""

SASMODELS = """
import json, sys, time
import numpy as np
from sasmodels.core import load_model
from sasmodels.direct_model import call_kernel
job = np.load(sys.argv[1], allow_pickle=False)
kernel = load_model("parallelepiped", platform="dll").make_kernel([job["q"]])
words = {"length_a": 60.0, "length_b": 80.0, "length_c": 120.0, "background": 0.0, "scale": 1.0}
call_kernel(kernel, words)
start = time.process_time()
out = call_kernel(kernel, words)
print(json.dumps({"seconds": time.process_time() - start, "i": np.asarray(out).tolist()}))
"""

ABTEM = """
import json, sys, time, warnings
import numpy as np
warnings.simplefilter("ignore")
import abtem
from ase import Atoms
abtem.config.set({"antialias.taper": 0.0, "precision": "float64"})
job = np.load(sys.argv[1], allow_pickle=False)
crystal = Atoms(job["symbols"], scaled_positions=job["fractional"], cell=job["cell"], pbc=True)
def run(periods):
    unit = abtem.Potential(crystal, gpts=tuple(job["gpts"].tolist()), parametrization="lobato",
        slice_thickness=float(job["step"]), projection="infinite")
    whole = abtem.CrystalPotential(unit, repetitions=(1, 1, periods))
    return abtem.PlaneWave(energy=200e3).multislice(whole).compute(progress_bar=False).array
run(1)
start = time.process_time()
wave = run(int(job["periods"]))
seconds = time.process_time() - start
beams = np.abs(np.fft.fft2(wave) / wave.size)
print(json.dumps({"seconds": seconds, "beams": beams.tolist()}))
"""


def timed(entry: Row) -> Row:
    """Say a row on stderr as soon as it is known, for runs that are stopped."""
    progress(
        f"  {entry['peer']}: ours {entry['ours_s']} s, peer {entry['peer_s']} s, {entry['error']}"
    )
    return entry


def peer(python: str, script: str, limit: float = LIMIT, **arrays: Any) -> dict[str, Any]:
    """Run a peer in a fresh process; a failure comes back as {"error": reason}."""
    with tempfile.TemporaryDirectory() as folder:
        job = Path(folder) / "job.npz"
        np.savez(job, **arrays)
        try:
            ran = subprocess.run(
                [python, "-c", script, str(job)],
                capture_output=True, text=True, timeout=limit, check=False,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            return {"error": f"stopped after {limit:g} s"}
    if ran.returncode:
        lines = ran.stderr.strip().splitlines()
        return {"error": lines[-1][:100] if lines else "failed"}
    return dict(json.loads(ran.stdout.strip().splitlines()[-1]))


def displaced(repeat: tuple[int, int, int]) -> Any:
    atoms = phases.load("CsPbBr3-Pnma").atoms.repeat(repeat)
    atoms.rattle(0.02, seed=1)
    return atoms


def powder(atoms: Any, engine: str = "auto") -> Any:
    return simulation.powder_pattern(
        atoms,
        name="cell",
        anode=1.54056,
        settings=simulation.PowderSettings(engine=engine, anomalous=False),
    )


def best_of(task: Any, n: int) -> tuple[float, Any]:
    """Return the shortest CPU time of n calls; the last result is freed outside the clock."""
    times = []
    for _ in range(n):
        result = None
        start = time.process_time()
        result = task()
        times.append(time.process_time() - start)
    return min(times), result


def written_out_powder(atoms: Any, pattern: Any) -> float:
    """Return the largest error of forty lines' intensities, relative to the strongest line."""
    reciprocal = np.linalg.inv(np.asarray(atoms.cell)).T
    symbols = np.array(atoms.get_chemical_symbols())
    chosen = np.random.default_rng(0).choice(len(pattern.peaks), 40, replace=False).tolist()
    chosen.append(int(np.argmax([peak.intensity for peak in pattern.peaks])))
    exact, ours = [], []
    for index in chosen:
        peak = pattern.peaks[index]
        total = 0.0
        for hkl in peak.hkl:
            phase = np.exp(2j * np.pi * (atoms.positions @ (np.array(hkl) @ reciprocal)))
            factor = sum(
                complex(xray_factor(s, 1 / (2 * peak.d))) * phase[symbols == s].sum()
                for s in np.unique(symbols)
            )
            total += 2 * abs(factor) ** 2
        angle = np.radians(peak.two_theta)
        total *= (1 + np.cos(angle) ** 2) / (np.sin(angle / 2) ** 2 * np.cos(angle / 2))
        exact.append(total)
        ours.append(peak.intensity)
    scale = 100 / exact[-1]
    return float(np.abs(np.array(ours) - scale * np.array(exact)).max() / 100)


def xrd_rows(python: str, quick: bool) -> list[Row]:
    rows = []
    for repeat in [(1, 1, 2), (5, 2, 2), *([] if quick else [(5, 5, 8)])]:
        atoms = displaced(repeat)
        task = f"XRD {len(atoms)} atoms"
        progress(task)
        powder(atoms)
        ours, pattern = best_of(partial(powder, atoms), 3)
        error = f"{written_out_powder(atoms, pattern):.1g} of the strongest line"
        arrays = {
            "cell": np.asarray(atoms.cell),
            "symbols": np.array(atoms.get_chemical_symbols()),
            "fractional": atoms.get_scaled_positions(),
        }
        peers = [("pymatgen", PYMATGEN)]
        if not quick and len(atoms) < 1000:
            peers.append(("xrayutilities", XRAYUTILITIES))
        for name, script in peers:
            found = peer(python if name == "xrayutilities" else sys.executable, script, **arrays)
            entry = row(
                task, ours, name, found.get("seconds"), error=found.get("error", error),
                lines=len(pattern.peaks), peer_lines=found.get("lines"),
            )  # fmt: skip
            rows.append(timed(entry))
    return rows


def cube(size_nm: float) -> Any:
    atoms = phases.load("CsPbBr3-cubic").atoms
    return simulation.cut_particle(atoms, name="cube", size_nm=size_nm, shape="cells")


def janus(size_nm: float) -> list[Any]:
    """A cube of CsPbBr3 with a block of CdS on top, 4 A above it."""
    core = cube(size_nm)
    crystal = phases.load("CdS-zincblende").atoms
    cap = simulation.cut_particle(crystal, name="cap", size_nm=size_nm * 0.81, shape="cells")
    top = max(points[:, 2].max() for points in core.positions().values())
    shifted = simulation.LatticeDomain(
        cell=cap.cell,
        origin=cap.origin + np.array([5.0, 5.0, top + 4.0]),
        basis=cap.basis,
        symbols=cap.symbols,
        occupied=cap.occupied,
    )
    return [core, shifted]


def arrays_of(parts: list[Any]) -> tuple[np.ndarray, np.ndarray]:
    positions = [part.positions() for part in parts]
    symbols = [s for found in positions for s, points in found.items() for _ in points]
    places = np.concatenate([points for found in positions for points in found.values()])
    return np.array(symbols), places


def written_out_debye(q: np.ndarray, symbols: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Return the double sum over all pairs of atoms, in double precision."""
    from scipy.spatial.distance import cdist

    kinds = np.unique(symbols)
    total = np.zeros(len(q))
    for start in range(0, len(places), 500):
        part = slice(start, start + 500)
        distance = cdist(places[part], places)
        for i, value in enumerate(q):
            factor = {s: float(xray_factor(s, value / (4 * np.pi))) for s in kinds}
            f = np.array([factor[s] for s in symbols])
            total[i] += f[part] @ (np.sinc(value * distance / np.pi) @ f)
    return total


def debye_rows(python: str, quick: bool) -> list[Row]:
    rows = []
    pair_time, errors = written_out_errors(quick)
    jobs = [("cube", [cube(size)]) for size in ([6.0] if quick else [6.0, 9.4, 16.0, 34.3])]
    jobs += [("Janus", janus(8.0 if quick else 14.7))]
    for kind, parts in jobs:
        symbols, places = arrays_of(parts)
        task = f"Debye {kind} {len(places)} atoms"
        progress(task)
        seconds, pattern = best_of(partial(simulation.debye_intensity, Q, parts), 3)
        scaled = pair_time * len(places) ** 2 * len(Q)
        rows.append(
            timed(row(task, seconds, "sum written out (scaled)", scaled, error=errors[kind]))
        )
        if len(places) > 200_000:
            continue
        if kind == "Janus":
            whole = Atoms(symbols, positions=places)
            direct, counted = best_of(partial(simulation.debye_intensity, Q, [whole]), 1)
            error = f"{np.abs(pattern - counted).max() / counted.max():.1g} of the maximum"
            rows.append(timed(row(task, seconds, "pairs counted one by one", direct, error=error)))
        for mode in ("grid", "direct") if not quick and len(places) < 30_000 else ("grid",):
            found = peer(python, DEBYE, symbols=symbols, positions=places, mode=np.array(mode))
            difference = found.get("error") or _difference(parts, found)
            name = f"DebyeCalculator {mode}"
            rows.append(timed(row(task, seconds, name, found.get("seconds"), error=difference)))
    return rows


def written_out_errors(quick: bool) -> tuple[float, dict[str, str]]:
    """Return the time per pair and q of the sum written out, and our error on small particles."""
    errors, pair_time = {}, 0.0
    for kind, parts in {"cube": [cube(2.9)], "Janus": janus(3.5 if quick else 6.0)}.items():
        symbols, places = arrays_of(parts)
        q = Q[::40] if kind == "cube" else Q[::100]
        start = time.process_time()
        exact = written_out_debye(q, symbols, places)
        pair_time = (time.process_time() - start) / (len(places) ** 2 * len(q))
        zero = written_out_debye(np.array([0.0]), symbols, places)[0]
        difference = np.abs(simulation.debye_intensity(q, parts) - exact)
        errors[kind] = (
            f"{difference.max() / zero:.1g} of I(0), {(difference / exact).max():.1g} pointwise, "
            f"{len(places)} atoms"
        )
    return pair_time, errors


def _difference(parts: list[Any], found: dict[str, Any]) -> str:
    """Return the largest difference at the peer's own q, both scaled to one maximum.

    Their scattering factors differ, so this is no error of either.
    """
    theirs = np.array(found["i"])
    ours = simulation.debye_intensity(np.array(found["q"]), parts)
    shape = np.abs(ours / ours.max() - theirs / theirs.max()).max()
    return f"{shape:.1g} of the maximum from the peer"


def saxs_rows(python: str) -> list[Row]:
    q = np.linspace(0.005, 0.3, 300)
    shape = simulation.ParticleShape(kind="cuboid", size=(60.0, 80.0, 120.0))
    seconds, ours = best_of(partial(simulation.form_factor, q, shape), 3)
    found = peer(python, SASMODELS, q=q)
    error = found.get("error")
    if error is None:
        theirs = np.array(found["i"])
        ratio = ours.mean_square / ours.mean_square[0] / (theirs / theirs[0])
        error = f"{np.abs(ratio - 1).max():.1g} relative difference"
    return [
        row("cuboid form factor, 300 q", seconds, "sasmodels", found.get("seconds"), error=error)
    ]


def multislice_rows(python: str) -> list[Row]:
    """Exit wave of 100 Å of CsPbBr3 along [001] at 200 kV, 68 slices of 1.47 Å."""
    atoms = phases.load("CsPbBr3-cubic").atoms
    period = float(atoms.cell.lengths()[2])
    words = {"name": "cell", "zone": (0, 0, 1), "thickness": 17 * period, "slice_thickness": 1.5}
    task = partial(simulation.multislice_wave, atoms, sampling=0.03, **words)
    seconds, wave = best_of(task, 3)
    found = peer(
        python, ABTEM, cell=np.asarray(atoms.cell), symbols=np.array(atoms.get_chemical_symbols()),
        fractional=atoms.get_scaled_positions(), gpts=np.array(wave.wave.shape),
        step=np.array(period / 4), periods=np.array(17),
    )  # fmt: skip
    error = found.get("error")
    if error is None:
        ours = np.abs(np.fft.fft2(wave.wave) / wave.wave.size)
        error = (
            f"{np.sqrt(((ours - np.array(found['beams'])) ** 2).sum()):.1g} of the beams' moduli"
        )
    return [row(f"multislice {wave.slices} slices", seconds, "abTEM", found.get("seconds"),
                error=error)]  # fmt: skip


def assembly_rows(quick: bool) -> list[Row]:
    """Moves of 970 hard cubes beside the same moves with NumPy, each against all other cubes.

    There is no program to compare with. The error: pairs within the well and overlaps, counted
    afresh by NumPy over all pairs after the run.
    """
    settings = simulation.assembly_settings(well=-1.0, sweeps=20, sample_every=10, seeds=(1,))
    Walker.start(settings, 1).advance()
    walker = Walker.start(settings, 1)
    seconds, moves = best_of(partial(sweeps_of_moves, walker, 2 if quick else 10), 1)
    state = walker.positions.copy(), walker.axes.copy(), settings.box
    tried = 200
    pairs = sum(int((near < 1.14**2).sum()) for _, near, _ in neighbours(*state)) // 2
    clashes = sum(
        int(overlapping(away, state[1][n], state[1][others]).any())
        for n, (away, _, others) in enumerate(neighbours(*state))
    )
    slow, _ = best_of(partial(numpy_moves, *state, walker.steps, tried), 1)
    error = f"{abs(walker.counted()[0] - pairs)} pairs of {pairs} amiss, {clashes} overlaps"
    task = f"assembly, 10,000 moves of {settings.cubes} cubes"
    return [
        timed(
            row(
                task, 1e4 * seconds / moves, "NumPy, all pairs (scaled)", 1e4 * slow / tried,
                error=error, moves_per_s=moves / seconds,
            )
        )
    ]  # fmt: skip


def sweeps_of_moves(walker: Walker, sweeps: int) -> int:
    """Make single-cube moves, without event chains; return how many."""
    box, grid, (members, filled, places) = walker._cells()
    count = sweeps * len(walker.positions)
    run_moves(
        walker.rng, walker.positions, walker.axes, box, grid, members, filled, places,
        walker.settings.well, walker.settings.well_range**2, walker.steps, np.array(SHARES),
        np.ones(3), count,
    )  # fmt: skip
    return count


def numpy_moves(
    places: np.ndarray, axes: np.ndarray, box: float, steps: np.ndarray, count: int
) -> int:
    """Make Metropolis moves of the same three kinds, ε = −1 kT; return how many were accepted."""
    rng = np.random.default_rng(0)
    accepted = 0
    for _ in range(count):
        n, kind = int(rng.integers(len(places))), rng.choice(3, p=[0.5, 0.35, 0.15])
        place, turned = places[n].copy(), axes[n]
        if kind == 0:
            place += steps[0] * rng.uniform(-1, 1, 3)
        elif kind == 1:
            turned = axes[n] @ Rotation.from_rotvec(steps[1] * rng.uniform(-1, 1, 3)).as_matrix()
        else:
            place[rng.integers(3)] += steps[2] * rng.uniform(-1, 1)
        away, square, others = near(places, place, n, box)
        if overlapping(away, turned, axes[others]).any():
            continue
        gained = int((square < 1.14**2).sum())
        if kind != 1:
            gained -= int((near(places, places[n], n, box)[1] < 1.14**2).sum())
        if gained < 0 and rng.random() >= np.exp(gained):
            continue
        places[n], axes[n] = place % box, turned
        accepted += 1
    return accepted


def near(places: np.ndarray, place: np.ndarray, n: int, box: float) -> Any:
    """Return differences, squared distances and numbers of the cubes within √3 of a place."""
    away = places - place
    away -= box * np.rint(away / box)
    square = (away**2).sum(axis=1)
    square[n] = np.inf
    others = np.flatnonzero(square < 3.0)
    return away[others], square[others], others


def neighbours(places: np.ndarray, _axes: np.ndarray, box: float) -> Any:
    return (near(places, places[n], n, box) for n in range(len(places)))


def overlapping(away: np.ndarray, own: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Separating axes of one cube and many: its faces, theirs, and all products of edges."""
    products = np.cross(own[None, :, None, :], others[:, None, :, :]).reshape(-1, 9, 3)
    normals = np.concatenate([np.broadcast_to(own, others.shape), others, products], axis=1)
    reach = np.abs(normals @ own.T).sum(axis=2) / 2
    reach += np.abs(normals @ np.swapaxes(others, 1, 2)).sum(axis=2) / 2
    apart = np.abs(normals @ away[:, :, None])[..., 0] >= reach - 1e-9
    return np.asarray(~(apart & (reach > 1e-6)).any(axis=1))


def fit_rows() -> list[Row]:
    """Two exponentials through 2,000 noisy counts, beside scipy's curve_fit from the same start."""
    from scipy.optimize import curve_fit

    time_ns = np.linspace(0, 60, 2000)
    truth = (3000.0, 12.0, 5000.0, 2.5, 20.0)
    counts = np.random.default_rng(1).poisson(biexponential(time_ns, *truth)).astype(float)
    task = partial(spectra.fit_kinetics, time_ns, counts, components=2)
    task()
    seconds, ours = best_of(task, 3)
    start = int(np.argmax(counts))
    t, y = time_ns[start:] - time_ns[start], counts[start:]
    guess = (y.max() / 2, 15.0, y.max() / 2, 3.0, 0.0)
    scipy_task = partial(curve_fit, biexponential, t, y, p0=guess)
    scipy_task()
    theirs_s, (found, covariance) = best_of(scipy_task, 3)
    order = (1, 3) if found[1] > found[3] else (3, 1)
    off = max(
        abs(ours[f"tau{i}"].value - found[k]) / np.sqrt(covariance[k, k])
        for i, k in enumerate(order, start=1)
    )
    error = f"{off:.1g} standard errors between the lifetimes; ours finds its own start"
    return [timed(row("fit of two exponentials, 2,000 points", seconds, "scipy curve_fit",
                      theirs_s, error=error))]  # fmt: skip


def biexponential(t: np.ndarray, a: float, tau: float, b: float, tau2: float, y0: float) -> Any:
    return a * np.exp(-t / tau) + b * np.exp(-t / tau2) + y0


def memory_row(quick: bool) -> list[Row]:
    """Peak memory of the largest Debye sum, in a process of its own."""
    size = 9.4 if quick else 34.3
    particle = cube(size)
    _, grown, _, error = measure(partial(simulation.debye_intensity, Q, [particle]))
    return [row(f"Debye memory {len(particle)} atoms", None, "-", None, error=error, ours_mb=grown)]


def main() -> None:
    options = parser(__doc__)
    options.add_argument(
        "--peers", default=os.environ.get("QDSTRUCT_PEERS", sys.executable), metavar="PYTHON",
        help="interpreter that has xrayutilities, DebyeCalculator, sasmodels and abTEM; "
        "else the environment's QDSTRUCT_PEERS",
    )  # fmt: skip
    chosen = options.parse_args()
    rows = xrd_rows(chosen.peers, chosen.quick)
    rows += debye_rows(chosen.peers, chosen.quick)
    rows += saxs_rows(chosen.peers)
    rows += multislice_rows(chosen.peers)
    rows += assembly_rows(chosen.quick)
    rows += fit_rows()
    rows += memory_row(chosen.quick)
    show(rows, chosen, ("lines", "peer_lines", "moves_per_s", "ours_mb"))


if __name__ == "__main__":
    main()
