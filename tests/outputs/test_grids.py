"""Grid files: equal to pymatgen to the last digit, in every dress VASP gives them."""

from __future__ import annotations

import bz2
import gzip
import lzma
import warnings
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from vasp_factories import grid_text, poscar_head, rock_salt_pair, write_density

from qdstruct.errors import InputError, OutputError
from qdstruct.outputs import check_grid_file, planar_average, read_averaged_grid, read_grid

SHAPE = (6, 5, 7)


def random_values(seed: int = 0, shape: tuple[int, int, int] = SHAPE) -> np.ndarray:
    generator = np.random.default_rng(seed)
    return generator.normal(size=shape) * 10.0 ** generator.integers(-30, 5, size=shape)


def peer_total(path: Path, key: str = "total") -> np.ndarray:
    from pymatgen.io.vasp.outputs import Chgcar

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return Chgcar.from_file(str(path)).data[key]


@pytest.mark.parametrize("augmentation", [0, 1, 33])
def test_density_equals_pymatgen_to_the_last_digit(tmp_path: Path, augmentation: int) -> None:
    path = tmp_path / "CHGCAR"
    atoms = rock_salt_pair()
    path.write_text(grid_text(atoms, [random_values()], augmentation=augmentation))
    grid = read_grid(path)
    assert np.array_equal(grid.values, peer_total(path) / grid.atoms.cell.volume)
    assert grid.atoms.get_chemical_symbols() == ["Pb", "Pb", "S", "S"]
    assert np.allclose(grid.atoms.get_scaled_positions(), atoms.get_scaled_positions())
    assert grid.quantity == "charge density"


@pytest.mark.parametrize(
    ("suffix", "pack"), [(".gz", gzip.compress), (".xz", lzma.compress), (".bz2", bz2.compress)]
)
def test_compressed_files_hold_the_same_numbers(tmp_path: Path, suffix: str, pack) -> None:
    text = grid_text(rock_salt_pair(), [random_values()], augmentation=12)
    (tmp_path / "CHGCAR").write_text(text)
    packed = tmp_path / f"CHGCAR{suffix}"
    packed.write_bytes(pack(text.encode()))
    assert np.array_equal(read_grid(packed).values, read_grid(tmp_path / "CHGCAR").values)


def test_spin_and_noncollinear_components_equal_pymatgen(tmp_path: Path) -> None:
    path = tmp_path / "CHGCAR"
    grids = [random_values(i) for i in range(4)]
    path.write_text(grid_text(rock_salt_pair(), grids[:2], augmentation=8))
    volume = rock_salt_pair().cell.volume
    ours = read_grid(path, component="magnetization").values
    assert np.array_equal(ours, peer_total(path, "diff") / volume)
    path.write_text(grid_text(rock_salt_pair(), grids, augmentation=8, moments=False))
    ours = read_grid(path, component="magnetization_z").values
    assert np.array_equal(ours, peer_total(path, "diff_z") / volume)
    assert check_grid_file(path)[1:] == (SHAPE, 4)


def test_potential_is_not_divided_by_the_volume(tmp_path: Path) -> None:
    path = tmp_path / "LOCPOT"
    values = random_values(3)
    path.write_text(grid_text(rock_salt_pair(), [values]))
    grid = read_grid(path)
    assert grid.quantity == "potential"
    assert np.array_equal(grid.values, peer_total(path))


