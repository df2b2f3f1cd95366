"""Charge differences in cells that lean, or whose normal is not the third vector."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from ase import Atoms
from xarray import DataArray

from qdstruct.model import CalculatedResults, ChargeField
from qdstruct.report import charge_figures
from qdstruct.report.tables import calculated_tables

SHAPE = (10, 12, 40)


def field_in(cell: np.ndarray, axis: int = 2) -> ChargeField:
    """Gain around one atom, loss around the other, cells of the grid as of the third vector."""
    atoms = Atoms("PbS", scaled_positions=[[0.3, 0.4, 0.3], [0.6, 0.5, 0.6]], cell=cell, pbc=True)
    grid = np.stack(np.meshgrid(*(np.arange(n) / n for n in SHAPE), indexing="ij"), axis=-1)
    values = np.zeros(SHAPE)
    for sign, place in zip((1, -1), atoms.get_scaled_positions(), strict=True):
        apart = (grid - place + 0.5) % 1 - 0.5
        values += sign * np.exp(-(((apart @ cell) / 1.2) ** 2).sum(axis=-1))
    section = DataArray(
        values[0], dims=("u", "v"),
        coords={"u": np.arange(12) / 12 * 6.0, "v": np.arange(40) / 40 * np.linalg.norm(cell[2])},
        attrs={"axis": 0, "fraction": 0.0},
    )  # fmt: skip
    return ChargeField(values=values.astype(np.float32), atoms=atoms, level=0.3, axis=axis,
                       origin=tuple(-0.25 * cell[2]), sections=(section,))  # fmt: skip


UPRIGHT = np.diag([5.0, 6.0, 20.0])
LEANING = np.array([[5.0, 0, 0], [1.0, 6.0, 0], [6.0, 8.0, 20.0]])


def test_the_picture_does_not_care_which_vector_is_the_normal() -> None:
    field = field_in(LEANING)
    turned = field.atoms.copy()
    turned.set_cell(np.roll(LEANING, 1, axis=0))
    turned.set_scaled_positions(np.roll(field.atoms.get_scaled_positions(), 1, axis=1))
    turned.rotate(40, (1, 2, 3), rotate_cell=True)
    other = replace(field, atoms=turned, values=field.values.transpose(2, 0, 1), axis=0)
    one, two = (charge_figures.isosurface_figure(each) for each in (field, other))
    images = [figure.axes[0].images[0] for figure in (one, two)]
    assert images[0].get_extent() == pytest.approx(images[1].get_extent())
    first, second = (np.asarray(image.get_array()) for image in images)
    assert (np.abs(first - second).max(axis=-1) > 0.05).mean() < 0.005


def test_a_leaning_cell_is_drawn_whole() -> None:
    """Both balls are in the picture, one orange and one blue, as large as in an upright cell."""
    seen = []
    for cell in (UPRIGHT, LEANING):
        image = charge_figures.isosurface_figure(field_in(cell)).axes[0].images[0]
        left, right, bottom, top = image.get_extent()
        colours = np.asarray(image.get_array())[..., :3].astype(float)
        area = (right - left) * (top - bottom) / colours[..., 0].size
        orange = colours[..., 0] > 1.3 * colours[..., 2]
        blue = colours[..., 2] > 1.3 * colours[..., 0]
        seen.append((orange.sum() * area, blue.sum() * area))
    assert seen[1] == pytest.approx(seen[0], rel=0.15)


def test_heights_of_a_leaning_cell_are_along_the_normal() -> None:
    field = field_in(LEANING)
    assert field.height == pytest.approx(20.0)
    assert charge_figures.origin_along_normal(field) == pytest.approx(-5.0)
    axes = charge_figures.sections_figure(field).axes[0]
    up = float(np.linalg.norm(np.cross(LEANING[1], LEANING[2])) / np.linalg.norm(LEANING[1]))
    assert axes.get_ylabel() == f"Å across b; height z = {20 / up:.3f} of it"
    assert axes.collections[0].get_datalim(axes.transData).y0 == pytest.approx(-5.0 * up / 20)
    low, high = axes.get_ylim()
    assert (low * 20 / up, high * 20 / up) == pytest.approx((-5 + 6 - 3, -5 + 12 + 3))
    assert charge_figures.sections_figure(field_in(UPRIGHT)).axes[0].get_ylabel() == "height z (Å)"
    heading, rows = calculated_tables(CalculatedResults(charge_field=field))["charge_sections"]
    first = dict(zip(heading, next(iter(rows)), strict=True))
    assert first["v along"] == "c"
    assert first["v (A)"] == pytest.approx(-0.25 * np.linalg.norm(LEANING[2]))
