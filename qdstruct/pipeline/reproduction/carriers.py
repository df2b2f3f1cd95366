"""Published numbers of carriers: levels, lifetimes, mobilities, and the settings of the DFT."""

from __future__ import annotations

import math
from functools import cache

from qdstruct import jobs
from qdstruct.model import PublishedComparison
from qdstruct.pipeline.reproduction.numbers import PublishedNumber, published_numbers, row
from qdstruct.units import BOLTZMANN

__all__ = ["RULES", "measured_kind"]

ROOM_TEMPERATURE = 298.0
_HETEROJUNCTION_LIFETIME = "TRPL lifetime bare/Spiro/PCBM"


def average_lifetime(number: PublishedNumber) -> PublishedComparison | None:
    """Compare an intensity-weighted average lifetime: Σ A τ² / Σ A τ."""
    if not number.quantity.startswith("ns-TA lifetimes"):
        return None
    tau1, weight1, tau2, weight2, printed = (float(value) for value in number.value)
    ours = (weight1 * tau1**2 + weight2 * tau2**2) / (weight1 * tau1 + weight2 * tau2)
    agrees = abs(ours - printed) <= 0.02
    reason = "Σ A τ² / Σ A τ of the two printed components; the table labels τ_ave with %"
    return row(number, f"τ_ave {ours:.2f}", agrees, reason)


def mobility_and_length(number: PublishedNumber) -> PublishedComparison | None:
    """Compare mobility μ = eD/kT (Einstein) and diffusion length L = √(Dτ) with the printed D."""
    if not number.quantity.startswith("D, mu, L_D"):
        return None
    sample = number.quantity.split()[-1]
    diffusion, mobility, length = (float(value) for value in number.value)
    lifetime = float(_printed_list(f"{_HETEROJUNCTION_LIFETIME} {sample}")[0])
    ours_mobility = diffusion / (BOLTZMANN * ROOM_TEMPERATURE)
    ours_length = math.sqrt(diffusion * lifetime * 1e-9) * 1e7
    agrees = abs(ours_mobility / mobility - 1) <= 0.05 and abs(ours_length / length - 1) <= 0.05
    reason = (
        f"μ = eD/kT at {ROOM_TEMPERATURE:g} K and L = √(Dτ) from the printed D in cm²/s (the "
        f"table's heading says nm) and τ = {lifetime:g} ns"
    )
    return row(number, f"{diffusion:g}, {ours_mobility:.3g}, {ours_length:.0f}", agrees, reason)


@cache
def _printed_list(quantity: str) -> tuple[float, ...]:
    for number in published_numbers():
        if number.quantity == quantity:
            values = number.value if isinstance(number.value, list) else [number.value]
            return tuple(float(value) for value in values)
    raise KeyError(quantity)


def _levels(system: str) -> tuple[float, float]:
    """Return valence and conduction edge below the vacuum level: VB = −(WF + ΔE), CB = VB + Eg."""
    printed = {
        number.quantity: float(number.value)
        for number in published_numbers()
        if number.system == system and number.unit == "eV" and "Fig 4-9" in number.where
    }
    valence = -(printed["work function"] + printed["EF-VBM"])
    return valence, valence + printed["band gap (Tauc)"]


def alignment(number: PublishedNumber) -> PublishedComparison | None:
    """Compare the alignment type with the measured levels."""
    if number.quantity != "band alignment":
        return None
    film, substrate = _levels("CsPbBr3"), _levels("PMA2PbBr4")
    kind = _kind(film, substrate)
    reason = (
        f"VB = −(WF + ΔE), CB = VB + Eg: CsPbBr3 {film[0]:.2f}, {film[1]:.2f} eV; PMA2PbBr4 "
        f"{substrate[0]:.2f}, {substrate[1]:.2f} eV"
    )
    return row(number, kind, kind == number.value, reason)


def _kind(one: tuple[float, float], other: tuple[float, float]) -> str:
    if one[0] > other[1] or other[0] > one[1]:
        return "type III"
    nested = (one[0] - other[0]) * (one[1] - other[1]) < 0
    return "type I" if nested else "type II"


def conduction_offset(number: PublishedNumber) -> PublishedComparison | None:
    """Say what the DFT conduction offset needs, and what the measured levels of the paper give."""
    if number.quantity != "DFT CB offset":
        return None
    edges = _electrode_edges()
    kind, measured, _ = measured_kind("CdS", "CsPbBr3")
    reason = (
        "needs VASP: qdstruct prepare cspbbr3-cds DIR; the measured conduction edges of the same "
        f"paper ({edges['CdS'][0]:g} and {edges['CsPbBr3'][0]:g} V against RHE) differ by "
        f"{measured:.1f} eV and are {kind}"
    )
    return row(number, None, None, reason)


def _electrode_edges() -> dict[str, list[float]]:
    """Return the printed conduction and valence edges in V against RHE, by material."""
    return {
        each.system: [float(value) for value in each.value]
        for each in published_numbers()
        if each.quantity == "CB, VB vs RHE"
    }


def measured_kind(one: str, other: str) -> tuple[str, float, float]:
    """Return type, conduction and valence offset (eV) of two materials from electrode potentials.

    Potentials against RHE grow downwards in energy.
    """
    edges = _electrode_edges()
    levels = {name: (-valence, -conduction) for name, (conduction, valence) in edges.items()}
    kind = _kind(levels[one], levels[other])
    offsets = [abs(a - b) for a, b in zip(edges[one], edges[other], strict=True)]
    return kind, offsets[0], offsets[1]


_PRESET_TAGS = {"DFT cutoff": "ENCUT", "force tolerance": "EDIFFG"}


def preset(number: PublishedNumber) -> PublishedComparison | None:
    """Compare the published DFT settings with the preset that reproduces them."""
    if not number.where.startswith("ch4 4.2"):
        return None
    published = jobs.load_preset("thesis-2d3d")
    if number.quantity == "k mesh" and published.interface_mesh is not None:
        points = published.interface_mesh.value
        mesh = "x".join(f"{n:g}" for n in points) if isinstance(points, list) else str(points)
        agrees = str(number.value) == f"{mesh} Gamma-centred"
        return row(number, f"{mesh} Gamma-centred", agrees, "interface mesh of thesis-2d3d")
    tag = _PRESET_TAGS.get(number.quantity)
    if tag is None:
        return None
    setting = published.settings("interface", "relax")[tag].value
    value = abs(float(setting)) if isinstance(setting, int | float) else math.nan
    agrees = math.isclose(value, float(number.value))
    return row(number, f"{value:g}", agrees, f"{tag} of the preset thesis-2d3d")


RULES = (average_lifetime, mobility_and_length, alignment, conduction_offset, preset)
