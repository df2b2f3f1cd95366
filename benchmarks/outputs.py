"""Reading large VASP outputs: ours beside pymatgen and ASE, each in a fresh process.

    python benchmarks/outputs.py            CHGCAR 160×160×400 and a vasprun.xml of about 95 MB
    python benchmarks/outputs.py --quick    the same files at an eighth of the size
    python benchmarks/outputs.py --json     one JSON document

Every reader runs in its own process, which first reads a tiny file of the same kind: imports and
loading of compiled code are reported apart (``start_s``), and the peak memory is what the large
file added to that. A peer that has used up the limit of processor time is stopped; its time is then
a lower bound. Both print a hash of every number they read, so that "equal" means all of them (the
cell's volume, by which densities are divided, is computed by one formula for that).
"""

from __future__ import annotations

import argparse
import gzip
import importlib.metadata
import json
import resource
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

LIMIT = 150.0
"""Seconds of processor time after which a peer is stopped."""
PATIENCE = 20
"""Wall time over processor time that a busy machine may need."""

PREAMBLE = """
import hashlib, json, resource, sys, time, warnings
import numpy as np
warnings.simplefilter("ignore")
def peak():
    for line in open("/proc/self/status"):
        if line.startswith("VmHWM"):
            return int(line.split()[1]) / 1024
born = time.perf_counter()
def report(work, tiny, path):
    work(tiny)
    before, start, cpu = peak(), time.perf_counter(), time.process_time()
    numbers, array = work(path)
    found = {"seconds": time.perf_counter() - start, "start": start - born,
             "cpu": time.process_time() - cpu, "memory": peak() - before}
    flat = np.ascontiguousarray(array)
    print(json.dumps({**found, "result": numbers, "hash": hashlib.sha256(flat).hexdigest()}))
"""

READERS = {
    "ours grid": """
from pathlib import Path
from qdstruct.outputs import read_grid
def work(path):
    grid = read_grid(Path(path))
    v = grid.values
    return [float(v.sum()), float(v[1, 2, 3]), float(v[-1, -1, -1])], v
""",
    "pymatgen grid": """
from pymatgen.io.vasp.outputs import Chgcar
def work(path):
    chg = Chgcar.from_file(path)
    v = chg.data["total"] / abs(np.linalg.det(chg.structure.lattice.matrix))
    return [float(v.sum()), float(v[1, 2, 3]), float(v[-1, -1, -1])], v
""",
    "ASE grid": """
from ase.calculators.vasp import VaspChargeDensity
def work(path):
    v = VaspChargeDensity(path).chg[0]
    return [float(v.sum()), float(v[1, 2, 3]), float(v[-1, -1, -1])], v
""",
    "ours planar": """
from pathlib import Path
from qdstruct.outputs import planar_average
def work(path):
    p = planar_average(Path(path))
    return [float(p[0]), float(p[6]), float(p[-1])], np.asarray(p)
""",
    "pymatgen planar": """
from pymatgen.io.vasp.outputs import Chgcar
def work(path):
    chg = Chgcar.from_file(path)
    p = chg.get_average_along_axis(2) / chg.structure.volume
    return [float(p[0]), float(p[6]), float(p[-1])], np.asarray(p)
""",
    "ours dos": """
from pathlib import Path
from qdstruct.outputs import read_projected_dos
def work(path):
    d = read_projected_dos(Path(path))
    p = d.projected
    numbers = [float(p.values[2, 0, 11, 3]), float(p.values[-1, -1, -1, -1]), d.fermi_level]
    return numbers, p.values[:, 0].astype(np.float32)
""",
    "pymatgen dos": """
from pymatgen.io.vasp.outputs import Vasprun
def work(path):
    run = Vasprun(path, parse_potcar_file=False, parse_eigen=False)
    tables = [[list(o.values()) for o in atom.values()] for atom in run.pdos]
    numbers = [float(tables[2][3][0][11]), float(tables[-1][-1][-1][-1]), run.efermi]
    kept = np.array([[orbital[0] for orbital in atom] for atom in tables], dtype=np.float32)
    return [float(np.float32(x)) for x in numbers[:2]] + numbers[2:], kept.transpose(0, 2, 1)
""",
    "ours procar": """
from pathlib import Path
from qdstruct.outputs import read_procar
def work(path):
    p = read_procar(Path(path)).projections.values
    return [float(p[0, 0, 1, 2, 3]), float(p[0, -1, -1, -1, -1])], p[0]
""",
    "pymatgen procar": """
from pymatgen.io.vasp.outputs import Procar
def work(path):
    (p,) = Procar(path).data.values()
    p = p.astype(np.float32)
    return [float(p[0, 1, 2, 3]), float(p[-1, -1, -1, -1])], p
""",
}


