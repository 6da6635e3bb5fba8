"""What the workers of a cluster do. They import this module; nothing else of the client's comes."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from deepimagetranslator.core.errors import UserError
from deepimagetranslator.core.messages.events import Event, ignore
from deepimagetranslator.core.messages.job_control import Cancelled, JobControl
from deepimagetranslator.core.study.study_folder import StudyFolder
from deepimagetranslator.core.system.atomic_write import NoSpaceError
from deepimagetranslator.core.system.system_path import file_stamp, system_path
from deepimagetranslator.core.version import __version__
from deepimagetranslator.ml.study.jobs import line_of, train_cell

_POLL = 0.5  # seconds between two looks whether the task is still wanted
_ALONE = threading.Lock()
"""A worker with several threads takes one task at a time: Keras has one state for all of them."""

_kept: dict[str, Any] = {}
"""The networks of the last part of a translation, and what they are for."""

Work = Callable[..., Any]
"""Called with its arguments, a reporter and a control."""


@dataclass(frozen=True)
class Outcome:
    """How a task ended.

    Attributes:
        value: what it returned.
        problem: why it could not be done, as a sentence; else empty.
        full: the disk is full.
    """

    value: Any = None
    problem: str = ""
    full: bool = False


def answer(version: str, file: str, sha256: str) -> str:
    """Whether a worker can take part: a sentence if not, which follows its name; else empty.

    Args:
        version: of the program that asks.
        file: a file in the shared folder.
        sha256: of the file's content.
    """
    if version != __version__:
        return f"has deepimagetranslator {__version__}, not {version}; install the same version"
    try:
        content = system_path(Path(file)).read_bytes()
    except OSError:
        return f"does not see {file}; mount the shared folder there at the same path"
    if hashlib.sha256(content).hexdigest() != sha256:
        return f"sees another {file}; mount the same shared folder there"
    return ""


def run(work: Work, arguments: Sequence[Any], name: str, topic: str) -> Outcome:
    """Do a task in a worker; it stops when nobody waits for its result any longer.

    Args:
        work: a function of this module.
        arguments: its arguments.
        name: of the task, for its lines.
        topic: of the cluster's events, for the same.
    """
    from distributed import get_worker  # noqa: PLC0415

    worker = get_worker()

    def report(event: Event) -> None:
        line = line_of(name, event)
        if line is not None:
            worker.log_event(topic, line.text)

    with _ALONE, _while_wanted(worker) as control:
        try:
            return Outcome(work(*arguments, report, control))
        except NoSpaceError as error:
            return Outcome(problem=str(error), full=True)
        except UserError as error:
            return Outcome(problem=str(error))
        except Cancelled:
            return Outcome()


@contextmanager
def _while_wanted(worker: Any) -> Iterator[JobControl]:
    """A control that cancels when the task is released: by its client, or as that has ended."""
    control, ended, key = JobControl(), threading.Event(), worker.get_current_task()

    def watch() -> None:
        while not ended.wait(_POLL):
            task = worker.state.tasks.get(key)
            if task is None or task.state != "executing":
                control.cancel.set()
                return

    threading.Thread(target=watch, name="wanted", daemon=True).start()
    try:
        yield control
    finally:
        ended.set()


def train(folder: str, cell: str, report: Callable[[Event], None], control: JobControl) -> None:
    """Train and evaluate one cell of a study."""
    train_cell(StudyFolder(Path(folder)), cell, report, control)


def translate(
    weights: Any,
    images: Any,
    output: Path,
    spec: Any,
    _report: Callable[[Event], None],
    control: JobControl,
) -> Any:
    """Translate some of the images of a translation; see ``translation.translate_part``.

    The networks are kept for the next part. What is told of all images is told by the client.
    """
    from deepimagetranslator.ml import devices  # noqa: PLC0415

    devices.load_engine()
    from deepimagetranslator.ml import translation  # noqa: PLC0415

    files = [weights] if isinstance(weights, Path) else weights
    key = ([(file, file_stamp(file)) for file in files], replace(spec, overwrite=False))
    if _kept.get("key") != key:
        _kept.clear()  # first, so that both are never in memory
        _kept.update(key=key, translator=translation.translator_of(weights, spec))
    return translation.translate_part(_kept["translator"], images, output, spec, ignore, control)
