"""The ZVAL table, and POTCAR or POTCAR.spec."""

from __future__ import annotations

import bz2
import json
from importlib.resources import files
from pathlib import Path

import jobs_factories as make
import pytest
from ase import Atoms
from ase.build import bulk

from qdstruct.errors import PreflightError
from qdstruct.jobs.potentials import _table, count_electrons, potential, write_potentials


def pymatgen_valences() -> dict[str, set[float]]:
    """ZVAL of every PBE potential that pymatgen has seen, by label: an independent list."""
    packed = files("pymatgen.io.vasp") / "potcar-summary-stats.json.bz2"
    library = json.loads(bz2.decompress(packed.read_bytes()))
    found: dict[str, set[float]] = {}
    for release in ("PBE_54", "PBE_64"):
        for entries in library[release].values():
            for entry in entries:
                found.setdefault(entry["symbol"], set()).add(float(entry["ZVAL"]))
    return found


def test_every_valence_is_the_one_pymatgen_knows() -> None:
    known = pymatgen_valences()
    for element, entry in _table().items():
        assert entry.label.partition("_")[0] == element
        assert known[entry.label] == {entry.valence}


@pytest.mark.parametrize(
    ("element", "label", "valence", "enmax"),
    [
        ("Cs", "Cs_sv", 9, 220.318),
        ("Pb", "Pb_d", 14, 237.835),
        ("Br", "Br", 7, 216.285),
        ("Cl", "Cl", 7, 262.472),
        ("I", "I", 7, 175.647),
        ("S", "S", 6, 258.689),
        ("Se", "Se", 6, 211.555),
        ("Cd", "Cd", 12, 274.336),
        ("Zn", "Zn", 12, 276.723),
        ("C", "C", 4, 400),
        ("N", "N", 5, 400),
        ("O", "O", 6, 400),
        ("H", "H", 1, 250),
    ],
)
def test_values_of_the_vasp_wiki(element: str, label: str, valence: float, enmax: float) -> None:
    entry = potential(element)
    assert (entry.label, entry.valence, entry.enmax) == (label, valence, enmax)


def test_electrons() -> None:
    assert count_electrons(make.perovskite_cell()) == 9 + 14 + 3 * 7
    assert count_electrons(bulk("PbS", "rocksalt", a=5.93, cubic=True)) == 4 * (14 + 6)


def test_unknown_element_says_what_to_add() -> None:
    with pytest.raises(PreflightError, match="no PAW potential is known for Es") as caught:
        count_electrons(Atoms("Es"))
    assert caught.value.hint is not None
    assert "zval.yaml" in caught.value.hint


def test_without_a_library_a_list_of_labels_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pymatgen.core import SETTINGS

    monkeypatch.delitem(SETTINGS, "PMG_VASP_PSP_DIR", raising=False)
    assert write_potentials(tmp_path, ["Cs_sv", "Pb_d"]) is False
    assert (tmp_path / "POTCAR.spec").read_text() == "Cs_sv\nPb_d\n"
    assert not (tmp_path / "POTCAR").exists()


def header(label: str, valence: int) -> str:
    """The frame of a POTCAR as pymatgen parses it; made up, no potential in it."""
    element = label.partition("_")[0]
    return (
        f"  PAW_PBE {label} 01Jan2000\n   {valence:.5f}\n"
        f" parameters from PSCTR are:\n   VRHFIN ={element}: test\n   LEXCH  = PE\n"
        f"   TITEL  = PAW_PBE {label} 01Jan2000\n   LULTRA =        F\n"
        f"   POMASS =  100.000; ZVAL   =   {valence:.3f}    mass and valenz\n"
        f"   ENMAX  =  200.000; ENMIN  = 100.000 eV\n"
        "END of PSCTR-controll parameters\n local part\n  0.1 0.2 0.3\nEnd of Dataset\n"
    )


@pytest.mark.filterwarnings("ignore")
def test_a_configured_library_is_joined_in_poscar_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pymatgen.core import SETTINGS

    library = tmp_path / "potentials"
    for label, valence in (("Cs_sv", 9), ("Pb_d", 14)):
        folder = library / "POT_GGA_PAW_PBE_54" / label
        folder.mkdir(parents=True)
        (folder / "POTCAR").write_text(header(label, valence))
    monkeypatch.setitem(SETTINGS, "PMG_VASP_PSP_DIR", str(library))
    monkeypatch.setitem(SETTINGS, "PMG_DEFAULT_FUNCTIONAL", "PBE_54")
    job = tmp_path / "job"
    job.mkdir()
    assert write_potentials(job, ["Pb_d", "Cs_sv"]) is True
    text = (job / "POTCAR").read_text()
    assert text.index("TITEL  = PAW_PBE Pb_d") < text.index("TITEL  = PAW_PBE Cs_sv")
    assert not (job / "POTCAR.spec").exists()
    with pytest.raises(PreflightError, match="cannot provide Br"):
        write_potentials(job, ["Br"])
