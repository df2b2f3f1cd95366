"""Pictures and pages of structures: hidden surfaces, formats, thinning, what is shown."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from PIL import Image

from qdstruct.errors import DestinationError
from qdstruct.model import Problem
from qdstruct.report.spheres import draw_spheres
from qdstruct.report.structure_figure import structure_figure, write_structure_figure
from qdstruct.report.structure_page import write_structure_page
from qdstruct.report.viewer import MOST_SHOWN, shown_atoms

WINDOW = (-5.0, 5.0, -5.0, 5.0)
RED, BLUE = [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]


def test_a_sphere_covers_its_circle() -> None:
    raster = draw_spheres(np.zeros((1, 3)), np.array([3.0]), np.array([RED]), WINDOW, 800)
    assert raster.image.shape == (400, 400, 4)
    covered = raster.image[..., 3].sum() / raster.scale**2
    assert covered == pytest.approx(np.pi * 9, rel=0.01)
    assert raster.depth.max() == pytest.approx(3.0, abs=0.01)
    there = raster.depth_at(np.array([[0.0, 0.0], [1.8, -1.8], [4.0, 4.0], [99.0, 0.0]]))
    assert there[:2] == pytest.approx([3.0, np.sqrt(9 - 2 * 1.8**2)], abs=0.05)
    assert np.isneginf(there[2:]).all()


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_the_nearer_sphere_hides_the_other(order) -> None:
    points = np.array([[0.0, 1.5, 2.0], [0.0, 0.0, -2.0]])[list(order)]
    colours = np.array([RED, BLUE])[list(order)]
    raster = draw_spheres(points, np.array([2.0, 2.0]), colours, WINDOW, 400)

    def pixel(x: float, y: float) -> np.ndarray:
        return raster.image[int((5 - y) * raster.scale), int((x + 5) * raster.scale)]

    overlap, below = pixel(0.0, 0.5), pixel(0.0, -1.0)
    assert overlap[0] > overlap[2]
    assert below[2] > below[0]
    assert pixel(0.0, 4.5)[3] == 0


def slab() -> Atoms:
    atoms = bulk("PbS", "rocksalt", a=5.93, cubic=True).repeat((1, 1, 2))
    atoms.cell[2, 2] += 12
    film = atoms.positions[:, 2] > 5.9
    atoms.set_array("region", np.where(film, "film", "substrate"))
    return atoms


def test_formats(tmp_path: Path) -> None:
    figure = structure_figure(slab(), title="galena", labels={"film": "PbS\n(100)"},
                              caption="seen along [010]")  # fmt: skip
    for suffix, start in ((".png", b"\x89PNG"), (".pdf", b"%PDF"), (".svg", b"<?xml")):
        path = tmp_path / f"a{suffix}"
        write_structure_figure(figure, path)
        assert path.read_bytes().startswith(start)
    assert (tmp_path / "a.png").stat().st_size < 120_000
    texts = {text.get_text() for part in [figure, *figure.axes] for text in part.texts}
    assert {"seen along [010]", "PbS\n(100)", "substrate", "5 Å"} <= texts
    with pytest.raises(DestinationError, match="picture format"):
        write_structure_figure(figure, tmp_path / "a.bmp")
    with pytest.raises(DestinationError, match="exists"):
        write_structure_figure(figure, tmp_path / "a.png", force=False)


@pytest.mark.parametrize("colour", ["element", "region"])
def test_colours_are_those_of_the_legend(tmp_path: Path, colour) -> None:
    figure = structure_figure(slab(), colour=colour)
    names = {text.get_text() for text in figure.axes[0].get_legend().get_texts()}
    assert names == ({"Pb", "S"} if colour == "element" else {"film", "substrate"})
    write_structure_figure(figure, tmp_path / "a.png")
    pixels = np.asarray(Image.open(io.BytesIO((tmp_path / "a.png").read_bytes())).convert("RGB"))
    yellow = (pixels[..., 0] > 180) & (pixels[..., 1] > 180) & (pixels[..., 2] < 90)
    assert (yellow.sum() > 300) == (colour == "element")


def test_the_scale_bar_is_as_long_as_it_says() -> None:
    figure = structure_figure(slab())
    axes = figure.axes[0]
    bar = max((line for line in axes.lines if len(line.get_xdata()) == 2
               and line.get_ydata()[0] == line.get_ydata()[1]),
              key=lambda line: line.get_linewidth())  # fmt: skip
    assert np.ptp(bar.get_xdata()) == pytest.approx(5.0)


def test_large_particles_show_their_surface() -> None:
    small = bulk("PbS", "rocksalt", a=5.93, cubic=True).repeat(3)
    assert (shown_atoms(small)[0] == np.arange(len(small))).all()
    block = bulk("PbS", "rocksalt", a=5.93, cubic=True).repeat(15)
    block.pbc = False
    assert len(block) > MOST_SHOWN
    shown, share = shown_atoms(block)
    assert 0 < share <= 1
    assert (share < 1) == (len(shown) == MOST_SHOWN)
    assert len(shown) <= MOST_SHOWN
    low, high = block.positions.min(axis=0), block.positions.max(axis=0)
    inward = np.minimum(block.positions - low, high - block.positions).min(axis=1)
    assert inward[shown].max() < 8.0
    assert inward[np.setdiff1d(np.arange(len(block)), shown)].min() > 0


def test_page_of_a_structure(tmp_path: Path) -> None:
    atoms = slab()
    path = tmp_path / "a.html"
    problem = Problem(kind="clash", message="two <ions> meet")
    write_structure_page(atoms, path, title="PbS & more", problems=[problem],
                         facts={"gap": "2.5"}, source="a.vasp", colour="region")  # fmt: skip
    text = path.read_text(encoding="utf-8")
    assert "PbS &amp; more" in text
    assert "two &lt;ions&gt; meet" in text
    assert 'id="repeat"' in text
    assert not re.search(r'<(script|img|link)[^>]+(src|href)="http', text)
    block = re.search(r'id="structure">(.*?)</script>', text, re.S)
    assert block is not None
    data = json.loads(block.group(1))
    assert len(data["atoms"]) == len(atoms)
    assert data["start"] == "region"
    with pytest.raises(DestinationError, match="exists"):
        write_structure_page(atoms, path, title="again", force=False)


def test_page_of_a_particle_without_regions(tmp_path: Path) -> None:
    block = bulk("PbS", "rocksalt", a=5.93, cubic=True).repeat(15)
    block.pbc, block.cell = False, None
    write_structure_page(block, tmp_path / "a.html", title="large")
    text = (tmp_path / "a.html").read_text(encoding="utf-8")
    assert f"of the {len(block):,} atoms are shown" in text
    assert 'id="repeat"' not in text.split("<script", 1)[0]
