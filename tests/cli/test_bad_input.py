"""Wrong input ends with exit code 2, one clear message, and nothing half-written."""

from __future__ import annotations

import errno
import os
import re
from pathlib import Path

import pytest

from qdstruct import files
from qdstruct.cli.app import app
from qdstruct.cli.outcome import run_command


def call(monkeypatch, capsys, *words: str) -> tuple[int, str, str]:
    monkeypatch.setattr("sys.argv", ["qdstruct", *words])
    code = run_command(app)
    captured = capsys.readouterr()
    return code, captured.out, captured.err


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["phases", "CsPbBr3-Pmna"], "CsPbBr3-Pnma"),
        (["match", "CdS-zincblend", "CsPbBr3-Pbnm", "--film-hkl", "0,0,1"], "CdS-zincblende"),
        (
            ["match", "CdS-zincblende", "CsPbBr3-Pbnm", "--film-hkl", "0,0,0",
             "--substrate-hkl", "0,0,1"],
            "(0, 0, 0)",
        ),
        (
            ["match", "CdS-zincblende", "CsPbBr3-Pbnm", "--film-hkl", "0,0,x",
             "--substrate-hkl", "0,0,1"],
            "Miller indices",
        ),
        (
            ["match", "CdS-zincblende", "CsPbBr3-Pbnm", "--film-hkl", "0,0,1",
             "--substrate-hkl", "0,0,1", "--max-area", "60", "--max-strain", "0.001"],
            "Å²",
        ),
        (["xrd", "PbS", "--anode", "Unobtainium"], "CuKa"),
        (["diffraction", "PbS", "--zone", "0,0,0"], "zone"),
        (["prepare", "no-such-study", "x"], "no study file"),
        (["status", "nowhere"], "not a job tree"),
        (["run", "nowhere", "--engine", "mock"], "not a job tree"),
        (["report", "nowhere.csv"], "file not found"),
        (["fit", "kinetics", "nowhere.csv"], "file not found"),
        (["reproduce", "CdS", "--format", "xml"], "table, csv, md"),
        (["analyze", "nowhere"], "does not exist"),
        (["bader", "nowhere"], "nowhere: this directory does not exist"),
        (["layers", "nowhere"], "nowhere: this directory does not exist"),
        (["layers", "."], "no vasprun.xml or POSCAR and CONTCAR here"),
        (["dynamics", "nowhere"], "nowhere: this directory does not exist"),
        (["dynamics", "."], "no trajectory here"),
        (["dynamics", ".", "--window", "flat"], "choose hann or none"),
        (["dynamics", ".", "--padding", "0"], "zero padding to 0 times"),
        (["dynamics", ".", "--bands", "3,3"], "not two bands"),
        (["dynamics", ".", "--time-step", "-1"], "a time step of -1 fs"),
        (["dynamics", ".", "--write-namd", "n", "--namd-bands", "4,3,3"], "BMIN must lie below"),
        (["dynamics", ".", "--hole"], "--write-namd"),
        (["align", "nowhere.csv"], "shipped one: cspbbr3-cds"),
        (["align", "."], "--calculations ."),
        (["align", "-c", "nowhere"], "does not exist"),
        (["align", "cspbbr3-cds", "--figure", "no/where.png"], "its folder does not exist"),
        (["analyze", ".", "--mu", "Xx=1:2"], "'Xx' is no element"),
        (["analyze", ".", "--mu", "S=2:1"], "S=1:2"),
        (["analyze", ".", "--mu", "S=nan"], "S=-4.1"),
    ],
)  # fmt: skip
def test_one_clear_message(monkeypatch, capsys, tmp_path, words, expected) -> None:
    monkeypatch.chdir(tmp_path)
    code, out, err = call(monkeypatch, capsys, *words)
    assert code == 2, err
    assert expected in err
    assert "Traceback" not in err
    assert out == ""
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("words", [["analyze"], ["align", "-c"], ["layers"], ["bader"],
                                   ["dynamics"]])  # fmt: skip
