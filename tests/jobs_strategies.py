"""Random structures for the job writer."""

from __future__ import annotations

import numpy as np
from ase import Atoms
from hypothesis import strategies as st

symbols = st.lists(st.sampled_from(["Cs", "Pb", "Br", "S"]), min_size=1, max_size=12)


@st.composite
def structures(draw: st.DrawFn) -> Atoms:
    chosen = draw(symbols)
    fraction = st.floats(-0.5, 1.5, allow_nan=False).map(lambda x: round(x, 9))
    fractions = [[draw(fraction) for _ in range(3)] for _ in chosen]
    skew = draw(st.floats(-3, 3).map(lambda x: round(x, 6)))
    cell = [[8.0, 0.0, 0.0], [skew, 9.0, 0.0], [0.0, skew, 20.0]]
    atoms = Atoms(chosen, scaled_positions=fractions, cell=cell, pbc=True)
    regions = [draw(st.sampled_from(["film", "substrate"])) for _ in chosen]
    atoms.set_array("region", np.array(regions))
    atoms.set_array("label", np.arange(len(atoms)))
    return atoms
