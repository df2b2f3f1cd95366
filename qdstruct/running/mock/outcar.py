"""Writes OUTCAR, piece by piece as the run goes on."""

from __future__ import annotations

from typing import TextIO

import numpy as np
from numpy.typing import NDArray

from qdstruct.running.mock.density import core_potentials
from qdstruct.running.mock.stamp import MARK, vasp_version_line
from qdstruct.running.vaspfiles.elements import mass, potential
from qdstruct.running.vaspfiles.facts import DensityOfStates, ElectronicStep, IonicStep, Levels
from qdstruct.running.vaspfiles.inputs import Incar, KpointMesh, PoscarStructure
from qdstruct.running.vaspfiles.settings import Settings
from qdstruct.running.vaspfiles.text import rows, wrapped
from qdstruct.running.vaspfiles.vasprun import KILOBAR, plane_waves

__all__ = ["OutcarWriter"]

FloatArray = NDArray[np.float64]
_RULE = "-" * 104


class OutcarWriter:
    """An OUTCAR that grows; timings are written as zero, so that runs are repeatable.

    Parameters
    ----------
    stream : TextIO
        Open for writing.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def header(
        self,
        incar: Incar,
        settings: Settings,
        kpoints: KpointMesh,
        structure: PoscarStructure,
    ) -> None:
        """Write what VASP writes before the first electronic step."""
        self._put(f"{vasp_version_line()}\n\n")
        self._put(" executed on        qdstruct-mock date 2000.01.01  00:00:00\n")
        self._put(" running on    1 total cores\n")
        self._put(" distrk:  each k-point on    1 cores,    1 groups\n")
        self._put(f" distr:  one band on NCORE=   1 cores,    1 groups\n\n {MARK}\n\n")
        self._put(f"{_RULE}\n\n\n INCAR:\n")
        self._put("".join(f"   {tag} = {value}\n" for tag, value in incar.tags.items()) + "\n")
        labels = [f" POTCAR:    PAW_PBE {potential(s).label} MOCK\n" for s, _ in structure.groups]
        self._put("".join(labels) * 2 + "\n")
        self._put(_species(structure) + _dimensions(settings, kpoints, structure))
        self._put(_tags(settings, structure) + _k_points(kpoints, settings, structure))
        self._put(_lattice(structure))
        self._stream.flush()

    def electronic_step(
        self, ionic: int, step: ElectronicStep, count: float, moment: float, last: str
    ) -> None:
        """Write one electronic step with the electrons and the moment of the cell.

        `last` says why the loop ends; it is empty while the loop goes on.
        """
        dashes = "-" * 39
        self._put(
            f"\n\n{dashes} Iteration {ionic:6d}({step.number:4d})  {dashes}\n\n\n"
            "    POTLOK:  cpu time      0.0000: real time      0.0000\n"
            "    EDDAV:  cpu time      0.0000: real time      0.0000\n"
            "      LOOP:  cpu time      0.0000: real time      0.0000\n\n"
            f" eigenvalue-minimisations  :{100:6d}\n"
            f" total energy-change (2. order) :{step.change:15.7E}  ({-step.residual:14.7E})\n"
        )
        self._put(
            f" number of electron {count:15.7f} magnetization {moment:15.7f}\n"
            f" augmentation part  {0.0:15.7f} magnetization {0.0:15.7f}\n"
            + _energy_block(step.energy)
        )
        if last:
            self._put(f"\n\n{'-' * 24} aborting loop {last} {'-' * 40}\n\n")

    def ionic_step(
        self,
        number: int,
        step: IonicStep,
        levels: Levels,
        electrons: FloatArray,
        settings: Settings,
        kpoints: KpointMesh,
        cores: str = "",
    ) -> None:
        """Write what follows the electronic loop: levels, stress, geometry, forces, energy.

        `cores` is the block of core eigenvalues, which then takes the place of the potentials.
        """
        structure, energy = step.structure, step.result.energy
        if step.last:
            self._put(cores or _core_potentials(structure, electrons))
        self._put(
            f"\n E-fermi : {levels.fermi:9.4f}     XC(G=0):   0.0000     alpha+bet :   0.0000\n\n"
        )
        if number == 1 or step.last:
            self._put(_levels(levels, kpoints, settings))
        self._put(_stress(step) + _lattice(structure) + _forces(step))
        self._put(
            "\n  FREE ENERGIE OF THE ION-ELECTRON SYSTEM (eV)\n"
            "  ---------------------------------------------------\n"
            f"  free  energy   TOTEN  = {energy:18.8f} eV\n\n"
            f"  energy  without entropy={energy:18.8f}  energy(sigma->0) ={energy:18.8f}\n \n"
        )
        if settings.ibrion == 0:
            self._put(_dynamics_energies(energy, step.kinetic))
        self._put(
            f"{_RULE}\n\n\n    POTLOK:  cpu time      0.0000: real time      0.0000\n"
            "     LOOP+:  cpu time      0.0000: real time      0.0000\n\n"
        )
        self._stream.flush()

    def soft_stop(self) -> None:
        """Say that STOPCAR ended the run."""
        self._put(" soft stop encountered!  aborting job ...\n\n")

    def reached(self) -> None:
        """Say that the ionic criterion is met."""
        self._put(" reached required accuracy - stopping structural energy minimisation\n\n")

    def close(self, dos: DensityOfStates, settings: Settings) -> None:
        """Write the projections and the closing statistics."""
        if settings.lorbit >= 10:
            self._put(_charge_table("total charge", _sphere_charges(dos, +1)))
            if settings.ispin == 2:
                self._put(_charge_table("magnetization (x)", _sphere_charges(dos, -1)))
        statistics = (
            ("Total CPU time used (sec)", "0.000"),
            ("User time (sec)", "0.000"),
            ("System time (sec)", "0.000"),
            ("Elapsed time (sec)", "0.000"),
            ("Maximum memory used (kb)", "0."),
            ("Average memory used (kb)", "N/A"),
        )
        self._put(
            "\n\n General timing and accounting informations for this job:\n"
            " ========================================================\n\n"
        )
        for name, value in statistics:
            self._put(f"{name:>45s}: {value:>12s}\n")
        self._stream.close()

    def abandon(self) -> None:
        """Close the file as it is."""
        self._stream.close()

    def _put(self, text: str) -> None:
        self._stream.write(text)


def _species(structure: PoscarStructure) -> str:
    blocks = [
        f"   VRHFIN ={symbol}: {MARK}\n   TITEL  = PAW_PBE {potential(symbol).label} MOCK\n"
        f"   POMASS ={mass(symbol):9.3f}; ZVAL   ={potential(symbol).zval:9.3f}"
        "    mass and valenz\n"
        f"   ENMAX  ={potential(symbol).enmax:9.3f}; ENMIN  = {0.75 * potential(symbol).enmax:8.3f}"
        " eV\n\n"
        for symbol, _ in structure.groups
    ]
    return "".join(blocks)


def _dimensions(settings: Settings, kpoints: KpointMesh, structure: PoscarStructure) -> str:
    nk, ions = len(kpoints.points), len(structure.symbols)
    x, y, z = settings.grid
    counts = "".join(f"{count:4d}" for _, count in structure.groups)
    return (
        " Dimension of arrays:\n"
        f"   k-points           NKPTS = {nk:6d}   k-points in BZ     NKDIM = {nk:6d}"
        f"   number of bands    NBANDS= {settings.nbands:6d}\n"
        f"   number of dos      NEDOS = {settings.nedos:6d}"
        f"   number of ions     NIONS = {ions:6d}\n"
        "   non local maximal  LDIM  =      6   non local SUM 2l+1 LMDIM =     18\n"
        f"   total plane-waves  NPLWV = {x * y * z:6d}\n"
        f"   dimension x,y,z NGX = {x:5d} NGY ={y:5d} NGZ ={z:5d}\n"
        f"   dimension x,y,z NGXF= {x:5d} NGYF={y:5d} NGZF={z:5d}\n"
        f"   ions per type =            {counts}\n\n"
    )


def _tags(s: Settings, structure: PoscarStructure) -> str:
    masses = "".join(f"{mass(symbol):7.2f}" for symbol, _ in structure.groups)
    valences = "".join(f"{potential(symbol).zval:7.2f}" for symbol, _ in structure.groups)
    accuracy = "eV" if s.ediffg >= 0 else "eV/A"
    return (
        f" SYSTEM =  {s.system}\n POSCAR =  {structure.comment}\n\n Startparameter for this run:\n"
        f"   NWRITE =      1    write-flag & timer\n   PREC   = {s.prec:7s}   normal or accurate\n"
        "   ISTART =      0    job   : 0-new  1-cont  2-samecut\n"
        f"   ICHARG = {s.icharg:6d}    charge: 1-file 2-atom 10-const\n"
        f"   ISPIN  = {s.ispin:6d}    spin polarized calculation?\n"
        "   LNONCOLLINEAR =      F non collinear calculations\n"
        "   LSORBIT =      F    spin-orbit coupling\n\n Electronic Relaxation 1\n"
        f"   ENCUT  = {s.encut:7.1f} eV\n"
        f"   NELM   = {s.nelm:6d};   NELMIN=  2; NELMDL= -5     # of ELM steps\n"
        f"   EDIFF  = {s.ediff:9.1E}   stopping-criterion for ELM\n\n Ionic relaxation\n"
        f"   EDIFFG = {s.ediffg:9.1E} {accuracy}  stopping-criterion for IOM\n"
        f"   NSW    = {s.nsw:6d}    number of steps for IOM\n"
        f"   IBRION = {s.ibrion:6d}    ionic relax: 0-MD 1-quasi-New 2-CG\n"
        f"   ISIF   = {s.isif:6d}    stress and relaxation\n"
        f"   POTIM  = {s.potim:.4f}    time-step for ionic-motion\n\n"
        f"   Mass of Ions in am\n   POMASS ={masses}\n  Ionic Valenz\n   ZVAL   ={valences}\n"
        f"   NELECT = {s.nelect:12.4f}    total number of electrons\n\n"
        f" DOS related values:\n   ISMEAR ={s.ismear:6d};   SIGMA  = {s.sigma:6.2f}"
        "  broadening in eV -4-tet -1-fermi 0-gaus\n\n"
        f"   LORBIT = {s.lorbit:6d}    0 simple, 1 ext, 2 COOP (PROOUT), +10 PAW based schemes\n\n"
    )


def _k_points(mesh: KpointMesh, settings: Settings, structure: PoscarStructure) -> str:
    cartesian = mesh.points @ np.linalg.inv(structure.cell).T
    weights = mesh.weights[:, None]
    waves = plane_waves(structure, settings.encut)
    listing = "".join(
        f" k-point {k:3d} : {x:8.4f}{y:8.4f}{z:8.4f}  plane waves: {waves:7d}\n"
        for k, (x, y, z) in enumerate(mesh.points.tolist(), start=1)
    )
    template = " %13.8f %11.8f %11.8f %13.3f\n"
    return (
        "\n k-points in units of 2pi/SCALE and weight: Automatic mesh\n"
        + rows(template, np.hstack([cartesian, weights]))
        + "\n k-points in reciprocal lattice and weights: Automatic mesh\n"
        + rows(" %13.8f %11.8f %11.8f %13.6f\n", np.hstack([mesh.points, weights]))
        + f"\n\n\n{_RULE}\n\n\n{listing}\n"
        + f" maximum and minimum number of plane-waves per node : {waves:9d}{waves:9d}\n\n"
        + f" maximum number of plane-waves: {waves:9d}\n\n\n{_RULE}\n\n\n"
    )


def _lattice(structure: PoscarStructure) -> str:
    both = np.hstack([structure.cell, np.linalg.inv(structure.cell).T])
    return (
        f"\n  energy-cutoff  :  see ENCUT\n  volume of cell : {structure.volume:12.2f}\n"
        "      direct lattice vectors                 reciprocal lattice vectors\n"
        + rows("    %13.9f %12.9f %12.9f  %12.9f %12.9f %12.9f\n", both)
        + "\n"
    )


def _energy_block(energy: float) -> str:
    names = (
        ("alpha Z        PSCENC", 0.0), ("Ewald energy   TEWEN ", energy),
        ("-Hartree energ DENC  ", 0.0), ("-exchange      EXHF  ", 0.0),
        ("-V(xc)+E(xc)   XCENC ", 0.0), ("entropy T*S    EENTRO", 0.0),
        ("eigenvalues    EBANDS", 0.0), ("atomic energy  EATOM ", 0.0),
        ("Solvation  Ediel_sol ", 0.0),
    )  # fmt: skip
    body = "".join(f"  {name} = {value:18.8f}\n" for name, value in names)
    return (
        "\n Free energy of the ion-electron system (eV)\n"
        f"  ---------------------------------------------------\n{body}"
        "  ---------------------------------------------------\n"
        f"  free energy    TOTEN  = {energy:18.8f} eV\n\n"
        f"  energy without entropy = {energy:18.8f}  energy(sigma->0) = {energy:18.8f}\n"
    )


def _core_potentials(structure: PoscarStructure, electrons: FloatArray) -> str:
    """Potential of each atom's own charge at its core: what its Gaussians make, eV."""
    values = core_potentials(structure, electrons)
    entries = [f"{i:8d}{value:9.4f}" for i, value in enumerate(values.tolist(), start=1)]
    lines = ["".join(entries[i : i + 5]) for i in range(0, len(entries), 5)]
    radii = "".join(f"{1.0:8.4f}" for _ in structure.groups)
    return (
        "\n average (electrostatic) potential at core\n"
        f"  the test charge radii are  {radii}\n"
        "  (the norm of the test charge is              1.0000)\n" + "\n".join(lines) + "\n\n\n"
    )


