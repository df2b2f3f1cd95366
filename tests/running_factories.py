"""Job trees for the tests of the running room, and a stand-in engine that does as it is told.

The engine (`ENGINE_SCRIPT`) writes minimal but whole VASP files with the standard library alone.
A file ``behaviour`` in a job's directory makes it misbehave; every start is noted in the tree's
``starts.log``, and every end in ``ends.log``.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from qdstruct.model import Job, JobTree
from qdstruct.running.locks import JOB_LOCK, is_held

POSCAR = """PbS
1.0
0.0 2.97 2.97
2.97 0.0 2.97
2.97 2.97 0.0
Pb S
1 1
Direct
0.0 0.0 0.0
0.5 0.5 0.5
"""

ENGINE_SCRIPT = r'''
import os, sys, time
from pathlib import Path

ROOT = Path(sys.argv[1])
name = str(Path.cwd().relative_to(ROOT))


def note(file):
    handle = os.open(ROOT / file, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(handle, (name + "\n").encode())
    os.close(handle)


def wait_for(path):
    for _ in range(6000):  # a minute: an engine that a failed test forgot must not stay for ever
        if path.exists():
            return
        time.sleep(0.01)
    sys.exit(9)


note("starts.log")
behaviour = Path("behaviour").read_text().split() if Path("behaviour").exists() else []
starts = (ROOT / "starts.log").read_text().split("\n").count(name)
poscar = Path("POSCAR").read_text()
Path("seen.POSCAR").write_text(poscar)
if "meet" in behaviour:  # goes on only when another job has started too
    for _ in range(6000):
        if len(set((ROOT / "starts.log").read_text().split())) > 1:
            break
        time.sleep(0.01)
    else:
        sys.exit(9)
if "hang" in behaviour and starts == 1:
    wait_for(ROOT / "go")
if "slow" in behaviour and starts == 1:  # a step is done, the next would take for ever
    Path("CONTCAR").write_text(poscar.replace("0.5 0.5 0.5", "0.51 0.5 0.5"))
    readable = ["number of bands NBANDS= 12", "total plane-waves  NPLWV = 9", "IBRION = 2", ""]
    Path("OUTCAR").write_text("\n".join(readable))
    Path("WAVECAR").write_text("orbitals")
    wait_for(Path("STOPCAR"))
    sys.exit(0)
if "pause" in behaviour:  # long enough to be killed half-way
    Path("OUTCAR").write_text("half of it")
    time.sleep(0.4)
if "crash" in behaviour and not (ROOT / "mended").exists():
    sys.stderr.write("the machine is on fire\n")
    sys.exit(3)
rows = poscar.splitlines()
incar = Path("INCAR").read_text()
if "brmix" in behaviour and starts == 1:
    print("BRMIX: very serious problems")
vectors = "".join(f"<v>{row}</v>" for row in rows[2:5])
structure = f"""<crystal><varray name="basis">{vectors}</varray>
<i name="volume">52.4</i><varray name="rec_basis">{vectors}</varray></crystal>
<varray name="positions"><v>{rows[8]}</v><v>{rows[9]}</v></varray>"""
energies = '<energy><i name="e_fr_energy">-8.1</i><i name="e_wo_entrp">-8.1</i>' \
    '<i name="e_0_energy">-8.1</i></energy>'
vasprun = f"""<?xml version="1.0" encoding="ISO-8859-1"?>
<modeling>
<generator><i name="program" type="string">stub</i><i name="version" type="string">6.4.2</i>
<i name="subversion" type="string">x</i><i name="platform" type="string">x</i>
<i name="date" type="string">2026 01 01</i><i name="time" type="string">00:00:00</i></generator>
<incar><i type="int" name="NSW">0</i></incar>
<kpoints><generation param="Gamma"><v type="int" name="divisions">1 1 1</v>
<v name="usershift">0 0 0</v></generation>
<varray name="kpointlist"><v>0 0 0</v></varray><varray name="weights"><v>1.0</v></varray></kpoints>
<parameters><separator name="electronic"><i type="int" name="NELM">60</i>
<i type="int" name="ISPIN">1</i><i type="int" name="NELECT">20</i>
<i name="EDIFF">0.00001</i></separator><separator name="ionic"><i type="int" name="NSW">0</i>
<i type="int" name="IBRION">-1</i><i name="EDIFFG">-0.03</i></separator>
<i type="int" name="LORBIT">0</i></parameters>
<atominfo><atoms>2</atoms><types>2</types>
<array name="atoms"><dimension dim="1">ion</dimension><set><rc><c>Pb</c><c>1</c></rc>
<rc><c>S</c><c>2</c></rc></set></array>
<array name="atomtypes"><dimension dim="1">type</dimension><set>
<rc><c>1</c><c>Pb</c><c>207.2</c><c>14.0</c><c>PAW_PBE Pb_d</c></rc>
<rc><c>1</c><c>S</c><c>32.1</c><c>6.0</c><c>PAW_PBE S</c></rc></set></array></atominfo>
<structure name="initialpos">{structure}</structure>
<calculation><scstep>{energies}</scstep><structure>{structure}</structure>
<varray name="forces"><v>0 0 0</v><v>0 0 0</v></varray>
<varray name="stress"><v>0 0 0</v><v>0 0 0</v><v>0 0 0</v></varray>{energies}
<eigenvalues><array><set><set comment="spin 1"><set comment="kpoint 1">
<r>-1.0 1.0</r><r>2.0 0.0</r></set></set></set></array></eigenvalues>
<dos><i name="efermi">0.5</i></dos></calculation>
<structure name="finalpos">{structure}</structure>
</modeling>
"""
if "half" in behaviour and not (ROOT / "mended").exists():
    Path("vasprun.xml").write_text(vasprun[:1500])
    Path("OUTCAR").write_text("")
    sys.exit(0)
Path("vasprun.xml").write_text(vasprun)
Path("OSZICAR").write_text("DAV:   1    -0.81E+01\n   1 F= -.81E+01 E0= -.81E+01  d E =0.0\n")
Path("CONTCAR").write_text(poscar)
outcar = "" if "silent" in behaviour and not (ROOT / "mended").exists() else "General timing"
Path("OUTCAR").write_text(outcar + "\n")
note("ends.log")
'''

ENTRY_SCRIPT = r'''
import json, subprocess, sys
from pathlib import Path

from qdstruct.model import FinishedCalculation
from qdstruct.running import Engine, job, launch, run_job


def stage(tree, task):
    if task.structure_from:
        text = (tree / task.structure_from / "CONTCAR").read_text()
        (tree / task.name / "POSCAR").write_text(text)


def problems(directory, task):
    outcar = directory / "OUTCAR"
    if not outcar.is_file():
        return ["OUTCAR is missing"]
    return [] if "General timing" in outcar.read_text() else ["OUTCAR ends before its end"]


def read_summary(directory):
    from ase import Atoms

    if "General timing" not in (directory / "OUTCAR").read_text():
        return None
    return FinishedCalculation(
        atoms=Atoms("PbS"), energy=-8.1, fermi_level=0.5, converged=True, n_ionic_steps=1,
        max_force=0.0, n_electrons=20.0, engine="stub", is_mock=True,
    )


def plainly(directory, engine):
    """Start the engine as custodian does, without the two seconds that custodian takes to load."""
    command = [sys.executable, "-I", "-S", launch.__file__, *engine.command]
    process = subprocess.Popen(command, cwd=directory, start_new_session=True)
    try:
        if process.wait() != 0:
            raise job.RunError(f"exit code {process.returncode}")
    finally:
        process.kill()


def main():
    how, root, name = sys.argv[1:]
    if how == "plain":
        job._run_engine = plainly
    engine = Engine(
        name="stub", command=(sys.executable, "-I", "-S", root + "/engine.py", root),
        poll_seconds=0.05, monitor_seconds=0.1, patience_seconds=0.5,
    )
    record = run_job(Path(root), name, engine=engine, stage=stage, problems=problems,
                     read_summary=read_summary)
    sys.exit(0 if record.state == "done" else 1)


if __name__ == "__main__":
    main()
'''

DRIVER_SCRIPT = r"""
import json, sys
from pathlib import Path

