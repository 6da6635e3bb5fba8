"""Output of the command line: progress with remaining time, messages, one JSON line."""

from __future__ import annotations

import contextlib
import json
import math
import signal
import sys
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from tqdm import tqdm

from deepimagetranslator.cli import remedies
from deepimagetranslator.core.errors import Problem, printable
from deepimagetranslator.core.messages.events import (
    BatchEnded,
    ChangesTried,
    EpochEnded,
    EpochStarted,
    Event,
    FilesRead,
    FilesWritten,
    ImageSkipped,
    ImageTranslated,
    LogLine,
    PartTranslated,
    SliceTranslated,
)
from deepimagetranslator.core.messages.job_control import JobControl


def use_utf8() -> None:
    """Let any file name be printed, whatever the terminal's own encoding."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(AttributeError, ValueError):
            stream.reconfigure(encoding="utf-8", errors="replace")  # type: ignore[union-attr]


def say(text: str) -> None:
    """A sentence for the user, on stderr.

    A name from a project file may hold control characters, which a terminal would obey.
    """
    tqdm.write("\n".join(map(printable, text.split("\n"))), file=sys.stderr)


def say_problems(problems: Iterable[Problem]) -> None:
    """Each problem with its remedy, on a line; those that are not errors begin with "Note:"."""
    for problem in problems:
        say(f"{'' if problem.fatal else 'Note: '}{remedies.sentence(problem)}")


def print_json(result: dict[str, Any]) -> None:
    """The machine-readable result as the last line of stdout; nan and infinity become null."""
    print(json.dumps(_finite(result), ensure_ascii=False), flush=True)


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value if isinstance(value, str | int | float | bool | None) else str(value)


class ProgressBar:
    """Shows a job's events: a bar with remaining time on a terminal, else a line for each epoch."""

    def __init__(self) -> None:
        self._bar: Any = None
        self._kind: Any = None
        self._seen = 0

    def __call__(self, event: Event) -> None:
        match event:
            case LogLine(text):
                say(text)
            case FilesRead(done, count):
                self._advance("reading files", done, count, "file")
            case FilesWritten(done, count):
                self._advance("writing", done, count, "part")
            case EpochStarted(epoch, epochs, batches):
                self._advance("training", (epoch - 1) * batches, epochs * batches, "step")
                self._describe(f"epoch {epoch}/{epochs}")
            case BatchEnded(epoch, batch, batches, loss, _):
                self._advance("training", (epoch - 1) * batches + batch, None, "step")
                self._note(f"loss {loss:.4f}")
            case EpochEnded():
                self._epoch_line(event)
            case ChangesTried(done, count):
                self._advance("trying changes", done, count, "image")
            case PartTranslated(_, done, parts, index, count):
                self._advance("translating", index - 1, count, "image")
                self._note(f"{done / max(1, parts):.0%} of the next")
            case (
                ImageTranslated(index=index, count=count)
                | SliceTranslated(index, count)
                | ImageSkipped(index=index, count=count)
            ):
                self._advance("translating", index, count, "image")

    def close(self) -> None:
        """Close the progress bar."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None

    def _advance(self, kind: str, done: int, count: int | None, unit: str) -> None:
        if kind != self._kind:
            self.close()
            self._kind = kind
            shown = sys.stderr.isatty()
            self._bar = tqdm(
                desc=kind, total=count, initial=done, unit=unit, disable=not shown, leave=False
            )
            self._seen = done
        self._bar.update(done - self._seen)
        self._seen = done

    def _describe(self, text: str) -> None:
        self._bar.set_description(text)

    def _note(self, text: str) -> None:
        self._bar.set_postfix_str(text)

    def _epoch_line(self, event: EpochEnded) -> None:
        shown = (n for n in event.values if n.endswith("loss"))
        losses = ", ".join(f"{name} {event.values[name]:.4f}" for name in shown)
        best = " (best)" if event.best_epoch == event.epoch else ""
        say(f"Epoch {event.epoch}/{event.epochs}: {losses}{best}, {event.seconds:.1f} s")


@contextlib.contextmanager
def progress() -> Iterator[tuple[Callable[[Event], None], JobControl]]:
    """A reporter and a control for one job; Ctrl+C cancels it at the next batch or image."""
    bar, control = ProgressBar(), JobControl()

    def cancel(_signal: int, _frame: Any) -> None:
        if control.cancel.is_set():
            raise KeyboardInterrupt
        say("Cancelling; press Ctrl+C again to stop at once.")
        control.cancel.set()

    before = signal.signal(signal.SIGINT, cancel)
    try:
        yield bar, control
    finally:
        signal.signal(signal.SIGINT, before)
        bar.close()
