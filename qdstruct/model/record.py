"""What every result type shares: a lossless round trip to plain JSON values."""

from __future__ import annotations

import dataclasses
import types
import typing
from enum import Enum
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np

if TYPE_CHECKING:
    from ase import Atoms

__all__ = ["Record", "atoms_from_dict", "atoms_to_dict"]


class Record:
    """Base of the frozen dataclasses that pass between rooms.

    Arrays become nested lists and come back with the dtype they had; atoms, labelled arrays and
    nested records are encoded by their own kind. No pickle, no code: the result is JSON.
    """

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as plain JSON values (dict, list, str, number, bool, None)."""
        fields = dataclasses.fields(self)  # type: ignore[arg-type]
        return {field.name: _encode(getattr(self, field.name)) for field in fields}

    def _repr_html_(self) -> str:
        """Return the record as a table for notebooks: field, value, meaning."""
        from qdstruct.model.display import record_table

        return record_table(self)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Self:
        """Rebuild the record from what `to_dict` returned; unknown keys are refused."""
        hints = _hints(cls)  # type: ignore[arg-type]
        unknown = sorted(set(data) - set(hints))
        if unknown:
            raise KeyError(f"{cls.__name__} has no field {', '.join(unknown)}")
        return cls(**{name: _decode(value, hints[name]) for name, value in data.items()})


@cache
def _hints(cls: type) -> dict[str, Any]:
    try:
        hints = typing.get_type_hints(cls)
    except NameError:  # a field names a type of ase or xarray: only then are they worth loading
        import ase
        import xarray

        names = {"Atoms": ase.Atoms, "DataArray": xarray.DataArray, "Dataset": xarray.Dataset}
        hints = typing.get_type_hints(cls, localns=names)
    return {f.name: hints[f.name] for f in dataclasses.fields(cls)}


def _encode(value: Any) -> Any:
    if isinstance(value, Record):
        return value.to_dict()
    if isinstance(value, np.ndarray):
        return {"dtype": value.dtype.str, "shape": list(value.shape), "data": _flat(value)}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, tuple | list | frozenset):
        return [_encode(item) for item in value]
    if isinstance(value, dict):
        return {str(key): _encode(item) for key, item in value.items()}
    if hasattr(value, "get_atomic_numbers"):
        return atoms_to_dict(value)
    if hasattr(value, "to_dataset") or hasattr(value, "data_vars"):
        return value.to_dict(data="list", encoding=False)
    return value


def _flat(array: np.ndarray[Any, Any]) -> list[Any]:
    if np.iscomplexobj(array):
        return [[float(z.real), float(z.imag)] for z in array.ravel()]
    if array.dtype == np.float32:  # the shortest text that gives the same number back
        return [float(str(x)) for x in array.ravel()]
    return array.ravel().tolist()


def _array(data: dict[str, Any]) -> np.ndarray[Any, Any]:
    dtype = np.dtype(data["dtype"])
    flat = data["data"]
    if dtype.kind == "c":
        flat = [complex(re, im) for re, im in flat]
    return np.asarray(flat, dtype=dtype).reshape(data["shape"])


def _decode(value: Any, hint: Any) -> Any:
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if value is None or hint is Any:
        return value
    if origin in (typing.Union, types.UnionType):
        return _decode_union(value, arguments)
    if origin is np.ndarray or hint is np.ndarray:
        return _array(value)
    if origin in (tuple, frozenset, list):
        return _decode_sequence(value, origin, arguments)
    if origin is dict:
        return {key: _decode(item, arguments[1]) for key, item in value.items()}
    if isinstance(hint, type):
        return _decode_class(value, hint)
    return value


def _decode_union(value: Any, arguments: tuple[Any, ...]) -> Any:
    for choice in arguments:
        if choice is type(None):
            continue
        plain = typing.get_origin(choice) or choice
        if plain in (str, int, float, bool):
            if isinstance(value, plain):
                return value
            continue
        return _decode(value, choice)
    return value


def _decode_sequence(value: list[Any], origin: Any, arguments: tuple[Any, ...]) -> Any:
    if origin is tuple and len(arguments) != 2:
        return tuple(_decode(item, hint) for item, hint in zip(value, arguments, strict=True))
    if origin is tuple and arguments[1] is not Ellipsis:
        return tuple(_decode(item, hint) for item, hint in zip(value, arguments, strict=True))
    return origin(_decode(item, arguments[0]) for item in value)


def _decode_class(value: Any, hint: type) -> Any:
    if issubclass(hint, Record):
        return hint.from_dict(value)
    if issubclass(hint, Enum | Path):
        return hint(value)
    if hint.__name__ == "Atoms":
        return atoms_from_dict(value)
    if hint.__name__ in ("DataArray", "Dataset"):
        return hint.from_dict(value)  # type: ignore[attr-defined]
    if hint is float and isinstance(value, int):
        return float(value)
    return value


def atoms_to_dict(atoms: Atoms) -> dict[str, Any]:
    """Return cell, periodicity and every per-atom array of `atoms` as plain JSON values."""
    return {
        "cell": np.asarray(atoms.cell).tolist(),
        "pbc": [bool(flag) for flag in atoms.pbc],
        "arrays": {name: _encode(array) for name, array in atoms.arrays.items()},
    }


def atoms_from_dict(data: dict[str, Any]) -> Atoms:
    """Rebuild what `atoms_to_dict` returned (no calculator, no constraints)."""
    from ase import Atoms

    arrays = {name: _array(array) for name, array in data["arrays"].items()}
    atoms = Atoms(
        numbers=arrays.pop("numbers"),
        positions=arrays.pop("positions"),
        cell=data["cell"],
        pbc=data["pbc"],
    )
    for name, array in arrays.items():
        atoms.set_array(name, array)
    return atoms
