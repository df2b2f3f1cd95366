"""Plain scripts: the same structures as staging makes, without Python, and honest endings."""

from __future__ import annotations

import dataclasses
import fcntl
import json
import os
import shutil
import subprocess
import threading
from pathlib import Path

import jobs_factories as make
import numpy as np
import pytest
from ase.io import read
from typer.testing import CliRunner

from qdstruct.cli.app import app
from qdstruct.errors import InputError
from qdstruct.jobs import SeriesPoint, stage_job, write_tree
from qdstruct.model import (
    CalculationSettings,
    DynamicsSettings,
    JobTree,
    PhononSettings,
)
from qdstruct.pipeline.run import status
from qdstruct.pipeline.submit import read_profile, submit_plain
from qdstruct.running.locks import JOB_LOCK

AWKWARD = "a tree; with 'quotes' $(touch pwned) ü"
PROFILE = 'executor = "slurm"\ncommand = "./engine"\n[resources]\npartition = "a b"\n'

ENGINE = """#!/bin/bash
# Leaves what VASP would, atoms displaced and wrapped as VASP does.
set -eu
[ ! -e ../fail ] || exit 7
printf ' aborting loop because EDIFF is reached\\n' >OUTCAR
printf '  FREE ENERGIE OF THE ION-ELECTRON SYSTEM (eV)\\n' >>OUTCAR
printf '  energy without entropy= -1.0  energy(sigma->0) =  -12.5\\n' >>OUTCAR
printf ' reached required accuracy\\n General timing and accounting\\n' >>OUTCAR
printf '<modeling></modeling>\\n' >vasprun.xml
for f in CHGCAR LOCPOT DOSCAR EIGENVAL WAVECAR AECCAR0 AECCAR2; do printf 'whole' >$f; done
grep -q LPARD INCAR && for b in $(sed -n 's/^IBAND = //p' INCAR); do
  printf 'x' >"PARCHG.$(printf %04d "$b").ALLK"
done
awk 'NR == 8 && /^[Ss]/ { print; next }
     /^Direct/ { print; on = 1; next }
     !on { print; next }
     { n++; x = $1 - 0.4 + (NF > 3 ? 0.003 * n : 0); if (x < 0) x++
       print x, $2, $3, $4, $5, $6 }' POSCAR >CONTCAR
{ head -n 7 POSCAR; for k in 1 2 3 4; do echo "Direct configuration= $k"
  awk -v k="$k" '/^Direct/ { on = 1; next } on && NF >= 3 { print $1 + 0.001 * k, $2, $3 }' POSCAR
done; } >XDATCAR
"""


def grow(root: Path) -> JobTree:
    root.mkdir(parents=True)
    interface = make.make_interface()
    interface.atoms.arrays["layer"][:] = np.arange(len(interface.atoms)) // 5
    settings = CalculationSettings(
        preset="quick", fixed_layers=1,
        include=("bulk", "interface", "difference", "adhesion", "states", "bands", "phonons",
                 "dynamics", "registry"),
        phonons=PhononSettings(of=("film",), length=6.0),
        dynamics=DynamicsSettings(heating=3, steps=4, snapshots=2),
    )  # fmt: skip
    point = SeriesPoint(name="registry/0-0", subject="x", cell="interface", atoms=interface.atoms)
    return write_tree(
        root, study_name="s", film=make.film_phase(), substrate=make.substrate_phase(),
        interface=interface, settings=settings, series=(point,),
    )  # fmt: skip


def profile(folder: Path, text: str = PROFILE) -> Path:
    path = folder / "cluster.toml"
    path.write_text(text)
    return path


@pytest.fixture(scope="module")
def grown(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, JobTree]:
    root = tmp_path_factory.mktemp("plain") / "tree"
    return root, grow(root)


