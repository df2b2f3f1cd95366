"""Constants against scipy's CODATA tables, wavelengths against xraylib's data in xraydb."""

from __future__ import annotations

import pytest
from scipy import constants

from qdstruct import units


def relative(ours: float, theirs: float) -> float:
    return abs(ours / theirs - 1)


def test_constants() -> None:
    ev, angstrom = constants.e, constants.angstrom
    assert relative(units.HARTREE, constants.value("Hartree energy in eV")) < 1e-8
    assert relative(units.BOHR, constants.value("Bohr radius") / angstrom) < 1e-8
    assert (
        relative(
            units.COULOMB, constants.e**2 / (4 * constants.pi * constants.epsilon_0) / ev / angstrom
        )
        < 1e-8
    )
    assert relative(units.BOLTZMANN, constants.k / ev) < 1e-8
    assert relative(units.HC, constants.h * constants.c / ev / angstrom) < 1e-8
    assert (
        relative(units.HBAR2_OVER_2M, constants.hbar**2 / (2 * constants.m_e) / ev / angstrom**2)
        < 1e-8
    )
    assert relative(units.DALTON, constants.m_u * 1e3 / 1e-24) < 1e-8


@pytest.mark.parametrize(
    ("name", "element", "line"),
    [("CuKa1", "Cu", "Ka1"), ("CuKa2", "Cu", "Ka2"), ("MoKa1", "Mo", "Ka1"),
     ("CoKa1", "Co", "Ka1"), ("AgKa1", "Ag", "Ka1")],
)  # fmt: skip
def test_wavelengths(name: str, element: str, line: str) -> None:
    import xraydb

    energy = xraydb.xray_line(element, line).energy
    assert units.WAVELENGTHS[name] == pytest.approx(units.HC / energy, rel=5e-4)


def test_cu_kalpha_is_the_weighted_mean() -> None:
    known = units.WAVELENGTHS
    assert known["CuKa"] == pytest.approx((2 * known["CuKa1"] + known["CuKa2"]) / 3, abs=1e-5)
