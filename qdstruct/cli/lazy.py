"""The commands by name, each loaded when it is called.

``qdstruct --help`` prints this table and imports no command; a test compares it with the commands.
"""

from __future__ import annotations

import re
from importlib import import_module
from typing import Any

from typer.core import TyperGroup

from qdstruct.cli.outcome import Interrupted

__all__ = ["COMMANDS", "LazyGroup"]

COMMANDS: dict[str, dict[str, str]] = {
    "doctor": {
        "doctor": (
            "Look whether everything works that a study may need, and say how to mend what does "
            "not."
        ),
    },
    "phases": {
        "phases": "List the known crystals, or show one with its source and caveats.",
    },
    "matching": {
        "mismatch": "Compare plane spacings, best first, in all three definitions of the mismatch.",
        "match": (
            "Find coincidence cells, best first: the trade-off of area against strain of each "
            "facet pair."
        ),
    },
    "orient": {
        "orient": (
            "Work out an orientation relationship: planes ∥ planes and directions ∥ directions."
        ),
    },
    "screen": {
        "screen": (
            "Match every film on every substrate over all facets, in parallel, into one table."
        ),
    },
    "building": {
        "check": "Measure a structure against what it should be, and say what is wrong.",
        "build": "Build slabs, interfaces and particles.",
    },
    "ligate": {
        "ligate": "Bind ligands to the top face of a slab or to every face of a particle.",
    },
    "registry": {
        "registry": (
            "Scan where the film likes to sit: energy over in-plane shift and gap, slabs rigid."
        ),
    },
    "relax": {
        "relax": "Let the atoms of a structure go; cell and fixed atoms stay.",
    },
    "studies": {
        "studies": (
            "List the studies that come with qdstruct, or print the file of one, to copy and edit."
        ),
    },
    "study": {
        "prepare": (
            "Write the tree of VASP job directories of a study, checked before it takes its place."
        ),
        "run": "Run every job that is not done, in order, under custodian; run again to continue.",
        "status": "Print every job's state, attempts, energy and what it waits for.",
        "cancel": (
            "Stop whatever runs in a tree, in good order; the next run continues from there."
        ),
        "retry": "Clear failed jobs, so that the next run starts them again.",
        "demo": (
            "Do the whole main job for CsPbBr3/CdS, in about a minute on the embedded mock engine."
        ),
    },
    "relaxation": {
        "layers": (
            "Strain of every layer by its relaxation, bonds across the interface, octahedral tilts."
        ),
    },
    "dynamics": {
        "dynamics": (
            "Gap fluctuations along a trajectory, dephasing, and decays of surface hopping."
        ),
    },
    "charges": {
        "bader": "Bader charges of each atom and region, with the count of electrons checked.",
    },
    "analysis": {
        "analyze": (
            "Compute everything the finished calculations of a directory allow, with figures."
        ),
        "report": "Analyse a directory as it stands and write the one-page HTML report.",
    },
    "align": {
        "align": (
            "Align the bands of two materials: level tables, finished calculations, or both "
            "together."
        ),
    },
    "submit": {
        "submit": (
            "Write a chain of batch scripts, each job after those it needs, for clusters without "
            "Python."
        ),
    },
    "interchange": {
        "export": (
            "Write a tree for other programs: provenance with hashes, a jobflow Flow, a quacc "
            "workflow."
        ),
        "fetch": (
            "Fetch a structure by its number from a database that speaks OPTIMADE (needs a "
            "network)."
        ),
    },
    "reproduce": {
        "reproduce": "Put published numbers beside ours, with the reason where they differ.",
    },
    "jobs": {
        "explain": "Say why each setting of a job has its value, or what each job of a tree costs.",
        "inputs": "Write relaxation, static run and density of states of one structure.",
    },
    "series": {
        "series": (
            "Print the convergence series of a tree and the energies over its grid of shifts."
        ),
    },
    "phonons": {
        "phonons": "Collect the forces of a tree: modes at Γ, who moves in them, and their density."
    },
    "simulation": {
        "xrd": "Powder X-ray diffraction: indexed lines and profile.",
    },
    "diffraction": {
        "diffraction": (
            "Kinematic electron diffraction: indexed spots of a zone axis, or rings of a "
            "polycrystal."
        ),
    },
    "scattering": {
        "saxs": "Small-angle scattering of particles, supraparticles and films; q in 1/nm.",
    },
    "images": {
        "hrtem": "High-resolution image of a crystal: exit wave and contrast transfer.",
        "gpa": "Strain and rotation maps by geometric phase analysis (Hÿtch 1998).",
    },
    "spots": {
        "fft": "Lattice spots in the Fourier transform of an image.",
        "index": (
            "Phase and zone axis of an image's spots, best first; of two crystals, how they lie."
        ),
    },
    "assembly": {
        "assembly": (
            "Monte Carlo of hard cubes with a square well: how localised the crystal's vacancies "
            "are."
        ),
    },
    "fit": {
        "fit": (
            "Fit a spectrum or a series with uncertainties: decays, E(T), Γ(T), gaps, sizes, "
            "diffusion."
        ),
    },
}
"""File in ``qdstruct/cli/`` → its commands → what each does (first line of its help)."""


class LazyGroup(TyperGroup):
    """A group that imports the file of a command when the command is called."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002 - the signature is click's
        """Return the names of all commands, in the order of a study."""
        return [name for commands in COMMANDS.values() for name in commands]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Return a command; an unknown name loads all, so that the nearest can be named."""
        files = [file for file, commands in COMMANDS.items() if cmd_name in commands]
        for file in files or COMMANDS:
            self._load(file)
        return super().get_command(ctx, cmd_name)

    def invoke(self, ctx: Any) -> Any:
        """Run the command; an interrupt is told apart from a failure."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt as stop:
            raise Interrupted from stop

    def _load(self, file: str) -> None:
        import typer
        from typer.main import get_group

        plain = typer.Typer(rich_markup_mode=None)
        plain.add_typer(import_module(f"qdstruct.cli.{file}").commands)
        for name, command in get_group(plain).commands.items():
            _separate_examples(command)
            self.commands.setdefault(name, command)

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002
        """Print what each command does, from the table."""
        rows = [(name, words) for commands in COMMANDS.values() for name, words in commands.items()]
        with formatter.section("Commands"):
            formatter.write_dl(rows)


def _separate_examples(command: Any) -> None:
    """Give each example of a help text a paragraph of its own; click joins the lines of one."""
    if command.help:
        command.help = re.sub(r"\s+(?=Example: )", "\n\n", command.help)
    for inner in getattr(command, "commands", {}).values():
        _separate_examples(inner)
