"""The charge difference: planar profile, cross-sections and a thinned field for pictures."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from qdstruct import analysis, outputs
from qdstruct.errors import QdstructError
from qdstruct.model import ChargeDifference, ChargeField, ConservationCheck, Grid
from qdstruct.pipeline.analysing.systems import System, Workbench
from qdstruct.pipeline.analysing.thinning import few_digits, short_table

if TYPE_CHECKING:
    from xarray import DataArray

__all__ = ["charge_checks", "charge_results"]

MOST_POINTS = 40_000_000
"""Grid points above which Δρ is only averaged: the whole field would not fit a workstation."""
DRAWN_POINTS = 60_000
"""Grid points that a browser and a picture get."""
LEVEL = 0.15
"""Fraction of the largest |Δρ| (its 99.9th percentile) at which the surfaces are drawn."""
INTEGRAL_TOLERANCE = 1e-3
"""Electrons that ∫Δρ may miss by the digits of a CHGCAR."""


def charge_results(
    bench: Workbench, grid_file: Path | None
) -> tuple[ChargeDifference | None, ChargeField | None]:
    """Subtract the parts from the interface, along the normal and in space."""
    result = "Charge-density difference"
    parts = bench.parts
    needs = [(f"difference/{name}", "CHGCAR") for name in ("film", "substrate", *parts)]
    if bench.lacking(result, [("interface", "CHGCAR"), *dict.fromkeys(needs)]):
        return None, None
    whole = bench.systems["interface"]
    try:
        difference, points = _planar(bench, whole, parts)
    except QdstructError as error:
        bench.guard(result, error)
        return None, None
    if points > MOST_POINTS:
        bench.notes.append(
            f"{result}: {points:,} grid points are too many to hold at once; there is the planar "
            "average and no picture in space."
        )
        return difference, None
    return difference, _field(bench, whole, parts, difference, grid_file)


def _density(system: System) -> Path:
    return system.required("CHGCAR")


def _planar(
    bench: Workbench, whole: System, parts: dict[str, System]
) -> tuple[ChargeDifference, int]:
    files = [_density(system) for system in (whole, *parts.values())]
    averages = [outputs.read_averaged_grid(path, axis=whole.axis) for path in files]
    by_name = dict(zip(parts, averages[1:], strict=True))
    film, substrate = by_name.pop("film"), by_name.pop("substrate")
    atoms = averages[0].atoms
    regions = whole.regions if len(whole.regions) == len(atoms) else ()
    if not regions:
        regions = tuple(analysis.part_regions(averages[0], {"film": film, "substrate": substrate,
                                                            **by_name}))  # fmt: skip
    difference = analysis.charge_difference(
        averages[0],
        film,
        substrate,
        others=by_name,
        interface_height=analysis.interface_height(atoms, regions, whole.axis),
        sources=bench.cite("charge difference", *files),
        axis=whole.axis,
    )
    return difference, int(np.prod(averages[0].shape))


def _field(
    bench: Workbench,
    whole: System,
    parts: dict[str, System],
    difference: ChargeDifference,
    grid_file: Path | None,
) -> ChargeField:
    grid = outputs.read_grid(_density(whole))
    grids = {name: outputs.read_grid(_density(system)) for name, system in parts.items()}
    delta = analysis.difference_grid(grid, grids)
    del grid, grids
    if grid_file is not None:
        mock = outputs.directory_is_mock(_density(whole).parent)
        outputs.write_grid(grid_file, delta, force=True, remark="MOCK, not physics" if mock else "")
        bench.sources["charge difference in space"] = f"written as {grid_file.name}"
    period = float(delta.atoms.cell.volume) / difference.area
    start = float(difference.displaced["z"][0])
    shift = round(start / period * delta.values.shape[whole.axis])
    delta = _rolled(delta, whole.axis, shift)
    place = shift / delta.values.shape[whole.axis]
    origin = place * np.asarray(delta.atoms.cell)[whole.axis]
    cuts = [((whole.axis + 1) % 3, _richest(delta, (whole.axis + 1) % 3)),
            (whole.axis, difference.interface_height / period - place)]  # fmt: skip
    return ChargeField(
        values=_thinned(delta),
        atoms=delta.atoms,
        origin=(float(origin[0]), float(origin[1]), float(origin[2])),
        level=LEVEL * float(np.percentile(np.abs(delta.values), 99.9)),
        sections=tuple(_section(delta, axis, place, whole.axis) for axis, place in cuts),
        file="" if grid_file is None else grid_file.name,
        axis=whole.axis,
    )


def _section(grid: Grid, axis: int, fraction: float, normal: int) -> DataArray:
    plane = short_table(analysis.cross_section(grid, axis, fraction), 4)
    plane.attrs["place"] = (
        "the interface plane" if axis == normal else f"through {fraction:.3f} of {'abc'[axis]}"
    )
    return plane


def _rolled(grid: Grid, axis: int, shift: int) -> Grid:
    """Move the origin by so many grid points."""
    atoms = grid.atoms.copy()
    atoms.translate(-shift / grid.values.shape[axis] * np.asarray(atoms.cell)[axis])
    atoms.wrap()
    return Grid(values=np.roll(grid.values, -shift, axis=axis), atoms=atoms,
                quantity=grid.quantity, source=grid.source)  # fmt: skip


def _richest(grid: Grid, axis: int) -> float:
    """Return the fraction along an axis of the plane through which most charge moved."""
    others = tuple({0, 1, 2} - {axis})
    strength = np.abs(grid.values).mean(axis=others)
    return float(np.argmax(strength)) / len(strength)


def _thinned(grid: Grid) -> np.ndarray[tuple[int, int, int], np.dtype[np.float32]]:
    """Average the field over blocks until a picture can hold it."""
    from scipy.ndimage import uniform_filter

    shape = np.array(grid.values.shape)
    spacing = grid.atoms.cell.lengths() / shape
    wanted = max(float(spacing.max()), float((np.prod(grid.atoms.cell.lengths()) / DRAWN_POINTS)
                                             ** (1 / 3)))  # fmt: skip
    counts = np.maximum(np.round(grid.atoms.cell.lengths() / wanted).astype(int), 4)
    counts = np.minimum(counts, shape)
    widths = np.maximum(np.round(shape / counts).astype(int), 1)
    smooth = uniform_filter(grid.values, size=tuple(widths), mode="wrap")
    picks = [np.round(np.arange(n) * m / n).astype(int) for n, m in zip(counts, shape, strict=True)]
    return few_digits(smooth[np.ix_(*picks)], 4).astype(np.float32)


def charge_checks(
    bench: Workbench, difference: ChargeDifference | None
) -> tuple[ConservationCheck, ...]:
    """∫Δρ against zero, and the electrons of every density against its NELECT."""
    if difference is None:
        return ()
    checks = [
        ConservationCheck(
            name="∫Δρ over the cell",
            found=difference.integral,
            expected=0.0,
            unit="electrons",
            tolerance=INTEGRAL_TOLERANCE,
            source=", ".join(difference.sources),
        )
    ]
    systems = (bench.systems["interface"], *bench.parts.values())
    names = ("interface", *bench.parts)
    for name, system, found in zip(names, systems, difference.n_electrons, strict=True):
        try:
            electrons = system.facts.n_electrons
        except QdstructError:
            continue
        all_electrons = outputs.density_electrons(_density(system).parent)
        electrons = electrons if all_electrons is None else all_electrons
        if electrons is None:
            continue
        checks.append(
            ConservationCheck(
                name=f"∫ρ of the {name} against "
                + ("NELECT" if all_electrons is None else "its electrons"),
                found=found,
                expected=electrons,
                unit="electrons",
                tolerance=max(INTEGRAL_TOLERANCE, 1e-5 * electrons),
                source=bench.label(_density(system)),
            )
        )
    return tuple(checks)