@pytest.fixture
def prepared(grown: tuple[Path, JobTree], tmp_path: Path) -> tuple[Path, JobTree]:
    folder = tmp_path
    root, tree = folder / AWKWARD, grown[1]
    shutil.copytree(grown[0], root)
    for job in tree.jobs:
        engine = root / job.name / "engine"
        engine.write_text(ENGINE)
        engine.chmod(0o755)
        (root / job.name / "POTCAR").write_text("x")
    submit_plain(root, read_profile(profile(folder)))
    return root, tree


def run(root: Path, name: str) -> int:
    environment = {"PATH": os.environ["PATH"]}
    return subprocess.run([str(root / name / "plain.sh")], env=environment, check=False).returncode


@pytest.mark.skipif(shutil.which("awk") is None, reason="no awk here")
def test_every_job_gets_the_structure_that_staging_would_make(tmp_path: Path, prepared) -> None:
    root, tree = prepared
    before = {job.name: (root / job.name / "POSCAR").read_text() for job in tree.jobs}
    for job in tree.jobs:
        assert run(root, job.name) == 0, job.name
    staged = tmp_path / "staged"
    shutil.copytree(root, staged)
    for job in tree.jobs:
        plainly = read(root / job.name / "POSCAR")
        if job.structure_from is not None:
            (staged / job.name / "POSCAR").write_text(before[job.name])
            stage_job(staged, dataclasses.replace(job, charge_from=None, orbitals_from=None))
        wanted = read(staged / job.name / "POSCAR")
        assert plainly.get_chemical_symbols() == wanted.get_chemical_symbols()
        assert np.allclose(plainly.cell, wanted.cell, atol=1e-9)
        away = plainly.get_scaled_positions(wrap=False) - wanted.get_scaled_positions(wrap=False)
        away -= np.rint(away)
        assert np.abs(away).max() < 1e-7, job.name
        if job.name.startswith("adhesion"):
            assert len(plainly.constraints) == len(wanted.constraints)
    assert {each.state for each in status(root)} == {"done"}
    assert {each.energy for each in status(root) if each.name == "interface/relax"} == {-12.5}
    assert not list(tmp_path.rglob("pwned"))
    assert (root / "interface/states/WAVECAR").is_file()


@pytest.mark.skipif(shutil.which("awk") is None, reason="no awk here")
@pytest.mark.parametrize(
    ("damage", "said"),
    [
        ("touch ../fail", "the engine ended with exit code 7"),
        ("sed -i 's/General timing/x/' engine", "OUTCAR breaks off"),
        ("sed -i 's/EDIFF is reached/x/' engine", "the last SCF did not converge"),
        ("sed -i 's/reached required accuracy/x/' engine", "the relaxation did not converge"),
        ("sed -i 's/<modeling>/x/;s/.modeling>/x/' engine", "vasprun.xml breaks off"),
    ],
)
def test_silence_is_not_success_in_plain_scripts_either(
    prepared: tuple[Path, JobTree], damage: str, said: str
) -> None:
    root, _ = prepared
    subprocess.run(damage, shell=True, cwd=root / "bulk-film/relax", check=True)
    assert run(root, "bulk-film/relax") == 1
    record = json.loads((root / "bulk-film/relax/run.json").read_text())
    assert (record["state"], record["error"]) == ("failed", said)
    states = {each.name: each.state for each in status(root)}
    assert states["bulk-film/relax"] == "failed"
    assert states["bulk-film/static"] == "waiting"


def test_a_done_job_is_left_alone(tmp_path: Path, prepared) -> None:
    root, _ = prepared
    assert run(root, "bulk-film/relax") == 0
    (root / "bulk-film/relax/OUTCAR").unlink()
    assert run(root, "bulk-film/relax") == 0
    assert not (root / "bulk-film/relax/OUTCAR").exists()


@pytest.mark.skipif(shutil.which("flock") is None, reason="no flock here")
def test_a_job_that_starts_while_its_lock_is_probed_waits(prepared: tuple[Path, JobTree]) -> None:
    root, _ = prepared
    with (root / "bulk-film/relax" / JOB_LOCK).open("a") as handle:
        fcntl.flock(handle, fcntl.LOCK_SH)
        release = threading.Timer(0.5, fcntl.flock, (handle, fcntl.LOCK_UN))
        release.start()
        assert run(root, "bulk-film/relax") == 0
        release.join()


