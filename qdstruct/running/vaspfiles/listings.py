"""The smaller output files: OSZICAR and standard output lines, DOSCAR, EIGENVAL, XDATCAR."""

from __future__ import annotations

import numpy as np

from qdstruct.running.vaspfiles.facts import (
    DensityOfStates,
    ElectronicStep,
    IonicStep,
    Levels,
)
from qdstruct.running.vaspfiles.inputs import KpointMesh, PoscarStructure
from qdstruct.running.vaspfiles.settings import Settings
from qdstruct.running.vaspfiles.text import positions_header, rows, wrapped
from qdstruct.running.vaspfiles.vasprun import orbital_columns
from qdstruct.units import BOLTZMANN

__all__ = [
    "OSZICAR_HEADER", "doscar", "eigenval", "oszicar_electronic", "oszicar_ionic", "xdatcar_frame",
    "xdatcar_header",
]  # fmt: skip

OSZICAR_HEADER = (
    "       N       E                     dE             d eps       ncg     rms          rms(c)\n"
)


def oszicar_electronic(step: ElectronicStep) -> str:
    """Return the line of one electronic step."""
    return (
        f"DAV: {step.number:3d}    {step.energy:19.12E}   {step.change:12.5E}"
        f"  {step.change:12.5E} {100:6d}   {step.residual:9.3E}\n"
    )


def oszicar_ionic(
    number: int, step: IonicStep, change: float, moment: float, settings: Settings
) -> str:
    """Return the line of one ionic step."""
    energy = f"{step.result.energy:14.8E}"
    if settings.ibrion == 0 and settings.nsw > 0:
        total = step.result.energy + step.kinetic
        temperature = 2 * step.kinetic / (3 * len(step.structure.symbols) * BOLTZMANN)
        return (
            f"{number:7d} T= {temperature:6.0f} E= {total:14.8E} F= {energy} E0= {energy}"
            f" EK= {step.kinetic:11.5E} SP= 0.00E+00 SK= 0.00E+00\n"
        )
    spin = f"  mag= {moment:9.4f}" if settings.ispin == 2 else ""
    return f"{number:4d} F= {energy} E0= {energy}  d E ={change:13.6E}{spin}\n"


def xdatcar_header(structure: PoscarStructure, mark: str) -> str:
    """Return the head of XDATCAR."""
    return positions_header(structure, mark)


def xdatcar_frame(number: int, structure: PoscarStructure) -> str:
    """Return one configuration."""
    coordinates = rows("  %11.8f %11.8f %11.8f\n", wrapped(structure.scaled))
    return f"Direct configuration={number:6d}\n{coordinates}"


def eigenval(
    levels: Levels,
    kpoints: KpointMesh,
    settings: Settings,
    structure: PoscarStructure,
    mark: str,
) -> str:
    """Return EIGENVAL."""
    ions = len(structure.symbols)
    text = [
        f"{ions:5d}{ions:5d}{1:5d}{settings.ispin:5d}\n",
        _cell_line(structure),
        "  1.000000000000000E-004\n  CAR \n",
        f" {mark}\n",
        f"{round(settings.nelect):7d}{len(kpoints.points):7d}{settings.nbands:7d}\n",
    ]
    numbers = np.arange(1, settings.nbands + 1)
    template = "%5d " + " %14.6f" * settings.ispin + " %9.6f" * settings.ispin + "\n"
    for k, (point, weight) in enumerate(zip(kpoints.points, kpoints.weights, strict=True)):
        text.append("\n" + rows(" %14.7E %14.7E %14.7E %14.7E\n", np.append(point, weight)))
        columns = [numbers, *levels.eigenvalues[:, k], *levels.occupations[:, k]]
        text.append(rows(template, np.column_stack(columns)))
    return "".join(text)


def _cell_line(structure: PoscarStructure) -> str:
    lengths = np.linalg.norm(structure.cell, axis=1) * 1e-10
    volume = structure.volume / len(structure.symbols)
    return f" {volume:14.7E}" + "".join(f" {x:14.7E}" for x in lengths) + "  0.5000000E-15\n"


def doscar(dos: DensityOfStates, settings: Settings, structure: PoscarStructure, mark: str) -> str:
    """Return DOSCAR: the total, and with LORBIT ≥ 10 every atom."""
    ions = len(structure.symbols)
    energies = dos.energies
    head = (
        f"{energies[-1]:16.8f}{energies[0]:16.8f}{settings.nedos:5d}{dos.fermi:16.8f}{1.0:16.8f}\n"
    )
    partial = 1 if settings.lorbit >= 10 else 0
    text = [
        f"{ions:5d}{ions:5d}{partial:5d}{0:5d}\n",
        _cell_line(structure),
        f"  1.000000000000000E-004\n  CAR \n {mark}\n",
        head,
    ]
    columns = np.column_stack([energies, dos.total.T, dos.integrated.T])
    text.append(rows(" %10.3f" + " %11.4E" * (columns.shape[1] - 1) + "\n", columns))
    if partial:
        by_lm = settings.lorbit in (11, 12)
        for atom in range(ions):
            spins = [orbital_columns(dos, atom, spin, by_lm) for spin in range(settings.ispin)]
            mixed = np.stack(spins, axis=2).reshape(len(energies), -1)
            table = np.column_stack([energies, mixed])
            text.append(head + rows(" %10.3f" + " %11.4E" * mixed.shape[1] + "\n", table))
    return "".join(text)
