"""Reading .dm3: files written here, tag by tag, from the published description of the format."""

from __future__ import annotations

import struct

import numpy as np
import pytest

from qdstruct.errors import InputError
from qdstruct.simulation.micrographs import read_image

LONG, FLOAT = 3, 6
"""Codes of the encoded types."""


def number(label, code, value):
    packed = struct.pack({LONG: "<i", FLOAT: "<f"}[code], value)
    return _tag(label, struct.pack(">ii", 1, code) + packed)


def text(label, value):
    words = value.encode("utf-16-le")
    return _tag(label, struct.pack(">iiii", 3, 20, 4, len(value)) + words)


def array(label, values):
    return _tag(label, struct.pack(">iiii", 3, 20, FLOAT, values.size) + values.tobytes())


def group(label, *tags):
    name = label.encode()
    return b"\x14" + struct.pack(">H", len(name)) + name + _contents(tags)


def _tag(label, body):
    name = label.encode()
    return b"\x15" + struct.pack(">H", len(name)) + name + b"%%%%" + body


def _contents(tags):
    return b"\x00\x00" + struct.pack(">i", len(tags)) + b"".join(tags)


def write_dm3(path, values, scales, units):
    """Write one image; scales and units of the axes x, y."""
    axes = [
        group("", number("Origin", FLOAT, 0.0), number("Scale", FLOAT, scale), text("Units", unit))
        for scale, unit in zip(scales, units, strict=True)
    ]
    image = group(
        "",
        group(
            "ImageData",
            group("Calibrations", group("Dimension", *axes)),
            array("Data", np.ascontiguousarray(values, dtype="<f4")),
            number("DataType", LONG, 2),
            group(
                "Dimensions", number("", LONG, values.shape[1]), number("", LONG, values.shape[0])
            ),
            number("PixelDepth", LONG, 4),
        ),
    )
    body = _contents([group("ImageList", image)])
    path.write_bytes(struct.pack(">iii", 3, len(body), 1) + body + b"\x00" * 8)


@pytest.fixture
def values():
    return np.random.default_rng(1).normal(size=(24, 32))


def test_values_and_scale_come_from_the_file(tmp_path, values):
    pytest.importorskip("ncempy")
    write_dm3(tmp_path / "a.dm3", values, (0.021, 0.025), ("nm", "nm"))
    image = read_image(tmp_path / "a.dm3", None)
    assert image.pixel_size == pytest.approx((0.25, 0.21), rel=1e-6)
    assert image.image.to_numpy()[::-1] == pytest.approx(values, abs=1e-6)


def test_a_scale_that_is_given_wins(tmp_path, values):
    pytest.importorskip("ncempy")
    write_dm3(tmp_path / "a.dm3", values, (0.021, 0.021), ("nm", "nm"))
    assert read_image(tmp_path / "a.dm3", 0.3).pixel_size == pytest.approx((0.3, 0.3))


def test_a_diffraction_pattern_is_no_image_with_a_scale(tmp_path, values):
    pytest.importorskip("ncempy")
    write_dm3(tmp_path / "a.dm3", values, (0.05, 0.05), ("1/nm", "1/nm"))
    with pytest.raises(InputError, match="no scale in real space"):
        read_image(tmp_path / "a.dm3", None)


def test_a_broken_file_is_refused(tmp_path):
    pytest.importorskip("ncempy")
    (tmp_path / "a.dm4").write_bytes(b"not at all")
    with pytest.raises(InputError, match="DigitalMicrograph"):
        read_image(tmp_path / "a.dm4", None)


def test_the_reader_is_asked_for_where_it_is_missing(tmp_path, monkeypatch):
    (tmp_path / "a.dm3").write_bytes(b"")
    monkeypatch.setattr("qdstruct.simulation.micrographs.find_spec", lambda name: None)
    with pytest.raises(InputError, match="ncempy"):
        read_image(tmp_path / "a.dm3", None)
