"""What one run is asked to do: INCAR tags with VASP's defaults filled in."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from qdstruct.errors import InputError
from qdstruct.running.vaspfiles.elements import potential
from qdstruct.running.vaspfiles.inputs import Incar, KpointMesh, PoscarStructure
from qdstruct.units import HBAR2_OVER_2M

__all__ = ["Settings", "read_settings"]


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Resolved settings of a run; names follow the INCAR tags."""

    encut: float
    """Plane-wave cutoff, eV."""
    prec: str
    """``normal``, ``accurate``, …"""
    ediff: float
    """Electronic convergence, eV."""
    ediffg: float
    """Ionic convergence: eV when positive, eV/Å when negative."""
    nelm: int
    """Most electronic steps."""
    nsw: int
    """Most ionic steps."""
    ibrion: int
    """-1 static, 0 molecular dynamics, 1, 2 and 3 relaxation."""
    isif: int
    """What may move: 2 atoms, 3 atoms and cell, …"""
    ismear: int
    """Kind of smearing."""
    sigma: float
    """Smearing width, eV."""
    ispin: int
    """1, or 2 with spin."""
    lorbit: int
    """10 and more write projections."""
    nedos: int
    """Points of the density of states."""
    emin: float | None
    """Lower end of the density of states, eV; None chooses."""
    emax: float | None
    """Upper end, eV; None chooses."""
    icharg: int
    """11 keeps the density of CHGCAR."""
    lcharg: bool
    """Write CHGCAR."""
    writes_locpot: bool
    """LVHAR or LVTOT."""
    dipole_axis: int | None
    """Axis of the dipole correction (LDIPOL with IDIPOL = 1, 2, 3), counted from 0."""
    dipole_centre: float | None
    """DIPOL along that axis, fraction of the cell; None puts the step into the widest gap."""
    nelect: float
    """Valence electrons."""
    nbands: int
    """Bands."""
    grid: tuple[int, int, int]
    """NGXF, NGYF, NGZF."""
    system: str
    """SYSTEM tag."""
    gga: str
    """GGA tag."""
    algo: str
    """ALGO tag."""
    potim: float
    """Time step in fs of molecular dynamics, or scale of a relaxation step."""
    temperature: float
    """TEBEG, K."""

    @property
    def moves(self) -> bool:
        """Whether anything may move."""
        return self.nsw > 0 and self.ibrion in (0, 1, 2, 3)


def read_settings(incar: Incar, structure: PoscarStructure, kpoints: KpointMesh) -> Settings:
    """Fill in what INCAR leaves open.

    Raises
    ------
    InputError
        If a tag has a value that VASP would refuse, or that no engine but VASP does here.
    """
    nsw = incar.integer("NSW", 0)
    ibrion = incar.integer("IBRION", -1 if nsw in (-1, 0) else 0)
    if nsw > 0 and ibrion not in (-1, 0, 1, 2, 3):
        raise InputError(
            f"INCAR: IBRION = {ibrion}: only VASP itself does this; the others relax (1, 2, 3), "
            "run dynamics (0) or keep atoms fixed (-1)",
            hint="finite displacements are separate static jobs here",
        )
    ediff = incar.real("EDIFF", 1e-4)
    ispin = incar.integer("ISPIN", 1)
    encut = incar.real("ENCUT", max(potential(s).enmax for s, _ in structure.groups))
    prec = incar.text("PREC", "Normal").lower()
    valence = sum(potential(s).zval * n for s, n in structure.groups)
    nelect = incar.real("NELECT", valence)
    settings = Settings(
        encut=encut,
        prec=prec,
        ediff=ediff,
        ediffg=incar.real("EDIFFG", 10 * ediff),
        nelm=incar.integer("NELM", 60),
        nsw=max(nsw, 0),
        ibrion=ibrion,
        isif=incar.integer("ISIF", 0 if ibrion == 0 else 2),
        ismear=incar.integer("ISMEAR", 1),
        sigma=incar.real("SIGMA", 0.2),
        ispin=ispin,
        lorbit=incar.integer("LORBIT", 0),
        nedos=incar.integer("NEDOS", 301),
        emin=incar.real("EMIN", 0.0) if "EMIN" in incar.tags else None,
        emax=incar.real("EMAX", 0.0) if "EMAX" in incar.tags else None,
        icharg=incar.integer("ICHARG", 2),
        lcharg=incar.flag("LCHARG", True),
        writes_locpot=incar.flag("LVHAR", False) or incar.flag("LVTOT", False),
        dipole_axis=_dipole_axis(incar),
        dipole_centre=_dipole_centre(incar),
        nelect=nelect,
        nbands=incar.integer("NBANDS", _default_bands(nelect, len(structure.symbols), ispin)),
        grid=_grid(incar, structure, encut),
        system=incar.tags.get("SYSTEM", "unknown system"),
        gga=incar.text("GGA", "PE").upper(),
        algo=incar.text("ALGO", "Normal"),
        potim=incar.real("POTIM", 0.5),
        temperature=incar.real("TEBEG", 0.0),
    )
    _refuse_nonsense(settings, structure, kpoints)
    return settings


