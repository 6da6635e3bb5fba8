"""What can be done with a run's folder: begin a run in it, begin it again, or resume it.

In every state that a crash, a full disk or a power failure leaves, one of them can be done, or the
folder's best weights start a new run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from deepimagetranslator.core.config.project import load_project
from deepimagetranslator.core.errors import UserError
from deepimagetranslator.core.runs.run_folder import RunFolder
from deepimagetranslator.core.runs.state_file import looks_whole, read_head
from deepimagetranslator.core.system.system_path import exists
from deepimagetranslator.core.version import NewerVersionError

IsWhole = Callable[[Path], bool]


class Stage(Enum):
    """How far the run in a folder has come.

    Attributes:
        NEW: there is none; other files may lie there.
        BEGUN: a run ended before its first epoch was complete; it can be begun again.
        RESUMABLE: the state after an epoch is there and whole.
        STATELESS: epochs were completed, but no whole state is left to resume from.
    """

    NEW = "new"
    BEGUN = "begun"
    RESUMABLE = "resumable"
    STATELESS = "stateless"


@dataclass(frozen=True)
class RunState:
    """The state of a run's folder.

    Attributes:
        stage: how far the run has come.
        file: the weights file with the newest whole state; None unless it can be resumed.
        best: the best whole weights, to start a new run from; None if there are none.
    """

    stage: Stage
    file: Path | None = None
    best: Path | None = None


def state_of(run: RunFolder, is_whole: IsWhole = looks_whole) -> RunState:
    """The state of a run's folder.

    Args:
        run: the folder; it need not exist.
        is_whole: whether a weights file is whole; by default a look at its first bytes and size.
    """
    file = next((path for path in run.states if is_whole(path)), None)
    if file is not None:
        return RunState(Stage.RESUMABLE, file)
    if _has_completed(run):
        best = next((path for path in _best_first(run) if is_whole(path)), None)
        return RunState(Stage.STATELESS, best=best)
    return RunState(Stage.BEGUN if _is_recorded(run) else Stage.NEW)


def last_resumable(runs: Iterable[Path]) -> Path | None:
    """The last of these runs, oldest first, that can be resumed; None if there is none."""
    newest_first = reversed([*runs])
    return next((r for r in newest_first if any(map(looks_whole, RunFolder(r).states))), None)


def last_to_go_on(runs: Iterable[Path]) -> Path | None:
    """The run that goes on if none is named: the last that can be resumed, without one the last
    that can be begun again; None if there is none."""
    oldest_first = list(runs)
    return last_resumable(oldest_first) or last_begun(oldest_first)


def last_begun(runs: Iterable[Path]) -> Path | None:
    """The last of these runs, oldest first, that can be begun again; None if there is none."""
    newest_first = reversed([*runs])
    return next((r for r in newest_first if state_of(RunFolder(r)).stage is Stage.BEGUN), None)


def history_to_resume(run: RunFolder) -> list[dict[str, float]]:
    """The rows of history.csv up to the epoch that the run is resumed after."""
    file = state_of(run).file
    head = None if file is None else read_head(file)
    rows = run.read_history()
    return rows if head is None else [row for row in rows if row["epoch"] <= head.epoch]


def _best_first(run: RunFolder) -> Iterable[Path]:
    yield run.best
    yield from (improvement.path for improvement in reversed(run.improvements()))


def _has_completed(run: RunFolder) -> bool:
    """Whether files show that an epoch was completed.

    A training writes the best checkpoint only after its first state, and before that state at most
    one row of the history and the first epoch's own checkpoint.
    """
    if any(map(exists, (*run.states, run.best))):
        return True
    later = any(improvement.epoch > 1 for improvement in run.improvements())
    return later or len(run.read_history()) > 1 or run.has_other_history()


def _is_recorded(run: RunFolder) -> bool:
    """Whether the folder's project file is the record of a run, also one of a newer version."""
    if not exists(run.project):
        return False
    try:
        return bool(load_project(run.project).run)
    except NewerVersionError:
        return True
    except UserError:
        return False