def _levels(levels: Levels, kpoints: KpointMesh, settings: Settings) -> str:
    """Return all eigenvalues; as with NWRITE = 1 they belong to the first and last step only."""
    text = []
    factor = 1.0 if settings.ispin == 2 else 2.0
    for spin in range(settings.ispin):
        if settings.ispin == 2:
            text.append(f"\n spin component {spin + 1}\n\n")
        for k, (x, y, z) in enumerate(kpoints.points.tolist()):
            numbers = np.arange(1, settings.nbands + 1)
            table = np.column_stack(
                [numbers, levels.eigenvalues[spin, k], factor * levels.occupations[spin, k]]
            )
            text.append(
                f" k-point {k + 1:5d} :  {x:10.4f}{y:10.4f}{z:10.4f}\n"
                "  band No.  band energies     occupation \n"
                + rows("%7d %12.4f %12.5f\n", table)
                + "\n"
            )
    text.append(f"\n{_RULE}\n\n\n")
    return "".join(text)


def _stress(step: IonicStep) -> str:
    kilobar = -step.result.strain_derivative / step.structure.volume * KILOBAR
    order = [
        kilobar[0, 0],
        kilobar[1, 1],
        kilobar[2, 2],
        kilobar[0, 1],
        kilobar[1, 2],
        kilobar[2, 0],
    ]
    volume = step.structure.volume / KILOBAR
    return (
        "  FORCE on cell =-STRESS in cart. coord.  units (eV):\n"
        "  Direction    XX          YY          ZZ          XY          YZ          ZX\n"
        "  Total   " + "".join(f"{x * volume:12.5f}" for x in order) + "\n"
        "  in kB   " + "".join(f"{x:12.5f}" for x in order) + "\n"
        f"  external pressure = {np.trace(kilobar) / 3:12.2f} kB"
        f"  Pullay stress = {0.0:12.2f} kB\n\n"
    )