def _refuse_nonsense(settings: Settings, structure: PoscarStructure, kpoints: KpointMesh) -> None:
    if settings.ispin not in (1, 2):
        raise InputError(f"INCAR: ISPIN = {settings.ispin} is neither 1 nor 2")
    if settings.nelect <= 0:
        raise InputError(f"INCAR: NELECT = {settings.nelect:g} leaves no electrons")
    if settings.nedos < 2:
        raise InputError(f"INCAR: NEDOS = {settings.nedos} is too small for a curve")
    if settings.nelm < 1:
        raise InputError(f"INCAR: NELM = {settings.nelm} leaves no electronic step")
    if settings.ismear == -5 and len(kpoints.points) < 2 and max(kpoints.divisions) < 2:
        raise InputError(
            "VERY BAD NEWS: Tetrahedron method fails for a single k-point (ISMEAR = -5)",
            hint="use ISMEAR = 0, or more k-points",
        )
    if settings.nbands * 2 < settings.nelect:
        raise InputError(
            f"INCAR: NBANDS = {settings.nbands} cannot hold {settings.nelect:g} electrons",
            hint=f"set NBANDS to {_default_bands(settings.nelect, len(structure.symbols), 1)}",
        )


def _dipole_axis(incar: Incar) -> int | None:
    axis = incar.integer("IDIPOL", 0)
    return axis - 1 if incar.flag("LDIPOL", False) and axis in (1, 2, 3) else None


def _dipole_centre(incar: Incar) -> float | None:
    axis, centre = _dipole_axis(incar), incar.reals("DIPOL")
    if axis is None or not centre:
        return None
    if len(centre) != 3:
        raise InputError(f"INCAR: DIPOL = {incar.tags['DIPOL']!r} is not three numbers")
    return centre[axis]


def _default_bands(nelect: float, n_atoms: int, ispin: int) -> int:
    """VASP's rule (wiki page NBANDS), for one core."""
    half = int((nelect + 2) / 2)
    if ispin == 2:
        return max(int(0.6 * nelect + 0.5), half + max(n_atoms // 2, 3))
    return max(half + max(n_atoms // 2, 3), int(0.6 * nelect))


def _grid(incar: Incar, structure: PoscarStructure, encut: float) -> tuple[int, int, int]:
    """Return NGXF, NGYF, NGZF.

    Unset ones follow VASP's rule for the coarse mesh at PREC = Normal, N ≥ 3/2 · 2 · G_cut |a|/2π,
    rounded up to a product of 2, 3, 5 and 7: smooth densities need no finer one.
    """
    cutoff = np.sqrt(encut / HBAR2_OVER_2M)
    sizes = []
    for tag, vector in zip(("NGXF", "NGYF", "NGZF"), structure.cell, strict=True):
        least = 1.5 * cutoff * float(np.linalg.norm(vector)) / np.pi
        sizes.append(incar.integer(tag, _smooth_number(int(np.ceil(least)))))
    if min(sizes) < 1:
        raise InputError(f"INCAR: NGXF, NGYF, NGZF = {sizes} must be positive")
    return sizes[0], sizes[1], sizes[2]


def _smooth_number(least: int) -> int:
    number = max(2, least + least % 2)
    while True:
        rest = number
        for factor in (2, 3, 5, 7):
            while rest % factor == 0:
                rest //= factor
        if rest == 1:
            return number
        number += 2