@pytest.mark.parametrize("suffix", ["/a60ddf36e", "_d/a60ddf36e", "/"])
def test_the_species_suffixes_of_vasp_642_are_understood(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / "CHGCAR"
    path.write_text(grid_text(rock_salt_pair(), [random_values()], suffix=suffix))
    assert read_grid(path).atoms.get_chemical_formula() == "Pb2S2"


def test_windows_line_ends_change_nothing(tmp_path: Path) -> None:
    text = grid_text(rock_salt_pair(), [random_values()], augmentation=7)
    (tmp_path / "CHGCAR").write_text(text)
    (tmp_path / "CHGCAR_dos").write_bytes(text.replace("\n", "\r\n").encode())
    ours = read_grid(tmp_path / "CHGCAR_dos").values
    assert np.array_equal(ours, read_grid(tmp_path / "CHGCAR").values)


def test_an_exponent_without_its_letter_is_read_for_what_it_is(tmp_path: Path) -> None:
    path = tmp_path / "LOCPOT"
    values = np.ones((2, 2, 2))
    text = grid_text(rock_salt_pair(), [values])
    path.write_text(text.replace("1.00000000000E+00", "0.1-100", 1))
    assert read_grid(path).values[0, 0, 0] == 1e-101


def test_cell_scale_and_cartesian_heads(tmp_path: Path) -> None:
    atoms = rock_salt_pair()
    lines = poscar_head(atoms).splitlines()
    volume = f"  {-atoms.cell.volume:.10f}"
    halves = [" ".join(str(x / 2) for x in row) for row in np.asarray(atoms.cell)]
    path = tmp_path / "LOCPOT"
    body = "\n\n 1 1 2\n 0.1 0.2\n"
    path.write_text("\n".join([lines[0], volume, *halves, *lines[5:]]) + body)
    assert np.allclose(read_grid(path).atoms.cell, atoms.cell)
    cartesian = [" ".join(str(x / 2) for x in row) for row in atoms.positions]
    head = [lines[0], "2.0", *halves, *lines[5:7], "Selective dynamics", "Cartesian"]
    path.write_text("\n".join(head + [c + " T T F" for c in cartesian]) + body)
    grid = read_grid(path)
    assert np.allclose(grid.atoms.positions, atoms.positions)
    assert grid.values.ravel().tolist() == [0.1, 0.2]


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_planar_average_is_the_mean_of_the_planes(tmp_path: Path, axis: int) -> None:
    path = tmp_path / "CHGCAR"
    path.write_text(grid_text(rock_salt_pair(), [random_values()], augmentation=5))
    values = read_grid(path).values
    others = tuple({0, 1, 2} - {axis})
    profile = planar_average(path, axis)
    assert np.allclose(profile.values, values.mean(axis=others), rtol=1e-12)
    assert profile.attrs["unit"] == "electrons/Å³"
    assert profile.z.values[1] == pytest.approx([4.2, 4.2, 12.0][axis] / SHAPE[axis])


def test_the_height_of_a_tilted_cell_is_measured_along_the_normal(tmp_path: Path) -> None:
    atoms = rock_salt_pair()
    atoms.set_cell([[4, 0, 0], [1, 4, 0], [2, 1, 10]], scale_atoms=True)
    write_density(tmp_path / "CHGCAR", atoms, np.ones((2, 2, 4)))
    profile = planar_average(tmp_path / "CHGCAR")
    assert profile.attrs["height"] == pytest.approx(10.0)
    assert np.allclose(profile.values, 1.0)


@settings(max_examples=40, deadline=None)
@given(
    shape=st.tuples(*[st.integers(1, 5)] * 3),
    data=st.data(),
)
def test_any_grid_survives_being_printed_and_read(
    tmp_path_factory: pytest.TempPathFactory, shape: tuple[int, int, int], data: st.DataObject
) -> None:
    count = int(np.prod(shape))
    numbers = st.floats(-1e90, 1e90).filter(lambda x: x == 0 or abs(x) > 1e-90)
    values = data.draw(st.lists(numbers, min_size=count, max_size=count))
    printed = [float(f"{v:.11E}") for v in values]
    path = tmp_path_factory.mktemp("grid") / "LOCPOT"
    field = np.array(values).reshape(shape, order="F")
    path.write_text(grid_text(rock_salt_pair(), [field]))
    assert read_grid(path).values.ravel(order="F").tolist() == printed


def test_a_name_that_says_nothing_needs_the_quantity(tmp_path: Path) -> None:
    path = tmp_path / "density.dat"
    path.write_text(grid_text(rock_salt_pair(), [np.ones((2, 2, 2))]))
    with pytest.raises(InputError, match="cannot tell"):
        read_grid(path)
    assert read_grid(path, quantity="potential").values.mean() == 1.0
    with pytest.raises(InputError, match="no component 'magnetization'"):
        read_grid(path, quantity="potential", component="magnetization")
    with pytest.raises(InputError, match="no component 'spin'"):
        read_grid(path, quantity="potential", component="spin")


def breakages() -> dict[str, bytes]:
    """A whole CHGCAR damaged in every way files get damaged; each must be refused."""
    atoms = rock_salt_pair()
    text = grid_text(atoms, [random_values(), random_values(1)], augmentation=9)
    numbers = text.split("\n")
    first = next(i for i, line in enumerate(numbers) if "E+" in line)
    stars = [*numbers]
    stars[first + 3] = " " + " ".join(["*" * 17] * 5)
    nan = text.replace(numbers[first + 2].split()[1], "NaN", 1)
    glued = text.replace(numbers[first + 2], numbers[first + 2].replace(" ", ""), 1)
    last_line = text.rstrip("\n").rfind("\n")
    return {
        "empty": b"",
        "one line": b"just one line\n",
        "binary": bytes(range(256)) * 40,
        "stars": "\n".join(stars).encode(),
        "not a number": nan.encode(),
        "numbers run together": glued.encode(),
        "too many atoms announced": text.replace("     2     2\n", "     2     3\n", 1).encode(),
        "too few atoms announced": text.replace("     2     2\n", "     2     1\n", 1).encode(),
        "unknown species": text.replace("Pb   S", "Pb   Xq", 1).encode(),
        "species missing": text.replace("   Pb   S\n", "   Pb\n", 1).encode(),
        "wrong grid": text.replace("    6    5    7\n", "    6    5    8\n", 1).encode(),
        "smaller grid": text.replace("    6    5    7\n", "    6    5    6\n", 1).encode(),
        "second grid differs": b"    7    6    5\n".join(
            text.encode().rsplit(b"    6    5    7\n", 1)
        ),
        "flat cell": text.replace("   12.000000", "    0.000000", 1).encode(),
        "zero scale": text.replace("   1.00000000000000", "   0.00000000000000", 1).encode(),
        "text between": text.replace("augmentation occupancies   2", "Killed 2", 1).encode(),
        "cut in the last number": text[:-4].encode(),
        "cut before the last line": text[: last_line - 30].encode(),
        "gzip cut": gzip.compress(text.encode())[:-40],
        "gzip damaged": gzip.compress(text.encode())[:200] + b"\0" * 50,
        "xz cut": lzma.compress(text.encode())[:-60],
    }


@pytest.mark.parametrize("name", sorted(breakages()))
def test_a_damaged_file_is_named_with_its_place(tmp_path: Path, name: str) -> None:
    path = tmp_path / "CHGCAR"
    path.write_bytes(breakages()[name])
    with pytest.raises(OutputError, match=r"CHGCAR") as caught:
        check_grid_file(path)
    assert any(word in caught.value.message for word in ("line", "byte", "empty"))


def test_cut_anywhere_a_file_is_refused(tmp_path: Path) -> None:
    text = grid_text(rock_salt_pair(), [random_values(shape=(3, 2, 2))]).encode()
    path = tmp_path / "CHGCAR"
    for length in range(len(text) - 1):
        path.write_bytes(text[:length])
        with pytest.raises(OutputError, match="CHGCAR"):
            read_grid(path)
    path.write_bytes(text)
    assert read_grid(path).values.shape == (3, 2, 2)


def test_stars_are_named_with_line_and_word(tmp_path: Path) -> None:
    path = tmp_path / "CHGCAR"
    path.write_bytes(breakages()["stars"])
    with pytest.raises(OutputError, match=r"line 19 \(byte \d+\): '\*{17}' is not a number"):
        read_grid(path)


def test_directories_and_missing_files_are_told_apart(tmp_path: Path) -> None:
    (tmp_path / "CHGCAR").mkdir()
    with pytest.raises(OutputError, match="is a directory"):
        read_grid(tmp_path / "CHGCAR")
    with pytest.raises(OutputError, match="does not exist"):
        read_grid(tmp_path / "LOCPOT")


def test_the_average_keeps_structure_shape_and_charge(tmp_path: Path) -> None:
    path = tmp_path / "CHGCAR"
    path.write_text(grid_text(rock_salt_pair(), [random_values()], augmentation=5))
    whole, averaged = read_grid(path), read_averaged_grid(path)
    assert averaged.integral == pytest.approx(whole.integral, rel=1e-12)
    assert averaged.shape == SHAPE
    assert averaged.atoms.get_chemical_formula() == "Pb2S2"
