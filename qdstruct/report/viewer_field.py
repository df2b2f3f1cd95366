"""A charge difference packed for the 3D view."""

from __future__ import annotations

import base64
from typing import Any

import numpy as np

from qdstruct.model import ChargeField
from qdstruct.report.charge_figures import GAIN, LOSS

__all__ = ["field_data"]

STEPS = 32
"""Steps of the packed values between zero and the level of the surfaces."""


def field_data(field: ChargeField) -> dict[str, Any]:
    """Return grid, place and values of a field for ``viewer.js``.

    Values are counted in 1/`STEPS` of the level of the surfaces, one byte each; planes at both
    ends of the two periodic directions make the surfaces of neighbouring cells meet.
    """
    steps = np.asarray(field.atoms.cell) / np.array(field.values.shape)[:, None]
    closed = np.pad(field.values, ((0, 1), (0, 1), (0, 0)), mode="wrap")
    counts = np.clip(np.round(closed / field.level * STEPS), -127, 127).astype(np.int8)
    return {
        "size": list(counts.shape),
        "steps": steps.round(5).tolist(),
        "origin": [round(x, 4) for x in field.origin],
        "level": STEPS,
        "values": base64.b64encode(counts.tobytes()).decode("ascii"),
        "colours": {"gain": GAIN, "loss": LOSS},
    }
