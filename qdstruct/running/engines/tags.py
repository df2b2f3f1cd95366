"""Which INCAR tags an engine other than VASP obeys, replaces or leaves aside, said aloud."""

from __future__ import annotations

from collections.abc import Iterable

from qdstruct.errors import InputError
from qdstruct.running.vaspfiles.inputs import Incar

__all__ = ["ignored_tags", "refuse_impossible"]

_ALWAYS = frozenset(
    {
        "SYSTEM", "NSW", "IBRION", "ISIF", "EDIFFG", "LORBIT", "NEDOS", "EMIN", "EMAX", "LCHARG",
        "LVHAR", "POTIM",
    }
)  # fmt: skip
"""Obeyed by every engine, or without meaning where it is not."""
_NUMERICS = frozenset(
    {
        "PREC", "ENCUT", "ENAUG", "ALGO", "IALGO", "LREAL", "AMIN", "AMIX", "BMIX", "LMAXMIX",
        "LWAVE", "LASPH", "ADDGRID", "NCORE", "NPAR", "KPAR", "NSIM", "ISYM", "SYMPREC", "ISTART",
        "NWRITE", "NELMIN", "NELMDL", "LPLANE", "LSCALU", "NBANDS", "NGX", "NGY", "NGZ", "LAECHG",
        "ICHARG", "EDIFF", "NELM", "NGXF", "NGYF", "NGZF", "KSPACING", "KGAMMA", "MAXMIX", "LELF",
    }
)  # fmt: skip
"""How VASP calculates, not what: another program has its own way."""
_PHYSICS = {
    "LSORBIT": "spin–orbit coupling",
    "LNONCOLLINEAR": "non-collinear magnetism",
    "LHFCALC": "hybrid functionals",
    "LDAU": "DFT+U",
    "LOPTICS": "optical spectra",
    "LPARD": "band-decomposed densities",
    "LEPSILON": "dielectric response",
    "LCALCEPS": "dielectric response",
}

_ANOTHER_SYSTEM = {
    "NELECT": "a number of electrons other than the atoms'",
    "NUPDOWN": "a fixed magnetic moment",
    "METAGGA": "meta-GGA functionals",
    "EFIELD": "an electric field",
}
"""Tags whose presence makes another calculation of it, whatever their value."""


def ignored_tags(incar: Incar, honoured: Iterable[str]) -> tuple[str, ...]:
    """Return ``TAG = value`` of every tag that asks for physics and was left aside.

    Tags of VASP's own numerics (PREC, ENCUT, ALGO, …) have no counterpart and are not listed.
    """
    known = _ALWAYS | _NUMERICS | frozenset(honoured) | frozenset(_PHYSICS)
    return tuple(f"{tag} = {value}" for tag, value in incar.tags.items() if tag not in known)


def refuse_impossible(incar: Incar, engine: str) -> None:
    """Raise `InputError` for a tag without which the calculation would be another one."""
    wanted = [what for tag, what in _PHYSICS.items() if incar.flag(tag, False)]
    if incar.integer("IBRION", -1) in (5, 6, 7, 8):
        wanted.append("vibrations within one job (IBRION = 5 to 8)")
    elif incar.integer("IBRION", -1) == 0 and incar.integer("NSW", 0) > 0:
        wanted.append("molecular dynamics")
    wanted += [what for tag, what in _ANOTHER_SYSTEM.items() if tag in incar.tags]
    if incar.integer("ICORELEVEL", 0) != 0:
        wanted.append("core levels")
    if incar.integer("ISPIN", 1) == 2 or incar.flag("LAECHG", False):
        wanted += ["spin polarisation"] if incar.integer("ISPIN", 1) == 2 else []
        wanted += ["core and valence densities for Bader"] if incar.flag("LAECHG", False) else []
    if wanted:
        raise InputError(
            f"not possible with the engine {engine}: {', '.join(wanted)}",
            hint="run this job with VASP, or take the tags out of the study",
        )
