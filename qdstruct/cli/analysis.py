"""Commands: analyze and report."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from qdstruct.cli.output import JsonOption, print_json, print_table

if TYPE_CHECKING:
    from collections.abc import Callable

    from qdstruct.pipeline.directory import Choices, Settings

__all__ = [
    "AxisOption",
    "FilmOption",
    "PlaneOption",
    "SubstrateOption",
    "commands",
    "directory_choices",
]

commands = typer.Typer()

DirectoryArgument = Annotated[
    Path,
    typer.Argument(help="A tree made by 'qdstruct prepare', or any directory with VASP outputs."),
]
ForceOption = Annotated[bool, typer.Option("--force", help="Replace what exists already.")]
MuOption = Annotated[
    list[str] | None,
    typer.Option(
        "--mu",
        help="Chemical potential in eV per atom of an element that the cell holds beyond whole "
        "formula units: S=-4.1, or a range S=-5.2:-4.1.",
    ),
]
ReferenceOption = Annotated[
    list[str] | None,
    typer.Option(
        "--reference",
        help="Energy of an element, from which its chemical potential counts: eV per atom, as "
        "S=-4.13, or the directory of its calculation, as S=bulk-S/static.",
    ),
]
ThresholdOption = Annotated[
    float | None,
    typer.Option(min=1e-9, help="States/eV per atom that count as zero at a band edge [0.02]."),
]
BroadeningOption = Annotated[
    float, typer.Option(min=0, help="Gaussian broadening of densities of states, eV.")
]
OutputOption = Annotated[
    Path | None,
    typer.Option(
        "-o", "--output", help="Folder for the results of a foreign directory [DIRECTORY-analysis]."
    ),
]
FilmOption = Annotated[str | None, typer.Option("--film", help="Elements of the film, as Cd,S.")]
SubstrateOption = Annotated[
    str | None, typer.Option("--substrate", help="Elements of the substrate, as Cs,Pb,Br.")
]
PlaneOption = Annotated[
    float | None,
    typer.Option(help="Height of the interface plane along the normal in Å; the film is above."),
]
FormatsOption = Annotated[
    str, typer.Option("--figures", help="What figures are written as: pdf, png, svg.")
]
AxisOption = Annotated[
    str | None, typer.Option(help="Cell vector along the normal: a, b or c [found].")
]


@commands.command("analyze")
def analyze_command(
    directory: DirectoryArgument,
    output: OutputOption = None,
    film: FilmOption = None,
    substrate: SubstrateOption = None,
    plane: PlaneOption = None,
    axis: AxisOption = None,
    mu: MuOption = None,
    reference: ReferenceOption = None,
    threshold: ThresholdOption = None,
    broadening: BroadeningOption = 0.0,
    figures: FormatsOption = "pdf,png",
    force: ForceOption = False,
    as_json: JsonOption = False,
) -> None:
    """Compute everything the finished calculations of a directory allow, with figures.

    A tree gets results.json and figures/ itself; any other directory is left untouched, and a
    folder beside it gets results.json, figures/ and report.html.

    Example: qdstruct analyze my-study
    Example: qdstruct analyze my-study --figures svg,pdf
    Example: qdstruct analyze old-vasp-runs --film Cd,S -o old-analysis
    """
    from qdstruct.cli.analysis_settings import analysis_settings
    from qdstruct.pipeline.directory import is_study_tree
    from qdstruct.report import checked_formats

    settings = analysis_settings(mu or [], reference or [], threshold, broadening)
    formats = checked_formats(figures)
    if is_study_tree(directory):
        _refuse_choices({"-o": output, "--film": film, "--substrate": substrate,
                         "--plane": plane, "--axis": axis})  # fmt: skip
        _analyze_tree(directory, settings, formats, as_json=as_json)
        return
    choices = directory_choices(film, substrate, plane, axis, settings)
    _analyze_directory(directory, output, choices, formats, force=force, as_json=as_json)


def _analyze_tree(
    directory: Path, settings: Settings, formats: tuple[str, ...], *, as_json: bool
) -> None:
    from qdstruct.cli.analysis_output import study_document, study_lines
    from qdstruct.pipeline.analyse import analyse
    from qdstruct.pipeline.reporting import write_figures

    results = analyse(directory, settings=settings, on_step=_say())
    files = write_figures(directory, results, formats)
    if as_json:
        print_json(study_document(results))
        return
    note = "\n".join([*results.notes, f"Written: {directory}/results.json, {len(files)} files in "
                      f"{directory}/figures/"])  # fmt: skip
    print_table(results.study, ["Result", "Value"], study_lines(results), note=note)


def _analyze_directory(
    directory: Path,
    output: Path | None,
    choices: Choices,
    formats: tuple[str, ...],
    *,
    force: bool,
    as_json: bool,
) -> None:
    from qdstruct.cli.analysis_output import directory_document, study_lines
    from qdstruct.pipeline.directory import write_directory

    results, folder = write_directory(
        directory, output, choices=choices, force=force, formats=formats, on_step=_say()
    )
    if as_json:
        print_json({**directory_document(results), "folder": str(folder)})
        return
    print_table(
        f"Found in {directory}",
        ["Taken for", "Composition", "Directories", "Converged", "Energy (eV)", "Gap (eV)"],
        [
            (each.role, each.formula, ", ".join(each.directories),
             {True: "yes", False: "NO", None: "not known"}[each.converged],
             "" if each.energy is None else f"{each.energy:.4f}",
             "" if each.gap is None else f"{each.gap:.2f} ± {each.gap_uncertainty or 0.0:.2f}")
            for each in results.systems
        ],
    )  # fmt: skip
    note = "\n".join([*results.notes, f"Written: {folder}/ (report.html, results.json, figures/); "
                      f"nothing in {directory}/ was changed"])  # fmt: skip
    print_table("Results", ["Result", "Value"], study_lines(results), note=note)


def _refuse_choices(options: dict[str, object]) -> None:
    """Refuse options that a tree, which knows its regions, would leave unused."""
    from qdstruct.errors import InputError

    for name, value in options.items():
        if value is not None:
            raise InputError(f"{name} is for directories that qdstruct did not prepare",
                             hint="a tree knows its film and substrate; leave it out")  # fmt: skip


def directory_choices(
    film: str | None,
    substrate: str | None,
    plane: float | None,
    axis: str | None,
    settings: Settings,
) -> Choices:
    """Read the options about a foreign directory."""
    from qdstruct.errors import InputError
    from qdstruct.pipeline.directory import Choices

    if axis is not None and axis not in ("a", "b", "c"):
        raise InputError(f"--axis {axis}: there is no such cell vector", hint="write a, b or c")
    return Choices(
        film=_elements(film, "--film"),
        substrate=_elements(substrate, "--substrate"),
        plane=plane,
        axis=None if axis is None else "abc".index(axis),
        settings=settings,
    )


def _elements(words: str | None, option: str) -> tuple[str, ...]:
    from ase.data import atomic_numbers

    from qdstruct.errors import InputError

    symbols = tuple(word.strip() for word in (words or "").split(",") if word.strip())
    for symbol in symbols:
        if atomic_numbers.get(symbol, 0) == 0:
            raise InputError(f"{option} {words}: '{symbol}' is no element",
                             hint="write symbols between commas, as Cs,Pb,Br")  # fmt: skip
    return symbols


def _say() -> Callable[[str], None]:
    return lambda step: typer.echo(f"→ {step}", err=True)


@commands.command("report")
def report_command(
    directory: DirectoryArgument,
    output: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--output",
            help="HTML file [DIRECTORY/report.html, or beside a foreign "
            "directory DIRECTORY-analysis.html].",
        ),
    ] = None,
    film: FilmOption = None,
    substrate: SubstrateOption = None,
    plane: PlaneOption = None,
    axis: AxisOption = None,
    mu: MuOption = None,
    reference: ReferenceOption = None,
    threshold: ThresholdOption = None,
    broadening: BroadeningOption = 0.0,
    open_page: Annotated[
        bool, typer.Option("--open", help="Open the page in the browser.")
    ] = False,
    watch: Annotated[
        float | None,
        typer.Option(
            "--watch",
            min=1.0,
            help="Write the page of a running tree again every so many seconds, until all rests.",
        ),
    ] = None,
    force: ForceOption = False,
) -> None:
    """Analyse a directory as it stands and write the one-page HTML report.

    The table of a screening becomes a page that sorts and filters.

    Example: qdstruct report my-study -o my-study.html --open
    """  # fmt: skip
    from qdstruct.cli.analysis_settings import analysis_settings
    from qdstruct.files import refuse_existing
    from qdstruct.pipeline.directory import is_study_tree

    show = _opener(open_page)
    if _is_table(directory):
        from qdstruct.pipeline.reporting import write_screening_report

        show(write_screening_report(directory, output, force=force or output is None))
        return

    if output is not None:
        refuse_existing(output, force=force)
    settings = analysis_settings(mu or [], reference or [], threshold, broadening)
    if not is_study_tree(directory):
        choices = directory_choices(film, substrate, plane, axis, settings)
        show(_report_directory(directory, output, choices, force=force))
        return
    from qdstruct.pipeline.analyse import analyse
    from qdstruct.pipeline.reporting import write_report

    _refuse_choices({"--film": film, "--substrate": substrate, "--plane": plane, "--axis": axis})
    while True:
        results = analyse(directory, settings=settings, on_step=_say())
        show(write_report(directory, output, results=results))
        if watch is None or not any(job.state == "running" for job in results.jobs):
            return
        time.sleep(watch)


def _is_table(path: Path) -> bool:
    """Say whether a table is meant; a file that is none is refused."""
    if path.is_dir():
        return False
    if path.suffix.lower() in (".csv", ".json", ".parquet"):
        return True
    if path.is_file():
        from qdstruct.errors import InputError

        raise InputError(
            f"{path}: neither a directory nor the table of a screening",
            hint="a report is made of a job tree, of a directory with VASP outputs, or of a .csv, "
            ".json or .parquet table",
        )
    return False


def _opener(wanted: bool) -> Callable[[Path], None]:
    """Return what says where a page is and, the first time, opens it if that is wanted."""
    opened = not wanted

    def show(path: Path) -> None:
        nonlocal opened
        typer.echo(f"written: {path}")
        if opened:
            return
        opened = True
        import webbrowser

        if not webbrowser.open(path.resolve().as_uri()):
            typer.echo("no browser was found: open the page by hand", err=True)

    return show


def _report_directory(
    directory: Path, output: Path | None, choices: Choices, *, force: bool
) -> Path:
    from qdstruct.files import refuse_existing
    from qdstruct.pipeline.directory import analyse_directory, results_folder
    from qdstruct.report import write_directory_page

    path = output or results_folder(directory).with_suffix(".html")
    refuse_existing(path, force=force)
    results = analyse_directory(directory, choices=choices, on_step=_say())
    write_directory_page(results, path, force=force)
    return path
