"""One engine run under custodian: its VaspJob and its handlers, unchanged.

The only file that imports custodian (two seconds), and therefore imported only where a job runs.
"""

from __future__ import annotations

import contextlib
import os
import re
import sys
import warnings
from pathlib import Path

from custodian import Custodian
from custodian.custodian import (
    CustodianError,
    ErrorHandler,
    MaxCorrectionsError,
    MaxCorrectionsPerHandlerError,
    MaxCorrectionsPerJobError,
    NonRecoverableError,
    ValidationError,
    Validator,
)
from custodian.utils import tracked_lru_cache
from custodian.vasp import handlers as vasp_handlers
from custodian.vasp.jobs import VaspJob
from custodian.vasp.validators import VaspFilesValidator, VasprunXMLValidator

from qdstruct.errors import RunError
from qdstruct.running import launch
from qdstruct.running.corrections import read_corrections
from qdstruct.running.engine import Engine
from qdstruct.running.walltime import WalltimeReachedError

__all__ = ["HANDLERS", "MAX_ERRORS", "run_under_custodian"]


MAX_ERRORS = 5
"""Corrections after which a job is given up."""

HANDLERS = (
    vasp_handlers.VaspErrorHandler,
    vasp_handlers.MeshSymmetryErrorHandler,
    vasp_handlers.AliasingErrorHandler,
    vasp_handlers.UnconvergedErrorHandler,
    vasp_handlers.NonConvergingErrorHandler,
    vasp_handlers.PotimErrorHandler,
    vasp_handlers.PositiveEnergyErrorHandler,
    vasp_handlers.FrozenJobErrorHandler,
    vasp_handlers.LrfCommutatorHandler,
    vasp_handlers.StdErrHandler,
)
"""custodian's handlers that repair a run without changing what is calculated.

Left out are those that change the smearing or the k-spacing of one job (IncorrectSmearing,
LargeSigma, KspacingMetal, DriftError): the members of a charge or energy difference must keep the
same settings. All of these work without a POTCAR.
"""


def run_under_custodian(
    directory: Path,
    engine: Engine,
    *,
    walltime: float | None = None,
    max_errors: int = MAX_ERRORS,
) -> tuple[str, ...]:
    """Run `engine` once in `directory`, corrected and restarted by custodian where it can be.

    Parameters
    ----------
    directory : Path
        Holds INCAR, KPOINTS, POSCAR and what else the engine needs.
    engine : Engine
        What to start.
    walltime : float, optional
        Time left, s. The engine is asked to end at the next ionic step (STOPCAR) when less than
        three steps or two looks at it remain.
    max_errors : int
        Corrections after which the job is given up.

    Returns
    -------
    tuple of str
        What was corrected, in words.

    Raises
    ------
    WalltimeReachedError
        When the engine was asked to end because of `walltime`.
    RunError
        When the engine did not come to an end that custodian accepts; its message says why. Any
        other exception (an interrupt among them) passes through after the engine was stopped.
    """
    command = (sys.executable, "-I", "-S", str(Path(launch.__file__).resolve()), *engine.command)
    job = VaspJob(command, auto_gamma=False, backup=False, terminate_timeout=5.0)
    # custodian globs in its directory: from inside, brackets in the path above do no harm
    with contextlib.chdir(directory), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="No POTCAR file", category=UserWarning)
        custodian = Custodian(
            _handlers(engine, walltime),
            [job],
            validators=_validators(),
            max_errors=max_errors,
            polling_time_step=engine.poll_seconds,
            monitor_freq=max(1, round(engine.monitor_seconds / engine.poll_seconds)),
            skip_over_errors=True,
            directory=".",
        )
        tracked_lru_cache.tracked_cache_clear()  # it knows ./vasprun.xml of an earlier job
        try:
            custodian.run()
        except CustodianError as error:
            raise RunError(_in_words(error, job, engine)) from error
        finally:
            _stop(job)
        _refuse_quiet_ending(custodian)
        return read_corrections(Path())


def _validators() -> list[Validator]:
    """Return custodian's checks of the files that are left; densities of states end VASP early."""
    writes_states = re.search(r"^\s*LPARD\s*=\s*\.?T", Path("INCAR").read_text(), re.M | re.I)
    return (
        [VaspFilesValidator()] if writes_states else [VasprunXMLValidator(), VaspFilesValidator()]
    )


def _handlers(engine: Engine, walltime: float | None) -> list[ErrorHandler]:
    handlers = [handler() for handler in HANDLERS]
    if walltime is not None:
        os.environ.pop("CUSTODIAN_WALLTIME_START", None)  # `walltime` counts from now
        handlers.append(
            vasp_handlers.WalltimeHandler(
                wall_time=walltime, buffer_time=2 * engine.monitor_seconds
            )
        )
    return handlers


def _stop(job: VaspJob) -> None:
    process = getattr(job, "_vasp_process", None)
    if process is not None and process.poll() is None:
        job.terminate()


def _refuse_quiet_ending(custodian: Custodian) -> None:
    """Raise when a handler ended the run without an error of its own."""
    handler = custodian.run_log[-1]["handler"] if custodian.run_log else None
    if isinstance(handler, vasp_handlers.WalltimeHandler):
        raise WalltimeReachedError("the walltime ran out")
    if handler is not None:
        raise RunError(f"stopped by custodian: {'; '.join(read_corrections(Path()))}")


def _in_words(error: CustodianError, job: VaspJob, engine: Engine) -> str:
    if isinstance(
        error, MaxCorrectionsError | MaxCorrectionsPerJobError | MaxCorrectionsPerHandlerError
    ):
        found = read_corrections(Path())
        return f"given up after {len(found)} corrections: {'; '.join(found)}"
    if isinstance(error, NonRecoverableError):
        return f"no remedy for: {'; '.join(read_corrections(Path())[-1:])}"
    ending = _ending(job, engine)
    if isinstance(error, ValidationError):
        missing = (
            "vasprun.xml is missing or cut off"
            if isinstance(error.validator, VasprunXMLValidator)
            else "CONTCAR, OSZICAR or OUTCAR is missing"
        )
        return f"{missing}; {ending}"
    return ending


def _ending(job: VaspJob, engine: Engine) -> str:
    process = getattr(job, "_vasp_process", None)
    code = None if process is None else process.returncode
    if code is not None and code < 0:
        ending = f"{engine.name} was killed by signal {-code}"
    else:
        ending = f"{engine.name} ended with exit code {code}"
    last = _last_line(Path(job.stderr_file)) or _last_line(Path(job.output_file))
    return f"{ending}; it said last: {last}" if last else ending


def _last_line(path: Path) -> str:
    try:
        lines = path.read_text(errors="replace").split("\n")
    except OSError:
        return ""
    return next((line.strip()[:200] for line in reversed(lines) if line.strip()), "")