sys.path.insert(0, sys.argv.pop(1))
from running_factories import command_for
from qdstruct.model import JobTree
from qdstruct.running import run_tree

root = Path(sys.argv[1])
tree = JobTree.from_dict(json.loads((root / "tree.json").read_text()))
statuses = run_tree(root, tree, job_command=command_for(root))
sys.exit(0 if all(s.state == "done" for s in statuses) else 1)
"""

CHAIN = {"a/relax": (), "a/static": ("a/relax",), "a/dos": ("a/static",)}
"""Three jobs, one after the other."""
DIAMOND = {"top": (), "left": ("top",), "right": ("top",), "end": ("left", "right"), "alone": ()}
"""Two branches that meet again, and a job on its own."""


def make_tree(root: Path, jobs: dict[str, tuple[str, ...]]) -> JobTree:
    """Write a tree of `jobs` (name → parents) with everything its engine needs."""
    made = []
    for name, parents in jobs.items():
        directory = root / name
        directory.mkdir(parents=True)
        kind = "relax" if "relax" in name else "static"
        job = Job(name=name, kind=kind, subject=f"stub {name}", parents=parents)
        (directory / "job.json").write_text(json.dumps(job.to_dict()))
        (directory / "POSCAR").write_text(POSCAR)
        (directory / "INCAR").write_text("ALGO = Fast\nISTART = 0\n")
        (directory / "KPOINTS").write_text("k\n0\nGamma\n1 1 1\n0 0 0\n")
        made.append(job)
    (root / "engine.py").write_text(ENGINE_SCRIPT)
    (root / "entry.py").write_text(ENTRY_SCRIPT)
    (root / "driver.py").write_text(DRIVER_SCRIPT)
    tree = JobTree(study="stub", jobs=tuple(made), versions={}, structure_hashes={})
    (root / "tree.json").write_text(json.dumps(tree.to_dict()))
    return tree


def command_for(root: Path, how: str = "plain") -> Callable[[str], list[str]]:
    """Return what `run_tree` asks for; `how` is ``plain`` or ``custodian``."""
    return lambda name: [sys.executable, str(root / "entry.py"), how, str(root), name]


def behave(root: Path, name: str, *words: str) -> None:
    """Tell the engine how to behave in one job."""
    (root / name / "behaviour").write_text(" ".join(words))


def lines(path: Path) -> list[str]:
    """Return the lines of a log, none when it is not there yet."""
    return path.read_text().splitlines() if path.exists() else []


def start_driver(root: Path) -> subprocess.Popen[bytes]:
    """Start `run_tree` in a process of its own; what it says goes to ``driver.log``."""
    here = str(Path(__file__).parent)
    with (root / "driver.log").open("wb") as log:
        return subprocess.Popen(
            [sys.executable, str(root / "driver.py"), here, str(root)],
            stderr=log,
            preexec_fn=_hear_interrupts,
        )


def _hear_interrupts() -> None:
    """Undo the deafness to SIGINT that a background shell hands down to what it starts."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def wait_until(condition: Callable[[], bool], what: str, seconds: float = 30.0) -> None:
    """Wait for something that must happen; the limit only ends a test that has failed."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"never happened: {what}"
        time.sleep(0.01)


def free(root: Path, names: Iterable[str]) -> bool:
    """Tell whether no process holds any of these jobs."""
    return not any(is_held(root / name / JOB_LOCK) for name in names)


def kill(pid: int) -> None:
    """Kill a process as the machine's owner would: without a word."""
    os.kill(pid, signal.SIGKILL)


def slurm_answers() -> bool:
    """Tell whether a Slurm with a working node is here."""
    if shutil.which("sinfo") is None:
        return False
    try:
        answer = subprocess.run(
            ["sinfo", "--noheader", "--format=%T"], capture_output=True, text=True, timeout=5
        )
    except subprocess.TimeoutExpired:
        return False
    return any(word in answer.stdout for word in ("idle", "mix", "alloc"))
