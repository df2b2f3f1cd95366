"""The small parts of a vasprun.xml: one function for each element that says something."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
from numpy.typing import NDArray

from qdstruct.outputs.reader import fortran_float

__all__ = ["HANDLERS", "Element", "Vasprun"]

Element = ElementTree.Element


@dataclass
class Vasprun:
    """What one vasprun.xml says, apart from its long tables; arrays belong to the last step."""

    path: Path
    generator: dict[str, str] = field(default_factory=dict)
    """``program``, ``version``, ``subversion``, … as written."""
    incar: dict[str, Any] = field(default_factory=dict)
    """Tags as the user gave them."""
    parameters: dict[str, Any] = field(default_factory=dict)
    """Every tag with the value VASP used."""
    kpoints: NDArray[np.float64] | None = None
    """(K, 3) fractions of the reciprocal cell vectors."""
    kpoint_weights: NDArray[np.float64] | None = None
    """(K,)."""
    symbols: list[str] = field(default_factory=list)
    """Element of each atom in POSCAR order."""
    initial_cell: NDArray[np.float64] | None = None
    """(3, 3) Å before the first ionic step."""
    initial_scaled_positions: NDArray[np.float64] | None = None
    """(N, 3) fractions before the first ionic step."""
    valences: list[float] = field(default_factory=list)
    """ZVAL of each atom; empty where the file does not tell."""
    movable: NDArray[np.bool_] | None = None
    """(N, 3) selective dynamics; None when every atom moves."""
    n_ionic_steps: int = 0
    """Whole ionic steps."""
    n_electronic_steps: int = 0
    """Electronic steps of the last ionic step."""
    last_energy_change: float | None = None
    """Change of the free energy between the last two electronic steps, eV."""
    energy: float | None = None
    """Total energy of the last step extrapolated to zero smearing, eV."""
    cell: NDArray[np.float64] | None = None
    """(3, 3) Å."""
    scaled_positions: NDArray[np.float64] | None = None
    """(N, 3) fractions."""
    forces: NDArray[np.float64] | None = None
    """(N, 3) eV/Å."""
    fermi_level: float | None = None
    """eV."""
    dos_energies: NDArray[np.float64] | None = None
    """(M,) eV."""
    total_dos: NDArray[np.float64] | None = None
    """(spins, M) states/eV."""
    has_projections: bool = False
    """A projected DOS was seen, whole."""

    @property
    def spins(self) -> tuple[str, ...]:
        """Labels of the spin axis of projected densities."""
        if self.parameters.get("LNONCOLLINEAR") or self.parameters.get("LSORBIT"):
            return ("total", "x", "y", "z")
        return ("up", "down") if self.parameters.get("ISPIN") == 2 else ("total",)


def _on_generator(run: Vasprun, element: Element) -> None:
    run.generator = {i.get("name", ""): (i.text or "").strip() for i in element.iter("i")}


def _on_incar(run: Vasprun, element: Element) -> None:
    run.incar = _tags(element)


def _on_kpoints(run: Vasprun, element: Element) -> None:
    """Keep the first list: later ones belong to KPOINTS_OPT and the like."""
    places = element.find("varray[@name='kpointlist']")
    weights = element.find("varray[@name='weights']")
    if run.kpoints is not None or places is None or weights is None:
        return
    run.kpoints = _vectors(places, "k-points")
    run.kpoint_weights = np.array([fortran_float(v.text or "") for v in weights.iter("v")])
    if len(run.kpoint_weights) != len(run.kpoints):
        raise ValueError(f"{len(run.kpoint_weights)} weights for {len(run.kpoints)} k-points")


def _on_parameters(run: Vasprun, element: Element) -> None:
    run.parameters = _tags(element)
    element.clear()


def _tags(element: Element) -> dict[str, Any]:
    tags: dict[str, Any] = {}
    for item in element.iter("i"):
        tags.setdefault(item.get("name", ""), _typed(item.get("type"), (item.text or "").strip()))
    return tags


def _typed(kind: str | None, text: str) -> Any:
    """Return the value of one tag; None where Fortran printed stars."""
    if kind == "string":
        return text
    if kind == "logical":
        return text.upper().startswith("T")
    if "*" in text or not text:
        return None
    return int(text) if kind == "int" else fortran_float(text)


def _on_atominfo(run: Vasprun, element: Element) -> None:
    rows = element.find("array[@name='atoms']/set")
    if rows is None:
        raise ValueError("it lists no atoms")
    run.symbols = [(row[0].text or "").strip() for row in rows.iter("rc")]
    count = int((element.findtext("atoms") or str(len(run.symbols))).strip())
    if count != len(run.symbols):
        raise ValueError(f"it announces {count} atoms and lists {len(run.symbols)}")
    kinds = element.find("array[@name='atomtypes']/set")
    for row in kinds.iter("rc") if kinds is not None else ():
        if len(row) >= 4:
            valence = fortran_float(row[3].text or "")
            run.valences += [valence] * int((row[0].text or "0").strip())


def _on_structure(run: Vasprun, element: Element) -> None:
    if element.get("name") == "initialpos":
        run.initial_cell, run.initial_scaled_positions = _structure(run, element)
        flags = element.find("varray[@name='selective']")
        if flags is not None:
            rows = [(v.text or "").split() for v in flags.iter("v")]
            run.movable = np.array([[word.upper().startswith("T") for word in r] for r in rows])
    if element.get("name") == "finalpos":
        _take_structure(run, element)


def _take_structure(run: Vasprun, element: Element) -> None:
    run.cell, run.scaled_positions = _structure(run, element)


def _structure(run: Vasprun, element: Element) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    cell = _vectors(element.find("crystal/varray[@name='basis']"), "cell vectors")
    positions = _vectors(element.find("varray[@name='positions']"), "positions")
    if len(cell) != 3 or abs(np.linalg.det(cell)) < 1e-9:
        raise ValueError("its cell vectors are not three that span a volume")
    if len(positions) != len(run.symbols):
        raise ValueError(f"{len(positions)} positions for {len(run.symbols)} atoms")
    return cell, positions


def _vectors(element: Element | None, what: str) -> NDArray[np.float64]:
    if element is None:
        raise ValueError(f"it has no {what}")
    rows = [[fortran_float(word) for word in (v.text or "").split()] for v in element.iter("v")]
    if any(len(row) != 3 for row in rows):
        raise ValueError(f"its {what} are not rows of three numbers")
    return np.array(rows).reshape(-1, 3)


def _on_calculation(run: Vasprun, element: Element) -> None:
    structure = element.find("structure")
    if structure is not None:
        _take_structure(run, structure)
    forces = element.find("varray[@name='forces']")
    run.forces = _vectors(forces, "forces") if forces is not None else None
    if run.forces is not None and len(run.forces) != len(run.symbols):
        raise ValueError(f"{len(run.forces)} forces for {len(run.symbols)} atoms")
    steps = element.findall("scstep")
    run.n_electronic_steps = len(steps)
    run.energy, run.last_energy_change = _energies(element, steps)
    run.n_ionic_steps += 1
    element.clear()


def _energies(element: Element, steps: list[Element]) -> tuple[float | None, float | None]:
    """Return the energy for zero smearing and the last change of the free energy.

    The ``e_0_energy`` of a whole step is wrong in some versions of VASP (forum thread 16942), so
    it is rebuilt from the step's free energy and the last electronic step, as pymatgen does.
    """
    free = [energy for step in steps if (energy := _energy(step, "e_fr_energy")) is not None]
    change = abs(free[-1] - free[-2]) if len(free) > 1 else None
    whole_free, whole_zero = _energy(element, "e_fr_energy"), _energy(element, "e_0_energy")
    if not steps or whole_free is None or not free:
        return whole_zero, change
    last_zero, last_free = (_energy(steps[-1], name) for name in ("e_0_energy", "e_fr_energy"))
    if last_zero is None or last_free is None:
        return whole_zero, change
    rebuilt = round(last_zero - last_free + whole_free, 8)
    if whole_zero is not None and abs(whole_zero - rebuilt) <= 1e-7:
        return whole_zero, change
    return rebuilt, change


def _energy(element: Element, name: str) -> float | None:
    text = element.findtext(f"energy/i[@name='{name}']")
    return None if text is None else fortran_float(text)


def _on_total(run: Vasprun, element: Element) -> None:
    """``<total>`` of ``<dos>``: columns energy, density, integral for each spin."""
    spins = element.findall("array/set/set")
    if not spins:
        return
    tables = []
    for spin in spins:
        rows = [(row.text or "").split() for row in spin.iter("r")]
        if not rows or {len(row) for row in rows} - {2, 3} or len({len(row) for row in rows}) > 1:
            raise ValueError("its rows do not hold energy and density")
        tables.append(np.array(rows, dtype=np.float64))
    if not all(np.isfinite(table).all() for table in tables):
        raise ValueError("it holds something that is not a finite number")
    run.dos_energies = tables[0][:, 0]
    run.total_dos = np.array([table[:, 1] for table in tables])
    element.clear()


def _on_i(run: Vasprun, element: Element) -> None:
    if element.get("name") == "efermi":
        run.fermi_level = fortran_float(element.text or "")


HANDLERS: dict[str, Callable[[Vasprun, Element], None]] = {
    "generator": _on_generator,
    "incar": _on_incar,
    "kpoints": _on_kpoints,
    "parameters": _on_parameters,
    "atominfo": _on_atominfo,
    "structure": _on_structure,
    "calculation": _on_calculation,
    "total": _on_total,
    "i": _on_i,
}
"""Tag → what to take from the element when it is complete."""
