"""Numbers of Bader charges, layers and dynamics: for csv files and for the page."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import zip_longest
from typing import Any

import numpy as np

from qdstruct.model import BaderCharges, CalculatedResults, GapDynamics, LayerStrain

__all__ = ["further_context", "further_tables"]

Table = tuple[Sequence[str], Iterable[Sequence[object]]]
SHOWN_PEAKS = 6
"""Lines of a spectrum on the page."""


def further_tables(results: CalculatedResults) -> Iterator[tuple[str, Table]]:
    """Yield name, heading and rows of the csv beside each figure."""
    if results.bader is not None:
        yield "bader", _bader_table(results.bader)
    if results.layers:
        yield "layers", _layer_table(results.layers)
    if results.dynamics is not None:
        yield "dynamics", _dynamics_table(results.dynamics)


def _bader_table(found: BaderCharges) -> Table:
    regions = found.atoms.arrays.get("region")
    heading = ["atom", "element", "region", "height z (A)", "electrons (e)", "net charge (e)",
               "volume (A^3)"]  # fmt: skip
    rows = [
        [
            i + 1, symbol, "" if regions is None else str(regions[i]),
            float(found.atoms.positions[i, 2]), float(found.electrons[i]),
            "" if found.charges is None else float(found.charges[i]), float(found.volumes[i]),
        ]
        for i, symbol in enumerate(found.atoms.get_chemical_symbols())
    ]  # fmt: skip
    return heading, rows


def _layer_table(layers: Sequence[LayerStrain]) -> Table:
    heading = ["region", "layer", "height z (A)", "atoms", "strain e1 (1)", "strain e2 (1)",
               "strain e12 (1)", "strain along the normal (1)", "spacing to the next (A)",
               "change of that spacing (1)", "shift along the normal (A)",
               "rumpling (A)"]  # fmt: skip
    rows = []
    for each in layers:
        plane = ["", "", ""] if each.in_plane is None else [
            float(each.in_plane[i, j]) for i, j in ((0, 0), (1, 1), (0, 1))
        ]  # fmt: skip
        rows.append(
            [each.region, each.label.split()[0], each.height, each.n_atoms, *plane,
             *("" if x is None else x for x in (each.normal, each.spacing, each.spacing_strain)),
             float(each.displacement[2]), each.rumpling]
        )  # fmt: skip
    return heading, rows


def _dynamics_table(found: GapDynamics) -> Table:
    """Four curves side by side; cells stay empty below the end of a shorter one."""
    columns = {
        "time (fs)": found.gap["time"],
        "gap (eV)": found.gap,
        "lag (fs)": found.correlation["time"],
        "autocorrelation of the gap (eV^2)": found.correlation,
        "dephasing function (1)": found.dephasing,
        "wave number (1/cm)": found.density["wavenumber"],
        "spectral density (eV^2 fs)": found.density,
    }
    cells = [np.asarray(column, dtype=float).tolist() for column in columns.values()]
    return list(columns), list(zip_longest(*cells, fillvalue=""))


def further_context(results: CalculatedResults) -> dict[str, Any]:
    """Return the rows of the tables of the page."""
    bader = results.bader
    return {
        "bader_rows": [] if bader is None else _bader_rows(bader),
        "bader_method": "" if bader is None else bader.method,
        "layer_rows": [_layer_row(each) for each in results.layers],
        "dynamics_rows": _dynamics_rows(results),
    }


def _bader_rows(found: BaderCharges) -> list[tuple[str, str, str, str, str]]:
    symbols = np.array(found.atoms.get_chemical_symbols())
    groups = [("element", str(name), symbols == name) for name in dict.fromkeys(symbols.tolist())]
    regions = found.atoms.arrays.get("region")
    if regions is not None:
        groups = [("region", str(name), regions == name)
                  for name in dict.fromkeys(regions.tolist())] + groups  # fmt: skip
    rows = []
    for kind, name, mine in groups:
        charges = None if found.charges is None else found.charges[mine]
        rows.append(
            (kind, name, str(int(mine.sum())), f"{found.electrons[mine].sum():.4f}",
             "not known" if charges is None else f"{charges.sum():+.4f}".replace("-", "−"))
        )  # fmt: skip
    return rows


def _layer_row(each: LayerStrain) -> tuple[str, ...]:
    def percent(value: float | None) -> str:
        return "–" if value is None else f"{100 * value:+.2f}".replace("-", "−")

    plane = (None, None) if each.in_plane is None else (each.in_plane[0, 0], each.in_plane[1, 1])
    return (
        f"{each.region} {each.label.split()[0]}", f"{each.height:.2f}", str(each.n_atoms),
        percent(plane[0]), percent(plane[1]), percent(each.normal),
        "–" if each.spacing is None else f"{each.spacing:.3f}", percent(each.spacing_strain),
        f"{each.displacement[2]:+.3f}".replace("-", "−"), f"{each.rumpling:.3f}",
    )  # fmt: skip


def _dynamics_rows(results: CalculatedResults) -> list[tuple[str, str]]:
    found = results.dynamics
    if found is None:
        return []
    told = found.density.attrs
    low, high = results.dynamics_bands or (0, 0)
    until = "not within the range" if found.dephasing_time is None else (
        f"{found.dephasing_time:.2f} fs"
    )  # fmt: skip
    padding = int(told.get("padding", 1))
    lines = ", ".join(f"{p.wavenumber:.0f} cm⁻¹ ({100 * p.weight:.0f} %)"
                      for p in found.peaks[:SHOWN_PEAKS])  # fmt: skip
    return [
        ("Bands of the gap", f"{low} and {high}"),
        ("Trajectory", f"{found.gap.size} steps of {float(found.gap['time'][1]):g} fs"),
        ("Mean gap and its standard deviation",
         f"{found.mean:.4f} eV, {1e3 * found.deviation:.1f} meV"),
        ("Dephasing time, D = 1/e", until),
        ("Gaussian dephasing, τ",
         f"{found.gaussian.time:.2f} ± {found.gaussian.uncertainty:.2g} fs"),
        ("Lines of the spectral density, share of the integral", lines or "none"),
        ("Its transform", f"autocorrelation up to {float(found.correlation['time'][-1]):g} fs, "
                          f"window {told.get('window', 'none')}, "
                          + (f"zero-padded to {padding} times its length" if padding > 1
                             else "no zero padding")
                          + f"; lines at least {float(told.get('resolution', 0)):.1f} cm⁻¹ wide"),
    ]  # fmt: skip