@dataclass
class Run:
    """What one reader needed."""

    seconds: float
    memory: float
    start: float
    cpu: float
    result: list[float] | None
    digest: str = ""
    stopped: bool = False


def read(reader: str, path: Path) -> Run:
    """Run one reader in a process of its own."""
    tiny = path.parent / "tiny" / path.name
    code = f"{PREAMBLE}\n{READERS[reader]}\nreport(work, {str(tiny)!r}, {str(path)!r})\n"
    limit = int(LIMIT) + 5
    try:
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=False,
            timeout=PATIENCE * limit,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CPU, (limit, limit)),
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return Run(LIMIT, 0.0, 0.0, LIMIT, None, stopped=True)
    if done.returncode in (-signal.SIGXCPU, -signal.SIGKILL):
        return Run(LIMIT, 0.0, 0.0, LIMIT, None, stopped=True)
    if done.returncode:
        raise SystemExit(f"{reader} failed:\n{done.stderr}")
    answer = json.loads(done.stdout.splitlines()[-1])
    return Run(
        answer["seconds"], answer["memory"], answer["start"], answer["cpu"], answer["result"],
        answer["hash"],
    )  # fmt: skip


def write_chgcar(path: Path, shape: tuple[int, int, int], n_atoms: int) -> None:
    """Write a CHGCAR with `n_atoms` atoms and 33 augmentation occupancies each."""
    generator = np.random.default_rng(1)
    places = generator.uniform(size=(n_atoms, 3))
    head = ["benchmark", "   1.0", "  32.0 0.0 0.0", "  0.0 32.0 0.0", "  0.0 0.0 80.0"]
    head += ["   Pb   S", f"  {n_atoms // 2} {n_atoms - n_atoms // 2}", "Direct"]
    head += ["".join(f"{x:10.6f}" for x in row) for row in places]
    line = " %.11E %.11E %.11E %.11E %.11E\n"
    with path.open("w") as file:
        file.write("\n".join(head) + "\n\n" + "".join(f"{n:5d}" for n in shape) + "\n")
        for _ in range(shape[2]):
            plane = generator.lognormal(3, 3, size=shape[0] * shape[1])
            file.write((line * (plane.size // 5)) % tuple(plane))
        occupancies = "".join(
            "".join(f"{x:15.7E}" for x in generator.normal(size=n)) + "\n" for n in [5] * 6 + [3]
        )
        for atom in range(n_atoms):
            file.write(f"augmentation occupancies{atom + 1:4d}{33:4d}\n{occupancies}")


def write_vasprun(path: Path, n_atoms: int, n_energies: int) -> None:
    """Write a vasprun.xml whose projected DOS (16 orbitals, one spin) makes up nearly all of it."""
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))
    from ase import Atoms
    from vasp_factories import vasprun_text

    generator = np.random.default_rng(2)
    atoms = Atoms(
        ["Pb"] * n_atoms, scaled_positions=generator.uniform(size=(n_atoms, 3)), cell=[32, 32, 80],
        pbc=True,
    )  # fmt: skip
    orbitals = ("s", "py", "pz", "px", "dxy", "dyz", "dz2", "dxz", "x2-y2",
                *(f"f{m}" for m in range(-3, 4)))  # fmt: skip
    energies = np.linspace(-20, 10, n_energies)
    shell = np.ones((1, 1, n_energies, len(orbitals)))
    text = vasprun_text(
        atoms, energies=energies, projected=shell, orbitals=orbitals,
        total=np.ones((1, n_energies)),
    )  # fmt: skip
    start = text.index('      <set comment="ion 1">')
    end = text.index("     </set>\n    </array>\n   </partial>")
    row = "        <r>%12.4f" + "%10.4f" * len(orbitals) + " </r>\n"
    with path.open("w") as file:
        file.write(text[:start])
        for atom in range(n_atoms):
            table = generator.uniform(0, 9, size=(n_energies, len(orbitals)))
            table = np.column_stack([energies, table])
            file.write(f'      <set comment="ion {atom + 1}">\n       <set comment="spin 1">\n')
            file.write((row * n_energies) % tuple(table.ravel()))
            file.write("       </set>\n      </set>\n")
        file.write(text[end:])


def write_procar(path: Path, n_kpoints: int, n_bands: int, n_atoms: int) -> None:
    """Write a PROCAR with nine orbitals."""
    generator = np.random.default_rng(3)
    names = ("s", "py", "pz", "px", "dxy", "dyz", "dz2", "dxz", "x2-y2", "tot")
    head = "ion" + "".join(f"{name:>7s}" for name in names) + "\n"
    row = "%3d" + "%7.3f" * 10 + "\n"
    with path.open("w") as file:
        file.write("PROCAR lm decomposed\n")
        file.write(f"# of k-points:{n_kpoints:5d}         # of bands:{n_bands:4d}         "
                   f"# of ions:{n_atoms:5d}\n")  # fmt: skip
        for k in range(n_kpoints):
            file.write(f"\n k-point {k + 1:4d} :    0.{k:03d}00000 0.00000000 0.00000000     "
                       f"weight = {1 / n_kpoints:.8f}\n\n")  # fmt: skip
            for band in range(n_bands):
                file.write(
                    f"band {band + 1:3d} # energy {band:12.8f} # occ.  2.00000000\n \n{head}"
                )
                table = generator.uniform(0, 0.3, size=(n_atoms, 10))
                numbered = np.column_stack([np.arange(1, n_atoms + 1), table])
                file.write((row * n_atoms) % tuple(numbered.ravel()))
                file.write("tot" + "%7.3f" * 10 % tuple(table.mean(axis=0)) + "\n \n")


def compress(source: Path, target: Path) -> None:
    """Write a gzip copy."""
    with source.open("rb") as plain, gzip.open(target, "wb", compresslevel=4) as packed:
        while block := plain.read(1 << 20):
            packed.write(block)


def compare(task: str, ours: str, peer: str, path: Path, repeats: int) -> dict[str, object]:
    """Best of `repeats` of each reader on one file, in turn; and how far their numbers differ."""
    mine, theirs = [], []
    for _ in range(repeats):
        mine.append(read(ours, path))
        if not (theirs and theirs[-1].stopped):
            theirs.append(read(peer, path))
    best, other = (min(runs, key=lambda run: run.seconds) for runs in (mine, theirs))
    error = None
    if best.result and other.result:
        pairs = zip(best.result, other.result, strict=True)
        error = max(abs(a - b) / max(abs(b), 1e-300) for a, b in pairs)
    name = peer.split()[0]
    print(f"{task}: {best.cpu:.2f} s of processor time, {name} {other.cpu:.2f} s", file=sys.stderr)
    return {
        "task": task,
        "ours_s": round(best.seconds, 3),
        "peer": f"{name} {importlib.metadata.version(name.lower())}",
        "peer_s": round(other.seconds, 3),
        "ratio": round(other.seconds / best.seconds, 2),
        "error": error,
        "equal": None if other.stopped else best.digest == other.digest,
        "ours_cpu_s": round(min(r.cpu for r in mine), 3),
        "peer_cpu_s": round(min(r.cpu for r in theirs), 3),
        "peer_stopped": other.stopped,
        "cpu_ratio": round(min(r.cpu for r in theirs) / min(r.cpu for r in mine), 2),
        "ours_start_s": round(best.start, 2),
        "peer_start_s": round(other.start, 2),
        "ours_mb": round(best.memory, 1),
        "peer_mb": None if other.stopped else round(other.memory, 1),
    }


def measure(folder: Path, quick: bool, repeats: int) -> list[dict[str, object]]:
    """Make the files, run every comparison."""
    shape, n_atoms = ((80, 80, 200), 60) if quick else ((160, 160, 400), 400)
    chgcar, packed, run = (folder / name for name in ("CHGCAR", "CHGCAR.gz", "vasprun.xml"))
    write_chgcar(chgcar, shape, n_atoms)
    compress(chgcar, packed)
    write_vasprun(run, *((30, 2000) if quick else (180, 3000)))
    tiny = folder / "tiny"
    tiny.mkdir()
    write_chgcar(tiny / "CHGCAR", (10, 10, 10), 4)
    compress(tiny / "CHGCAR", tiny / "CHGCAR.gz")
    write_vasprun(tiny / "vasprun.xml", 3, 50)
    procar = folder / "PROCAR"
    write_procar(procar, *((2, 100, 60) if quick else (4, 400, 200)))
    write_procar(tiny / "PROCAR", 2, 3, 4)
    paths = (chgcar, packed, run, procar)
    megabytes = {path.name: path.stat().st_size / 1e6 for path in paths}
    size = f"{' × '.join(map(str, shape))}, {n_atoms} atoms"
    plain = f"CHGCAR {size} ({megabytes['CHGCAR']:.0f} MB)"
    zipped = f"CHGCAR.gz {size} ({megabytes['CHGCAR.gz']:.0f} MB)"
    dos = f"projected DOS, vasprun.xml ({megabytes['vasprun.xml']:.0f} MB)"
    bands = f"PROCAR ({megabytes['PROCAR']:.0f} MB)"
    return [
        compare(plain, "ours grid", "pymatgen grid", chgcar, repeats),
        compare(plain, "ours grid", "ASE grid", chgcar, repeats),
        compare(zipped, "ours grid", "pymatgen grid", packed, 1),
        compare(f"planar average of {plain}", "ours planar", "pymatgen planar", chgcar, repeats),
        compare(dos, "ours dos", "pymatgen dos", run, repeats),
        compare(bands, "ours procar", "pymatgen procar", procar, repeats),
    ]


def main() -> None:
    """Parse the arguments, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parser.add_argument("--quick", action="store_true", help="smaller files, under a minute")
    parser.add_argument("--repeats", type=int, help="runs of each reader; the best counts")
    options = parser.parse_args()
    start = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        repeats = options.repeats or (2 if options.quick else 5)
        rows = measure(Path(folder), options.quick, repeats)
    if options.json:
        print(json.dumps({"rows": rows, "seconds": time.perf_counter() - start}, indent=2))
        return
    for row in rows:
        more = "> " if row["peer_stopped"] else ""
        print(f"{row['task']}")
        print(
            f"    ours {row['ours_s']:.2f} s, {row['ours_mb']} MB (start {row['ours_start_s']} s); "
            f"{row['peer']} {more}{row['peer_s']:.2f} s, {row['peer_mb']} MB "
            f"(start {row['peer_start_s']} s)"
        )
        ratios = f"{more}{row['ratio']:.1f}× (CPU {row['cpu_ratio']:.1f}×)"
        equal = {True: "every number equal", False: "not all numbers equal", None: ""}[row["equal"]]
        print(f"    ratio {ratios}, largest relative difference {row['error']} {equal}".rstrip())


if __name__ == "__main__":
    main()
