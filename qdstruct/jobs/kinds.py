"""Which kinds of jobs there are, what each leaves behind, and the parts of a tree they make."""

from __future__ import annotations

from dataclasses import dataclass

from qdstruct.errors import StudyError
from qdstruct.model.record import Record

__all__ = ["KINDS", "PARTS", "RECIPES", "JobKind", "parts_of", "require_parts"]

ALWAYS = ("OUTCAR", "vasprun.xml")


@dataclass(frozen=True, kw_only=True)
class JobKind(Record):
    """One kind of job."""

    name: str
    """What a job calls it."""
    purpose: str
    """In words."""
    provides: tuple[str, ...]
    """Files that it must leave behind."""
    tags_from_presets: bool = False
    """True for the kinds that every preset describes itself; the others take their tags from
    ``templates/vasp/kinds.yaml`` first."""


KINDS = {
    kind.name: kind
    for kind in (
        JobKind(
            name="relax", purpose="relax the atoms", provides=(*ALWAYS, "CONTCAR"),
            tags_from_presets=True,
        ),
        JobKind(
            name="static", purpose="density and potential",
            provides=(*ALWAYS, "CONTCAR", "CHGCAR", "LOCPOT"), tags_from_presets=True,
        ),
        JobKind(
            name="dos", purpose="projected density of states", provides=(*ALWAYS, "DOSCAR"),
            tags_from_presets=True,
        ),
        JobKind(
            name="difference", purpose="density of one side alone", provides=(*ALWAYS, "CHGCAR"),
            tags_from_presets=True,
        ),
        JobKind(name="energy", purpose="total energy of one point", provides=ALWAYS),
        JobKind(name="bands", purpose="band structure", provides=(*ALWAYS, "EIGENVAL")),
        JobKind(
            name="bader", purpose="all-electron density on a fine grid",
            provides=(*ALWAYS, "CHGCAR", "AECCAR0", "AECCAR2"),
        ),
        JobKind(name="core-levels", purpose="core eigenvalues", provides=ALWAYS),
        JobKind(name="states", purpose="densities of single states", provides=("PARCHG",)),
        JobKind(name="displacement", purpose="forces of one displacement", provides=ALWAYS),
        JobKind(
            name="md", purpose="molecular dynamics", provides=(*ALWAYS, "CONTCAR", "XDATCAR")
        ),
        JobKind(
            name="snapshot", purpose="orbitals of one configuration",
            provides=(*ALWAYS, "WAVECAR", "EIGENVAL"),
        ),
        JobKind(name="optics", purpose="dielectric function", provides=ALWAYS),
        JobKind(
            name="hybrid", purpose="self-consistent hybrid density of states",
            provides=(*ALWAYS, "DOSCAR"),
        ),
    )
}  # fmt: skip
"""Kind → what is known about it."""

PARTS = {
    "bulk": "relaxation, static run and density of states of both crystals",
    "slab": "both sides alone, strained as in the interface",
    "interface": "relaxation, static run and density of states of the interface",
    "difference": "each side alone with the atoms of the relaxed interface",
    "adhesion": "each side alone, relaxed in the interface's cell",
    "bands": "band structure of every structure that has a static run",
    "bader": "all-electron density of the interface on a fine grid",
    "core-levels": "core eigenvalues of every structure that has a static run",
    "states": "densities of the band edges of the interface (initial and final state)",
    "optics": "dielectric function of every structure that has a static run",
    "hybrid": "HSE06 density of states of every structure that has a static run",
    "phonons": "forces of finite displacements",
    "dynamics": "molecular dynamics of the interface and single points along it",
    "registry": "energy of the interface over a grid of shifts",
    "convergence": "series in cutoff, k-points, thickness and vacuum",
}
"""Part of a tree → what it writes."""

NEEDS = {
    "difference": ("interface",),
    "adhesion": ("interface",),
    "bader": ("interface",),
    "states": ("interface",),
    "dynamics": ("interface",),
    "bands": ("bulk", "interface"),
    "core-levels": ("bulk", "interface"),
    "optics": ("bulk", "interface"),
    "hybrid": ("bulk", "interface"),
    "phonons": ("bulk", "interface"),
}
"""Part → parts of which at least one must be there too."""

RECIPES = {
    "interface electronic structure": ("interface", "bader", "states"),
    "charge difference": ("interface", "difference"),
    "band alignment with bulk references": ("bulk", "slab", "interface", "core-levels"),
    "adhesion and registry": ("slab", "interface", "adhesion", "registry"),
    "phonons": ("bulk", "phonons"),
    "NAMD input": ("interface", "dynamics"),
}
"""Question → the parts of a tree that answer it."""


def parts_of(recipes: tuple[str, ...]) -> tuple[str, ...]:
    """Return the parts that a list of recipes needs, each once, in the order of `PARTS`.

    Raises
    ------
    StudyError
        For a recipe that does not exist.
    """
    for name in recipes:
        if name not in RECIPES:
            raise StudyError(
                f"there is no recipe called '{name}'", hint=f"recipes: {', '.join(RECIPES)}"
            )
    wanted = {part for name in recipes for part in RECIPES[name]}
    return tuple(part for part in PARTS if part in wanted)


def require_parts(wanted: tuple[str, ...]) -> None:
    """Refuse a part of the tree that does not exist or lacks what it builds on.

    Raises
    ------
    StudyError
        Naming it.
    """
    unknown = sorted(set(wanted) - set(PARTS))
    if unknown:
        raise StudyError(
            f"calculation.include: there is no part called '{unknown[0]}'",
            hint=f"parts: {', '.join(PARTS)}",
        )
    for part in wanted:
        needed = NEEDS.get(part, ())
        if needed and not set(needed) & set(wanted):
            raise StudyError(
                f"calculation.include: '{part}' needs {' or '.join(repr(n) for n in needed)}",
                hint=f"it builds on what they relax; include one of them, or leave '{part}' out",
            )
