"""Every result type survives the round trip through JSON."""

from __future__ import annotations

import json

import numpy as np
import pytest
import xarray
from ase.build import bulk

from qdstruct import model
from qdstruct.model import ChargeDifference, CoincidenceMatch, Phase, Record, RunRecord


def make_phase() -> Phase:
    atoms = bulk("PbS", "rocksalt", a=5.9315, cubic=True)
    atoms.set_array("region", np.array(["film"] * len(atoms)))
    return Phase(
        name="PbS", formula="PbS", atoms=atoms, space_group_number=225,
        space_group_symbol="Fm-3m", setting="standard", formula_units=4, density=7.6,
        temperature=298.0, aliases=("galena",),
    )  # fmt: skip


def make_match() -> CoincidenceMatch:
    return CoincidenceMatch(
        film_hkl=(1, 0, 0), substrate_hkl=(0, 0, 1),
        film_plane_vectors=np.eye(2, 3), substrate_plane_vectors=np.eye(2, 3),
        film_transform=np.eye(2, dtype=np.int64), substrate_transform=np.eye(2, dtype=np.int64),
        area=1.0, strain=np.zeros((2, 2)), principal_strains=(0.01, -0.02), rotation=45.0,
        film_directions=np.eye(2, 3), substrate_directions=np.eye(2, 3),
        n_atoms_per_layer_pair=8,
    )  # fmt: skip


def make_difference() -> ChargeDifference:
    z = np.linspace(0, 1, 5)
    profile = xarray.DataArray(z - 0.5, dims="z", coords={"z": z}, attrs={"unit": "e/Å³"})
    return ChargeDifference(
        profile=profile, displaced=profile, transferred=0.1, interface_height=0.5, area=2.0,
        integral=0.0, n_electrons=(3.0, 2.0, 1.0), sources=("a", "b", "c"),
    )  # fmt: skip


def make_run() -> RunRecord:
    return RunRecord(
        state="done", engine="mock", attempts=1, host="h", pid=3, started="2026-01-01T00:00:00Z"
    )


@pytest.mark.parametrize("make", [make_phase, make_match, make_difference, make_run])
def test_round_trip(make) -> None:
    record = make()
    text = json.dumps(record.to_dict(), allow_nan=False)
    again = type(record).from_dict(json.loads(text))
    assert json.dumps(again.to_dict()) == text
    assert {type(value) for value in vars(again).values()} == {
        type(value) for value in vars(record).values()
    }


def test_arrays_keep_dtype_and_shape() -> None:
    again = CoincidenceMatch.from_dict(json.loads(json.dumps(make_match().to_dict())))
    assert again.film_transform.dtype == np.int64
    assert again.film_plane_vectors.shape == (2, 3)
    assert again.max_strain == 0.02


def test_atoms_keep_their_arrays() -> None:
    again = Phase.from_dict(make_phase().to_dict())
    assert list(again.atoms.arrays["region"]) == ["film"] * 8
    assert again.atoms.get_all_distances(mic=True) == pytest.approx(
        make_phase().atoms.get_all_distances(mic=True)
    )


def test_unknown_field_is_refused() -> None:
    with pytest.raises(KeyError, match="colour"):
        RunRecord.from_dict(make_run().to_dict() | {"colour": "red"})


def test_every_model_type_is_a_record() -> None:
    types = [getattr(model, name) for name in model.__all__]
    nouns = [t for t in types if isinstance(t, type)]
    assert nouns
    assert all(issubclass(noun, Record) for noun in nouns)