def _forces(step: IonicStep) -> str:
    positions = wrapped(step.structure.scaled) @ step.structure.cell
    table = np.hstack([positions, step.result.forces])
    drift = step.result.forces.sum(axis=0)
    bar = " " + "-" * 83 + "\n"
    return (
        " POSITION                                       TOTAL-FORCE (eV/Angst)\n"
        + bar
        + rows(" %12.5f %12.5f %12.5f    %13.6f %13.6f %13.6f\n", table)
        + bar
        + "    total drift:                            "
        + "".join(f"{x:14.6f}" for x in drift)
        + f"\n\n\n{_RULE}\n\n\n"
    )


def _dynamics_energies(energy: float, kinetic: float) -> str:
    return (
        "  ENERGY OF THE ELECTRON-ION-THERMOSTAT SYSTEM (eV)\n"
        "  ---------------------------------------------------\n"
        f"% ion-electron   TOTEN  = {energy:18.8f}  see above\n"
        f"  kinetic energy EKIN   = {kinetic:18.8f}\n"
        f"  total energy   ETOTAL = {energy + kinetic:18.8f} eV\n\n"
    )


def _sphere_charges(dos: DensityOfStates, sign: int) -> FloatArray:
    """Return (atom, s p d) electrons below the Fermi level: spin up plus `sign` times down."""
    below = dos.energies <= dos.fermi
    step = dos.energies[1] - dos.energies[0]
    counted = dos.projected[..., below].sum(axis=-1) * step
    if counted.shape[1] == 1:
        return np.asarray(counted[:, 0])
    return np.asarray(counted[:, 0] + sign * counted[:, 1])


def _charge_table(title: str, charges: FloatArray) -> str:
    table = np.column_stack([np.arange(1, len(charges) + 1), charges, charges.sum(axis=1)])
    bar = "-" * 42
    totals = "".join(f"{x:8.3f}" for x in table[:, 1:].sum(axis=0))
    return (
        f"\n\n {title}\n\n# of ion       s       p       d       tot\n{bar}\n"
        + rows("%5d     %8.3f%8.3f%8.3f%8.3f\n", table)
        + f"{bar}\ntot       {totals}\n\n"
    )