def test_a_file_is_no_directory(monkeypatch, capsys, tmp_path, words) -> None:
    (tmp_path / "vasprun.xml").write_text("<modeling/>")
    code, _, err = call(monkeypatch, capsys, *words, str(tmp_path / "vasprun.xml"))
    assert code == 2
    assert "vasprun.xml: this is a file, a directory" in err
    assert "hint:" in err


def test_no_match_says_which_bound_to_loosen(monkeypatch, capsys) -> None:
    words = [
        "match", "CdS-zincblende", "CsPbBr3-Pbnm", "--film-hkl", "0,0,1", "--substrate-hkl",
        "0,0,1", "--max-area", "100", "--max-strain",
    ]  # fmt: skip
    code, _, err = call(monkeypatch, capsys, *words, "0.001")
    assert code == 2
    advised = re.search(r"strain ([\d.]+) % would be enough", err)
    assert advised is not None, err
    code, _, err = call(monkeypatch, capsys, *words, str(float(advised[1]) / 100))
    assert code == 0, err


def study_with(tmp_path: Path, old: str, new: str) -> Path:
    from qdstruct.study import find_study

    text = find_study("cspbbr3-cds").read_text(encoding="utf-8")
    assert old in text
    path = tmp_path / "study.yaml"
    path.write_text(text.replace(old, new), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("max_strain: 0.02", "max_strain: 0.0005", "strain"),
        ("film_termination: Cd ", "film_termination: Zn ", "Zn"),
        ("preset: standard", "preset: nonsense", "nonsense"),
        ("tags: {}", "tags: {ENCUTT: 400}", "ENCUT"),
        ("film: CdS-zincblende", "film: CdS-blende", "CdS-zincblende"),
        ("choose: 1", "choose: 99", "match.choose"),
    ],
)
def test_wrong_studies_leave_nothing(monkeypatch, capsys, tmp_path, old, new, expected) -> None:
    path = study_with(tmp_path, old, new)
    target = tmp_path / "tree"
    code, _, err = call(monkeypatch, capsys, "prepare", str(path), str(target))
    assert code == 2, err
    assert expected in err
    assert sorted(p.name for p in tmp_path.iterdir()) == ["study.yaml"]


def test_existing_directory_is_kept(monkeypatch, capsys, tmp_path) -> None:
    target = tmp_path / "mine"
    target.mkdir()
    (target / "thesis.tex").write_text("years of work")
    code, _, err = call(monkeypatch, capsys, "prepare", "cspbbr3-cds", str(target))
    assert code == 2
    assert "exists already" in err
    assert "--force" in err
    assert (target / "thesis.tex").read_text() == "years of work"


def test_full_disk_leaves_nothing(monkeypatch, capsys, tmp_path) -> None:
    written = []

    def full(descriptor: int) -> None:
        written.append(descriptor)
        if len(written) > 5:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(files.os, "fsync", full)
    code, _, err = call(monkeypatch, capsys, "prepare", "cspbbr3-cds", str(tmp_path / "tree"))
    assert code == 2
    assert "disk is full" in err
    assert list(tmp_path.iterdir()) == []


def test_read_only_place(monkeypatch, capsys, tmp_path) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.EACCES, os.strerror(errno.EACCES), str(tmp_path))

    monkeypatch.setattr(files.tempfile, "mkdtemp", refuse)
    code, _, err = call(monkeypatch, capsys, "prepare", "cspbbr3-cds", str(tmp_path / "tree"))
    assert code == 2
    assert "no permission" in err


def test_interrupt_leaves_nothing(monkeypatch, capsys, tmp_path) -> None:
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("qdstruct.jobs.preflight", interrupt)
    code, _, err = call(monkeypatch, capsys, "prepare", "cspbbr3-cds", str(tmp_path / "tree"))
    assert code == 130
    assert "interrupted" in err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("command", [["check"], ["phases"], ["xrd"]])
def test_text_that_is_no_crystal(monkeypatch, capsys, tmp_path, command) -> None:
    path = tmp_path / "junk.cif"
    path.write_text("junk\n", encoding="utf-8")
    code, _, err = call(monkeypatch, capsys, *command, str(path))
    assert code == 2, err
    assert str(path) in err
    assert "Traceback" not in err
