"""OUTCAR facts against pymatgen, and what a broken one says."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from broken_files import damaged_numbers, read_alike_or_refuse, refuse_what_is_no_text_file
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from qdstruct.errors import OutputError
from qdstruct.outputs import OutcarFacts, read_outcar

QUICK = settings(
    max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


FORCES = np.round(np.random.default_rng(3).normal(size=(7, 6)), 6)
LEVELS = [{"1s": -88000.1234, "2s": -15861.5, "2p": -15200.25, "3d": -2586.125}, {"1s": -2470.5}]


def blocks(*, rows: np.ndarray = FORCES, levels: list[dict[str, float]] | None = None) -> str:
    """Forces, core levels and the timing of a step, as VASP prints them."""
    text = (
        "   NELECT =      44.0000    total number of electrons\n"
        " POSITION                                       TOTAL-FORCE (eV/Angst)\n "
        + "-" * 83
        + "\n"
    )
    for row in rows:
        text += "".join(f"{x:13.5f}" for x in row[:3]) + "   "
        text += "".join(f"{x:14.6f}" for x in row[3:]) + "\n"
    text += " " + "-" * 83 + "\n    total drift:      0.0 0.0 0.0\n"
    text += "  energy  without entropy=   -12.345678  energy(sigma->0) =      -12.340000\n"
    if levels:
        text += " the core state eigenenergies are\n\n"
        for i, each in enumerate(levels):
            pairs = [f"   {state}{value:11.4f}" for state, value in each.items()]
            text += f"{i + 1:4d}- " + "".join(pairs[:3]) + "\n"
            text += "      " + "".join(pairs[3:]) + "\n" if pairs[3:] else ""
        text += "\n E-fermi :   2.1234     XC(G=0):  -7.0000     alpha+bet : -5.0000\n"
    return text + "     LOOP+:  cpu time   12.5000: real time   13.2500\n"


def outcar(
    potentials: list[float], *, n_ions: int | None = None, end: bool = True, more: str = ""
) -> str:
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
        f"{rows}\n \n \n{more}"
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


def test_core_levels_equal_pymatgen(tmp_path: Path) -> None:
    from pymatgen.io.vasp.outputs import Outcar

    levels = [{**LEVELS[0], "1s": -8800.1234, "2s": -1586.5, "2p": -1520.25}, LEVELS[1], LEVELS[1]]
    more = blocks(rows=FORCES[:3], levels=levels)
    (tmp_path / "OUTCAR").write_text(outcar([-1.0] * 3, more=more))
    ours = read_outcar(tmp_path)
    theirs = Outcar.__new__(Outcar)
    theirs.filename = str(tmp_path / "OUTCAR")
    expected = [
        {name: values[-1] for name, values in each.items()}
        for each in theirs.read_core_state_eigen()
    ]
    assert list(ours.core_levels or ()) == expected
    assert ours.core_level("2p")[0] == -1520.25
    assert np.isnan(ours.core_level("2p")[1:]).all()
    with pytest.raises(KeyError, match="5f"):
        ours.core_level("5f")


def test_core_levels_that_touch_their_names(tmp_path: Path) -> None:
    text = outcar([-1.0], more=blocks(rows=FORCES[:1], levels=LEVELS[:1]))
    assert "1s-88000.1234   2s-15861.5000" in text
    (tmp_path / "OUTCAR").write_text(text)
    assert read_outcar(tmp_path).core_levels == (LEVELS[0],)


def test_forces_and_timings_equal_ase(tmp_path: Path) -> None:
    from ase.io.vasp_parsers.vasp_outcar_parsers import PositionsAndForces

    more = blocks(rows=FORCES + 1.0) + blocks()
    text = outcar([-1.0] * 7, more=more)
    (tmp_path / "OUTCAR").write_text(text)
    ours = read_outcar(tmp_path)
    lines = text.splitlines()
    at = max(i for i, line in enumerate(lines) if "TOTAL-FORCE" in line)
    theirs = PositionsAndForces(header={"natoms": 7}).parse(at, lines)
    assert np.array_equal(ours.forces, theirs["forces"])  # type: ignore[arg-type]
    assert np.array_equal(ours.positions, theirs["positions"])  # type: ignore[arg-type]
    assert (ours.n_ionic_steps, ours.step_seconds) == (2, (13.25, 13.25))
    assert (ours.energy, ours.n_electrons) == (-12.34, 44.0)
    assert ours.test_charge_radii == (0.9758, 0.9406)


@QUICK
@given(data=st.data())
def test_a_damaged_table_is_refused_or_read_alike(tmp_path: Path, data: st.DataObject) -> None:
    def same(one: OutcarFacts, other: OutcarFacts) -> bool:
        """Equal as far as it goes: a file may end before a table begins."""
        tables = ("forces", "positions", "core_potentials")
        return one.core_levels in (None, other.core_levels) and all(
            getattr(one, name) is None or np.array_equal(getattr(one, name), getattr(other, name))
            for name in tables
        )

    levels = [LEVELS[i % 2] for i in range(7)]
    text = outcar([-100.5] * 7, more=blocks(levels=levels))
    path = tmp_path / "OUTCAR"
    path.write_text(text)
    expected = read_outcar(path)
    cut = data.draw(st.integers(text.index("average"), text.index("LOOP+")))
    read_alike_or_refuse(read_outcar, same, path, text[:cut], expected)
    for broken in damaged_numbers(text, text.index("average"), data.draw(st.integers(0, 500))):
        read_alike_or_refuse(read_outcar, same, path, broken, expected)


def test_what_is_no_outcar_is_refused(tmp_path: Path) -> None:
    text = outcar([-1.0] * 7, more=blocks())
    (tmp_path / "OUTCAR").write_text(text)
    (tmp_path / "OUTCAR").unlink()
    refuse_what_is_no_text_file(read_outcar, tmp_path, "OUTCAR")


def test_a_number_cut_within_its_digits_is_not_taken(tmp_path: Path) -> None:
    """The last potential, the Fermi level and the energy, each with digits missing."""
    text = outcar([-100.5] * 7, more=blocks())
    path = tmp_path / "OUTCAR"
    path.write_text(text[: text.index("7-100.5") + 5])
    with pytest.raises(OutputError, match="within the potentials at the cores"):
        read_outcar(path)
    path.write_text(text[: text.index("2.1234") + 3])
    assert read_outcar(path).fermi_level is None
    path.write_text(text[: text.index("-12.340000") + 4])
    assert read_outcar(path).energy is None
