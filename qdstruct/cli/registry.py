"""Command: registry."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from qdstruct.cli.build_options import (
    FilmHkl,
    FilmName,
    ForceOption,
    MaxArea,
    MaxStrain,
    SubstrateHkl,
    SubstrateName,
)
from qdstruct.cli.interface_options import (
    CalculatorName,
    FilmTermination,
    GapRange,
    MapFigure,
    MatchNumber,
    RegistryOutput,
    ShiftGrid,
    StudyCopy,
    StudyFilmLayers,
    StudyStrainOn,
    StudySubstrateLayers,
    SubstrateTermination,
)
from qdstruct.cli.output import JsonOption, parse_miller, print_json, print_table

if TYPE_CHECKING:
    from qdstruct.model import RegistryScan

__all__ = ["commands"]

commands = typer.Typer()


@commands.command("registry")
def registry(
    film: FilmName,
    substrate: SubstrateName,
    film_hkl: FilmHkl,
    substrate_hkl: SubstrateHkl,
    output: RegistryOutput = Path("registry.json"),
    match: MatchNumber = 1,
    max_area: MaxArea = 200.0,
    max_strain: MaxStrain = 0.05,
    grid: ShiftGrid = "6x6",
    gaps: GapRange = "2.2,4.0,0.2",
    calculator: CalculatorName = "ionic",
    film_layers: StudyFilmLayers = None,
    substrate_layers: StudySubstrateLayers = None,
    film_termination: FilmTermination = None,
    substrate_termination: SubstrateTermination = None,
    strain_on: StudyStrainOn = None,
    figure: MapFigure = None,
    study: StudyCopy = None,
    force: ForceOption = False,
    as_json: JsonOption = False,
) -> None:
    """Scan where the film likes to sit: energy over in-plane shift and gap, slabs rigid.

    An interrupted scan continues when the same command is run again. Example: qdstruct registry
    PbS-galena CsPbBr3-cubic --film-hkl 1,0,0 --substrate-hkl 1,0,0 --substrate-termination PbBr2
    """  # fmt: skip
    from qdstruct.files import refuse_existing
    from qdstruct.pipeline.build import load_matched_pair
    from qdstruct.pipeline.registry import scan_matched_registry

    options = _interface_options(
        study,
        film_layers=film_layers,
        substrate_layers=substrate_layers,
        film_termination=film_termination,
        substrate_termination=substrate_termination,
        strain_on=strain_on,
    )
    files = _registry_files(output, figure, study)
    for file in files.values():
        refuse_existing(file, force=force)
    pair = load_matched_pair(
        film,
        substrate,
        parse_miller(film_hkl),
        parse_miller(substrate_hkl),
        number=match,
        max_area=max_area,
        max_strain=max_strain,
    )
    with _progress() as on_progress:
        scan = scan_matched_registry(
            pair,
            calculator=calculator,
            grid=_parse_grid(grid),
            gaps=_parse_gaps(gaps),
            on_progress=on_progress,
            resume_file=output.with_suffix(".points.csv"),
            **options,
        )
    _write_registry(scan, files, study, force=force)
    _print_registry(scan, files, as_json)
    if study is not None and "study" not in files:
        typer.echo("no copy of the study was written: no bound registry was found", err=True)
        raise typer.Exit(1)


def _interface_options(study: str | None, **given: Any) -> dict[str, Any]:
    """Return how the interface is built: as the study says, but for what was given."""
    from qdstruct.pipeline.registry import study_options

    options = {} if study is None else study_options(study)
    return options | {key: value for key, value in given.items() if value is not None}


def _write_registry(
    scan: RegistryScan, files: dict[str, Path], study: str | None, *, force: bool
) -> None:
    """Write all files; a scan without bound registry writes no study."""
    from qdstruct.files import write_atomically

    if not scan.bound:
        files.pop("study", None)
    contents = _registry_contents(scan, files, study)
    for kind, file in files.items():
        write_atomically(file, contents[kind], force=force)
        typer.echo(f"wrote {file}", err=True)


def _registry_files(output: Path, figure: Path | None, study: str | None) -> dict[str, Path]:
    from qdstruct.errors import DestinationError

    if output.suffix != ".json":
        raise DestinationError(f"{output}: the result is a .json file", hint="-o registry.json")
    if not output.parent.is_dir():
        raise DestinationError(f"{output}: the folder {output.parent} does not exist")
    files = {"json": output, "csv": output.with_suffix(".csv")}
    if figure is not None:
        if figure.suffix not in (".png", ".pdf", ".svg"):
            raise DestinationError(f"{figure}: no picture format has this name",
                                   hint="use .png, .pdf or .svg")  # fmt: skip
        files["figure"] = figure
    if study is not None:
        files["study"] = output.with_name(f"{Path(study).stem}-{output.stem}.yaml")
    return files


def _registry_contents(
    scan: RegistryScan, files: dict[str, Path], study: str | None
) -> dict[str, str | bytes]:
    import json

    from qdstruct.pipeline import registry as pipeline

    contents: dict[str, str | bytes] = {
        "json": json.dumps(scan.to_dict(), ensure_ascii=False) + "\n",
        "csv": pipeline.registry_csv(scan),
    }
    if "figure" in files:
        from qdstruct.report.registry_figure import registry_picture

        contents["figure"] = registry_picture(scan, files["figure"].suffix[1:])
    if study is not None and "study" in files:
        contents["study"] = pipeline.study_with_registry(study, scan)
    return contents


def _print_registry(scan: RegistryScan, files: dict[str, Path], as_json: bool) -> None:
    from qdstruct.pipeline.registry import registry_lines

    facts: dict[str, Any] = {
        "method": scan.method,
        "film_termination": scan.film_termination,
        "substrate_termination": scan.substrate_termination,
        "points": int(scan.energies.size),
        "distinct_shifts": scan.distinct_shifts,
        "computed_now": scan.computed,
        "best_shift": list(scan.best_shift),
        "best_gap": scan.best_gap,
        "bound": scan.bound,
        "relaxed_gap": scan.relaxed_gap,
        "best_energy_eV": scan.best_energy,
        "best_energy_J_per_m2": scan.best_energy_per_area,
        "corrugation_J_per_m2": scan.corrugation,
        "area": scan.area,
        "registry_cell": scan.registry_cell.tolist(),
        "warnings": list(scan.warnings),
    }
    if as_json:
        paths = {kind: str(file) for kind, file in files.items()}
        print_json({"film": scan.film, "substrate": scan.substrate, **facts, "files": paths})
        return
    rows = [(key.replace("_", " "), _words(facts[key])) for key in facts if key != "warnings"]
    lines = [f"warning: {warning}" for warning in scan.warnings]
    lines.append("Energies are relative to separated slabs.")
    if scan.bound:
        lines += ["Into the study goes:", registry_lines(scan)]
    else:
        lines.append(f"No bound registry was found: {_unbound(scan)}. Nothing goes into a study.")
    title = f"{scan.film} on {scan.substrate}: registry"
    print_table(title, ["Property", "Value (Å, Å²)"], rows, note="\n".join(lines))


def _unbound(scan: RegistryScan) -> str:
    """Say why there is no registry to take over."""
    if scan.best_energy >= 0:
        return f"at no point do the slabs attract (lowest {scan.best_energy_per_area:+.3f} J/m²)"
    return "the energy still falls at the end of the gaps tried"


def _words(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.4f}"
    if isinstance(value, list):
        return "[" + ", ".join(_words(item) for item in value) + "]"
    return "beyond the gaps tried" if value is None else str(value)


@contextlib.contextmanager
def _progress() -> Iterator[Callable[[int, int, float], None]]:
    """Show a bar on stderr at a terminal, a line now and then elsewhere."""
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    console = Console(stderr=True)
    if not console.is_terminal:
        yield _line_printer()
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(),
               TimeRemainingColumn())  # fmt: skip
    with Progress(*columns, console=console) as bar:
        task = bar.add_task("registry", total=None)
        lowest = [float("inf")]

        def show(done: int, total: int, energy: float) -> None:
            lowest[0] = min(lowest[0], energy)
            text = f"lowest {lowest[0]:+.3f} J/m²"
            bar.update(task, completed=done, total=total, description=text)

        yield show


def _line_printer() -> Callable[[int, int, float], None]:
    shown = [0]

    def show(done: int, total: int, energy: float) -> None:
        tenth = 10 * done // total
        if tenth > shown[0]:
            shown[0] = tenth
            typer.echo(f"{done} of {total} points, now {energy:+.3f} J/m²", err=True)

    return show


def _parse_grid(text: str) -> tuple[int, int]:
    import re

    from qdstruct.errors import InputError

    found = re.fullmatch(r"(\d+)\s*[x×,]\s*(\d+)", text.strip())
    if found is None or "0" in found.groups():
        raise InputError(f"'{text}' is not a grid of shifts", hint="write two numbers: 6x6")
    return int(found[1]), int(found[2])


def _parse_gaps(text: str) -> list[float]:
    from qdstruct.errors import InputError

    try:
        first, last, step = (float(word) for word in text.replace(",", " ").split())
        count = int((last - first) / step + 1e-6) + 1
    except (ValueError, ZeroDivisionError, OverflowError):
        count = 0
    if not 1 <= count <= 1000:
        raise InputError(
            f"'{text}' is not a range of gaps", hint="first, last, step in Å: 2.2,4.0,0.2"
        )
    return [round(first + step * k, 6) for k in range(count)]
