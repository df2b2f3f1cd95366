"""Labels of diffraction plates."""

from __future__ import annotations

import numpy as np
import pytest

from qdstruct.model.patterns import DiffractionRing
from qdstruct.report.plate_figure import plate_figure, ring_labels
from qdstruct.simulation import diffraction_plate

CUBIC = [(1, 0, 0), (1, 1, 0), (1, 1, 1), (2, 0, 0), (2, 1, 0), (2, 1, 1), (2, 2, 0), (3, 0, 0)]
RINGS = [
    DiffractionRing(
        g=float(np.linalg.norm(hkl)) / 5.87, hkl=(hkl,), multiplicity=6, intensity=100.0 - i
    )
    for i, hkl in enumerate(CUBIC)
]


def test_every_label_is_drawn_on_its_own_ring_and_over_no_other_label():
    plate = diffraction_plate(name="rings", rings=RINGS, size_nm=16.0, max_g=0.6)
    figure = plate_figure(plate, ring_labels(RINGS), on_place=True)
    figure.canvas.draw()
    axes = figure.axes[0]
    boxes = [text.get_window_extent() for text in axes.texts]
    to_data = axes.transData.inverted()
    for box, ring in zip(boxes, RINGS, strict=True):
        centre = to_data.transform(((box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2))
        assert np.hypot(*centre) == pytest.approx(ring.g, abs=0.004)
    assert not any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[:i])
