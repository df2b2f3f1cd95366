"""Which calculation with VASP would give which published number."""

from __future__ import annotations

from dataclasses import dataclass

from qdstruct.pipeline.reproduction.numbers import PublishedNumber

__all__ = ["CALCULATIONS", "LIGAND_PRESET", "Calculation", "calculation_of"]

LIGAND_PRESET = "thesis-2d3d"
LIGAND_COMMAND = (
    "qdstruct build slab CsPbBr3-cubic --hkl 1,0,0 --layers 4 --termination CsBr "
    "--ligand benzylammonium=1 -o covered.extxyz && "
    f"qdstruct inputs covered.extxyz DIR --preset {LIGAND_PRESET} && qdstruct run DIR"
)


@dataclass(frozen=True, kw_only=True)
class Calculation:
    """A tree of jobs and the published numbers it stands behind."""

    study: str
    """Name of the shipped study; empty for the slab covered by a ligand."""
    system: str
    """System of the published numbers."""
    quantities: tuple[str, ...]
    """How their quantities begin."""
    remark: str = ""
    """What else the numbers need, or what is left open by the source."""

    @property
    def command(self) -> str:
        """What is typed to get the numbers."""
        if not self.study:
            return LIGAND_COMMAND
        return f"qdstruct prepare {self.study} DIR && qdstruct run DIR"


_LAYERED = "CsPbBr3-PMA2PbBr4"
_ENERGY = "the source does not say which energies are subtracted"
CALCULATIONS = (
    Calculation(study="cspbbr3-cds", system="CsPbBr3/CdS", quantities=("DFT CB offset",)),
    Calculation(
        study="cspbbr3-cds-namd", system="CsPbBr3/CdS", quantities=("NA-MD",),
        remark="then Hefei-NAMD on DIR/dynamics/snapshots",
    ),
    Calculation(
        study="cspbbr3-cds-namd", system="CsPbBr3/CdS", quantities=("phonon mode", "Cs motion"),
        remark="then qdstruct dynamics DIR, for the vibrations that move the gap",
    ),
    Calculation(
        study="", system=_LAYERED, quantities=("interface energy PMA ligand",),
        remark=f"and the bare slab and the ion in the same way; {_ENERGY}",
    ),
    Calculation(
        study="pma2pbbr4-cspbbr3-vertical", system=_LAYERED, remark=_ENERGY,
        quantities=("interface energy vertical",),
    ),
    Calculation(
        study="pma2pbbr4-cspbbr3-lateral-111", system=_LAYERED, remark=_ENERGY,
        quantities=("interface energy horizontal, CsPbBr3 (111)",),
    ),
    Calculation(
        study="pma2pbbr4-cspbbr3-lateral", system=_LAYERED, remark=_ENERGY,
        quantities=("interface energy horizontal, CsPbBr3 (110)",),
    ),
    Calculation(
        study="pma2pbbr4-cspbbr3-vertical", system=_LAYERED,
        quantities=("average charge difference vertical",),
    ),
    Calculation(
        study="pma2pbbr4-cspbbr3-lateral-111", system=_LAYERED,
        quantities=("average charge difference horizontal (111)",),
    ),
    Calculation(
        study="pma2pbbr4-cspbbr3-lateral", system=_LAYERED,
        quantities=("average charge difference horizontal (110)",),
    ),
)  # fmt: skip


def calculation_of(number: PublishedNumber) -> Calculation | None:
    """Return the calculation behind a published number, None where none is needed or known."""
    for each in CALCULATIONS:
        if number.system == each.system and number.quantity.startswith(each.quantities):
            return each
    return None
