"""Molecular dynamics and the single points along it that nonadiabatic dynamics starts from."""

from __future__ import annotations

from typing import Any

from qdstruct.errors import StudyError
from qdstruct.jobs.draft import Draft, Frame, choose_mesh
from qdstruct.jobs.presets import Preset, Setting, TagValue
from qdstruct.model import CalculationSettings

__all__ = ["dynamics_drafts"]

ORIGIN = "your study, dynamics"


def dynamics_drafts(frame: Frame, settings: CalculationSettings, preset: Preset) -> list[Draft]:
    """Return heating, trajectory and one single point for each of its last configurations.

    The scheme of nonadiabatic dynamics in the classical-path approximation (Zheng et al., WIREs
    Comput. Mol. Sci. 9, e1411 (2019)): the relaxed structure is brought to the temperature by
    rescaling velocities, moves on by itself, and the orbitals of its configurations are calculated
    one by one, all at Γ with the same bands.
    """
    chosen = settings.dynamics
    if chosen.snapshots > chosen.steps:
        raise StudyError(
            f"dynamics.snapshots: {chosen.snapshots} configurations of a trajectory of "
            f"{chosen.steps} steps",
            hint="take fewer snapshots or more steps",
        )
    mesh, reason = choose_mesh(frame.atoms, frame.vacuum, frame.cell, settings, preset)
    common: dict[str, Any] = {
        "cell": frame.cell, "subject": frame.subject, "atoms": _free(frame), "reference":
        frame.atoms, "vacuum": frame.vacuum,
    }  # fmt: skip
    heat, run = "dynamics/heat", "dynamics/run"
    drafts = [
        Draft(
            name=heat, kind="md", mesh=mesh, mesh_reason=reason, tags=_heating(settings),
            parents=(f"{frame.folder}/relax",), structure_from=f"{frame.folder}/relax", **common,
        ),
        Draft(
            name=run, kind="md", mesh=mesh, mesh_reason=reason, tags=_trajectory(settings),
            parents=(heat,), structure_from=heat, keep_velocities=True, **common,
        ),
    ]  # fmt: skip
    first = chosen.steps - chosen.snapshots
    return drafts + [
        Draft(
            name=f"dynamics/snapshots/{number:04d}", kind="snapshot", mesh=(1, 1, 1),
            mesh_reason="Γ alone: couplings are taken between states of one k-point",
            parents=(run,), structure_from=run, frame=first + number, **common,
        )
        for number in range(1, chosen.snapshots + 1)
    ]  # fmt: skip


def _free(frame: Frame) -> Any:
    atoms = frame.atoms.copy()
    atoms.set_constraint()
    return atoms


def _set(tag: str, value: TagValue, reason: str) -> Setting:
    return Setting(tag=tag, value=value, reason=reason, origin=ORIGIN)


def _common(settings: CalculationSettings) -> list[Setting]:
    chosen = settings.dynamics
    return [
        _set("POTIM", chosen.time_step, "Time step, fs; 1 fs resolves N–H and C–H stretches."),
        _set("TEBEG", chosen.temperature, "Temperature, K."),
        _set("TEEND", chosen.temperature, "Temperature, K."),
    ]


def _heating(settings: CalculationSettings) -> tuple[Setting, ...]:
    return (
        *_common(settings),
        _set("NSW", settings.dynamics.heating, "Steps of heating."),
        _set("MDALGO", 0, "Plain Verlet."),
        _set("SMASS", -1, "Velocities are rescaled to the temperature every NBLOCK steps."),
    )


def _trajectory(settings: CalculationSettings) -> tuple[Setting, ...]:
    chosen = settings.dynamics
    steps = _set("NSW", chosen.steps, "Steps of the trajectory.")
    if chosen.ensemble == "NVT":
        ensemble = [
            _set("MDALGO", 2, "Nosé–Hoover thermostat."),
            _set("SMASS", 0, "Thermostat that oscillates with a period of about 40 time steps."),
        ]
    else:
        ensemble = [
            _set("MDALGO", 0, "Plain Verlet."),
            _set("SMASS", -3, "Constant energy: nothing disturbs the motion that is analysed."),
        ]
    return (*_common(settings), steps, *ensemble)
