"""OUTCAR facts against pymatgen, and what a broken one says."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from qdstruct.errors import OutputError
from qdstruct.outputs import read_outcar


def outcar(potentials: list[float], *, n_ions: int | None = None, end: bool = True) -> str:
    pairs = [f"{i:8d}{value:9.4f}" for i, value in enumerate(potentials, 1)]
    rows = "\n".join("".join(pairs[i : i + 5]) for i in range(0, len(pairs), 5))
    ions = n_ions or len(pairs)
    text = (
        " vasp.6.4.2 20Jul23 (build test) complex\n"
        "   k-points           NKPTS =      1   number of bands    NBANDS=     24\n"
        f"   number of dos      NEDOS =    301   number of ions     NIONS = {ions:6d}\n"
        "   total plane-waves  NPLWV =   1000\n"
        "   dimension x,y,z NGX =    20 NGY =   20 NGZ =   20\n"
        "   dimension x,y,z NGXF=    40 NGYF=   40 NGZF=   40\n"
        "  average (electrostatic) potential at core\n"
        "  the test charge radii are     0.9758  0.9406\n"
        "  (the norm of the test charge is              1.0000)\n"
        f"{rows}\n \n \n"
        " E-fermi :   2.1234     XC(G=0):  -7.0000     alpha+bet : -5.0000\n"
    )
    if end:
        text += (
            " General timing and accounting informations for this job:\n"
            "                   Maximum memory used (kb):      123456.\n"
            "                   Average memory used (kb):          N/A\n"
            "                         Elapsed time (sec):       12.345\n"
        )
    return text


def test_core_potentials_equal_pymatgen(tmp_path: Path) -> None:
    from pymatgen.io.vasp.outputs import Outcar

    values = np.round(np.linspace(-99.9, -31.2, 13), 4).tolist()
    (tmp_path / "OUTCAR").write_text(outcar(values))
    ours = read_outcar(tmp_path)
    theirs = Outcar.__new__(Outcar)
    theirs.filename, theirs.data = str(tmp_path / "OUTCAR"), {}
    theirs.read_electrostatic_potential()
    assert ours.core_potentials is not None
    assert ours.core_potentials.tolist() == list(theirs.electrostatic_potential)
    assert ours.fermi_level == 2.1234
    assert ours.elapsed_seconds == 12.345
    assert ours.memory_kilobytes == 123456.0
    assert ours.version.startswith("vasp.6.4.2")
    assert ours.finished


def test_columns_that_touch_are_told_apart(tmp_path: Path) -> None:
    (tmp_path / "OUTCAR").write_text(outcar([-100.1234, -101.5, -1.0, -102.25, -103.0, -104.0]))
    ours = read_outcar(tmp_path).core_potentials
    assert ours is not None
    assert ours.tolist() == [-100.1234, -101.5, -1.0, -102.25, -103.0, -104.0]


def test_a_killed_run_is_not_finished(tmp_path: Path) -> None:
    (tmp_path / "OUTCAR").write_text(outcar([-1.0], end=False))
    ours = read_outcar(tmp_path)
    assert not ours.finished
    assert ours.elapsed_seconds is None


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (outcar([-1.0] * 7, n_ions=9, end=False), "potential at core 8 of 9"),
        (outcar([-1.0] * 7).replace("       3  -1.0000", "       3*********"), "core 1 of 7"),
        (outcar([-1.0] * 7).replace("       3  -1.0000", "       5  -1.0000"), "core 1 of 7"),
        (outcar([-1.0] * 7).replace("NIONS =", "NOINS ="), "before the number of ions"),
        ("", "empty"),
    ],
)
def test_a_damaged_file_is_named_with_its_place(tmp_path: Path, text: str, says: str) -> None:
    (tmp_path / "OUTCAR").write_text(text)
    with pytest.raises(OutputError, match=says):
        read_outcar(tmp_path)
