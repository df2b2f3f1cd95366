"""Cluster profiles: what each job gets, and what a wrong file says."""

from __future__ import annotations

from pathlib import Path

import pytest

from qdstruct.errors import InputError
from qdstruct.running import load_profile
from qdstruct.running.plain import flux_options
from qdstruct.running.slurm import sbatch_options

KINDS = ("relax", "static", "snapshot")
GOOD = """\
executor = "slurm"
command = "srun vasp_std"
modules = ["vasp/6.4.3"]
setup = ["ulimit -s unlimited"]

[resources]
partition = "standard"
account = "abc"
nodes = 1
tasks = 32
memory = "64G"
walltime = "12:00:00"

[options]
qos = "normal"
exclusive = true

[jobs.relax]
walltime = "1-00:00:00"

[jobs."dynamics/snapshots/*"]
command = "srun vasp_gam"
tasks = 4
options = {qos = "short"}
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "cluster.toml"
    path.write_text(text)
    return path


def test_each_job_gets_the_common_part_and_its_own(tmp_path: Path) -> None:
    profile = load_profile(write(tmp_path, GOOD), KINDS)
    static = profile.for_job("interface/static", "static")
    assert (static.walltime, static.tasks, static.command) == ("12:00:00", 32, "srun vasp_std")
    assert static.shell_lines == ("module load vasp/6.4.3", "ulimit -s unlimited")
    assert profile.for_job("interface/relax", "relax").walltime == "1-00:00:00"
    snapshot = profile.for_job("dynamics/snapshots/0001", "snapshot")
    assert (snapshot.command, snapshot.tasks, snapshot.account) == ("srun vasp_gam", 4, "abc")
    assert sbatch_options(snapshot) == [
        "--partition=standard", "--account=abc", "--nodes=1", "--ntasks=4", "--mem=64G",
        "--time=12:00:00", "--qos=short", "--exclusive",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"slurm"', '"pbs"', "executor: 'pbs' is not one of slurm, local, flux"),
        ('executor = "slurm"\n', "", "executor: None is not one of"),
        ("partition", "partiton", "unknown key 'resources.partiton'"),
        ("tasks = 32", 'tasks = "32"', "tasks: a whole number above 0 was expected, not '32'"),
        ("nodes = 1", "nodes = true", "nodes: a whole number above 0"),
        ('"12:00:00"', '"noon"', 'walltime: "HH:MM:SS" or'),
        ('"64G"', "64", 'memory: a size such as "64G" was expected, not 64'),
        ("[jobs.relax]", "[jobs.relaxx]", "there is no kind of job called 'relaxx'"),
        ("[jobs.relax]\nwalltime", "[jobs.relax]\nwaltime", "unknown key 'jobs.relax.waltime'"),
        ('["vasp/6.4.3"]', '"vasp"', "modules: a list of texts was expected"),
        ("exclusive = true", "exclusive = [1]", "options: a table of long options"),
        ("[resources]", "[resources", "not valid TOML"),
        ('executor = "slurm"', 'executor = "local"\nworkers = 0', "workers: a whole number"),
    ],
)
def test_mistakes_name_file_and_key(tmp_path: Path, old: str, new: str, message: str) -> None:
    assert old in GOOD
    path = write(tmp_path, GOOD.replace(old, new, 1))
    with pytest.raises(InputError) as caught:
        load_profile(path, KINDS)
    assert message in caught.value.message
    assert str(path) in caught.value.message


def test_a_misspelt_kind_gets_a_suggestion(tmp_path: Path) -> None:
    path = write(tmp_path, GOOD.replace("jobs.relax", "jobs.relaxx"))
    with pytest.raises(InputError) as caught:
        load_profile(path, KINDS)
    assert "did you mean 'relax'?" in str(caught.value.hint)


def test_no_such_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no such file; expected a cluster profile \(TOML\)"):
        load_profile(tmp_path / "none.toml", KINDS)


@pytest.mark.parametrize(
    ("walltime", "minutes"),
    [("90", 90), ("01:30:00", 90), ("1-00:00:00", 1440), ("00:00:30", 1), ("30:00", 30)],
)
def test_flux_counts_minutes(tmp_path: Path, walltime: str, minutes: int) -> None:
    text = GOOD.replace('"12:00:00"', f'"{walltime}"').replace('memory = "64G"\n', "")
    found = flux_options(load_profile(write(tmp_path, text), KINDS).resources)
    assert f"--time-limit={minutes}m" in found
    assert "--queue=standard" in found
    assert "--nslots=32" in found


def test_flux_has_no_option_for_memory(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="flux batch has no option for memory"):
        flux_options(load_profile(write(tmp_path, GOOD), KINDS).resources)
