"""The INCAR tags as the mock resolved them, for ``<parameters>`` of vasprun.xml."""

from __future__ import annotations

from qdstruct.running.vaspfiles.settings import Settings

__all__ = ["vasp_parameters"]


def vasp_parameters(s: Settings) -> dict[str, dict[str, object]]:
    """Return the resolved tags, in the groups VASP uses."""
    cutoff_mesh = dict(zip(("NGXF", "NGYF", "NGZF"), s.grid, strict=True))
    mesh = dict(zip(("NGX", "NGY", "NGZ"), s.grid, strict=True))
    return {
        "general": {"SYSTEM": s.system, "LCOMPAT": False},
        "electronic": {
            "PREC": s.prec, "ENMAX": s.encut, "ENAUG": 2 * s.encut, "EDIFF": s.ediff,
            "IALGO": 38, "NBANDS": s.nbands, "NELECT": s.nelect, "TURBO": 0,
        },
        "electronic smearing": {"ISMEAR": s.ismear, "SIGMA": s.sigma},
        "electronic startup": {"ISTART": 0, "ICHARG": s.icharg, "INIWAV": 1},
        "electronic spin": {"ISPIN": s.ispin, "LNONCOLLINEAR": False, "LSORBIT": False},
        "electronic convergence": {"NELM": s.nelm, "NELMDL": -5, "NELMIN": 2},
        "electronic dipolcorrection": {
            "LDIPOL": s.dipole_axis is not None,
            "IDIPOL": 0 if s.dipole_axis is None else s.dipole_axis + 1,
        },
        "grids": {**mesh, **cutoff_mesh, "ADDGRID": False},
        "ionic": {
            "NSW": s.nsw, "IBRION": s.ibrion, "ISIF": s.isif, "EDIFFG": s.ediffg,
            "POTIM": s.potim, "TEBEG": s.temperature, "PSTRESS": 0.0,
        },
        "dos": {"LORBIT": s.lorbit, "NEDOS": s.nedos},
        "writing": {"LWAVE": False, "LCHARG": s.lcharg, "LVTOT": False, "LVHAR": s.writes_locpot},
        "exchange correlation": {"GGA": s.gga, "LHFCALC": False, "AEXX": 0.0, "HFSCREEN": 0.0},
        "vdW DFT": {"LUSE_VDW": False},
        "LDA+U": {"LDAU": False},
        "miscellaneous": {"LMONO": False},
    }  # fmt: skip