def test_a_missing_parent_fails_the_child(tmp_path: Path, prepared) -> None:
    root, _ = prepared
    assert run(root, "interface/static") == 1
    record = json.loads((root / "interface/static/run.json").read_text())
    assert record["error"] == "CONTCAR of interface/relax is missing"
    assert run(root, "difference/film") == 1


def test_the_chain_quotes_options_and_names_parents(tmp_path: Path, prepared) -> None:
    root, _ = prepared
    text = (root / "submit-all.sh").read_text()
    assert "submit interface/static interface/relax -- '--partition=a b'" in text
    assert "--kill-on-invalid-dep=yes" in text
    assert subprocess.run(["bash", "-n", str(root / "submit-all.sh")], check=False).returncode == 0


def test_flux_gets_a_chain_of_its_own(tmp_path: Path, grown) -> None:
    root = tmp_path / "tree"
    shutil.copytree(grown[0], root)
    text = PROFILE.replace("slurm", "flux")
    script = submit_plain(root, read_profile(profile(tmp_path, text)), engine="mock")
    assert "flux batch" in script.read_text()
    assert "sbatch" not in script.read_text()
    assert subprocess.run(["bash", "-n", str(script)], check=False).returncode == 0


FLUX = """#!/bin/bash
# As flux answers: a new id for each job, and the state of one that it knows.
here=$(dirname "$0")
case $1 in
  batch) echo "$@" >>"$here/batch.log"; printf 'ƒ%s\\n' "$(wc -l <"$here/batch.log")" ;;
  jobs) cat "$here/state" ;;
esac
"""


def test_flux_is_asked_before_a_job_is_submitted_again(tmp_path: Path, grown) -> None:
    root = tmp_path / "tree"
    shutil.copytree(grown[0], root)
    text = PROFILE.replace("slurm", "flux")
    script = submit_plain(root, read_profile(profile(tmp_path, text)), engine="mock")
    tools = tmp_path / "bin"
    tools.mkdir()
    (tools / "flux").write_text(FLUX)
    (tools / "flux").chmod(0o755)
    environment = {"PATH": f"{tools}:{os.environ['PATH']}"}

    def submitted() -> int:
        subprocess.run(["bash", str(script)], env=environment, check=True, capture_output=True)
        return len((tools / "batch.log").read_text().splitlines())

    count = len(grown[1].jobs)
    assert submitted() == count
    assert json.loads((root / "bulk-film/relax/flux.json").read_text()) == {"batch_job": "ƒ1"}
    record = root / "bulk-film/relax/run.json"
    record.write_text('{"state": "running"}')
    for state in ("DEPEND", "SCHED", "RUN", "CLEANUP"):
        (tools / "state").write_text(f"{state}\n")
        assert submitted() == count
        assert record.is_file()
    (tools / "state").write_text("INACTIVE\n")
    assert submitted() == 2 * count


def test_what_cannot_be_submitted_is_said(tmp_path: Path, grown) -> None:
    root = tmp_path / "tree"
    shutil.copytree(grown[0], root)
    local = read_profile(profile(tmp_path, 'executor = "local"\ncommand = "vasp"\n'))
    with pytest.raises(InputError, match="POTCAR: missing"):
        submit_plain(root, local)
    with pytest.raises(InputError, match="needs a batch system, not 'local'"):
        submit_plain(root, local, engine="mock")
    silent = read_profile(profile(tmp_path, 'executor = "slurm"\n'))
    with pytest.raises(InputError, match="no command for VASP is known"):
        submit_plain(root, silent)
    done = CliRunner().invoke(
        app, ["submit", str(root), "--profile", str(tmp_path / "cluster.toml")]
    )
    assert isinstance(done.exception, InputError)
    assert "say --plain" in str(done.exception)
