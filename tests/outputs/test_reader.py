"""Numbers are read to the last bit in every format, wherever a chunk ends."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qdstruct.errors import OutputError
from qdstruct.outputs import reader as reader_module
from qdstruct.outputs.reader import TextReader, fortran_float
from qdstruct.outputs.streams import open_output

FORMATS = ("%.11E", "%.12E", "%.4f", "%.17g", "%g", "%.7E", "%.0f", "%.11e", "%.25E", "%+.11E")


def read(path: Path, text: str, count: int) -> np.ndarray:
    path.write_text(text)
    out = np.empty(count)
    with open_output(path) as stream:
        TextReader(stream).read_numbers(out, "values")
    return out


@settings(max_examples=200, deadline=None)
@given(
    values=st.lists(
        st.tuples(
            st.floats(allow_nan=False, allow_infinity=False, min_value=-1e200, max_value=1e200),
            st.sampled_from(FORMATS),
        ),
        min_size=1,
        max_size=60,
    ),
    spaces=st.sampled_from([" ", "\n", "  ", " \r\n ", "\t"]),
    chunk=st.sampled_from([7, 19, 64, 1 << 18]),
)
def test_every_printed_number_becomes_the_nearest_double(
    tmp_path_factory: pytest.TempPathFactory,
    values: list[tuple[float, str]],
    spaces: str,
    chunk: int,
) -> None:
    words = [pattern % value for value, pattern in values]
    path = tmp_path_factory.mktemp("numbers") / "numbers"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reader_module, "CHUNK", chunk)
        found = read(path, spaces + spaces.join(words) + "\n", len(words))
    expected = np.array([float(word) for word in words])
    assert found.tobytes() == expected.tobytes()


@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("1.5D+02", 150.0), ("-1.5d-2", -0.015), ("0.1-100", 1e-101), ("-0.12345678901-100",
         -0.12345678901e-100), ("0.5+003", 500.0), (".5", 0.5), ("5.", 5.0), ("-0.0", -0.0),
        ("7", 7.0), ("0.00000000000E+00", 0.0), ("9.99999999999E-99", 9.99999999999e-99),
    ],
)  # fmt: skip
def test_fortran_spellings(tmp_path: Path, word: str, value: float) -> None:
    found = read(tmp_path / "x", f" 1.0 {word}\n", 2)
    assert found[1] == value
    assert np.signbit(found[1]) == np.signbit(value)
    assert fortran_float(word) == value


@pytest.mark.parametrize(
    "word",
    ["****", "NaN", "-inf", "Infinity", "1.0E", "1.0E+", "1.0Ex", "--1", "1-", "0x10", "1_0", "-",
     ".", "E+02", "1.0E+02-0.5E+01", "1,5", "0.12345678901F+02", "0.1234567890:E+02",
     "0.12345678901E/02", "0.12345678901E+0x", "1e999"],
)  # fmt: skip
def test_what_is_no_number_is_named_with_line_and_byte(tmp_path: Path, word: str) -> None:
    with pytest.raises(OutputError, match="line 2" if word != "1e999" else "line 3"):
        read(tmp_path / "x", f" 1.0 2.0\n 3.0 {word}\n 5.0\n", 5)


def test_lines_and_numbers_alternate(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_text("title\n 1 2 3\n\nnext line\n 4 5")
    out = np.empty(3)
    with open_output(path) as stream:
        reader = TextReader(stream)
        assert reader.readline() == "title"
        reader.read_numbers(out, "values")
        assert out.tolist() == [1.0, 2.0, 3.0]
        assert reader.readline() == ""
        assert reader.readline() == ""
        assert reader.readline() == "next line"
        assert (reader.line, reader.byte) == (5, 24)
        with pytest.raises(OutputError, match="ends after 1 of 2 values"):
            reader.read_numbers(out[:2], "values")
