"""What a user can put right: one sentence that names the thing and the remedy."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from unicodedata import category

FEW = 5
_UNSHOWN = ("Cc", "Cs", "Zl", "Zp")  # control characters, half characters, line ends


class UserError(Exception):
    """Something that the user must change; its text is one plain sentence with the remedy.

    The command line prints it without a traceback and ends with status 2; the window shows it.
    What cannot be printed in one line, as a damaged file's words may hold, becomes "?"; several
    messages have a line each.
    """

    def __init__(self, *messages: str) -> None:
        lines = ("".join("?" if category(x) in _UNSHOWN else x for x in m) for m in messages)
        super().__init__("\n".join(lines))


@dataclass(frozen=True)
class Repair:
    """A change of the project that repairs a problem; the files on disk stay as they are.

    Attributes:
        label: what a button says, for instance "Leave out these 3 pairs".
        leave_out: input or target files whose pairs are taken out of the project.
        part: where they are taken out, "train" or "val"; empty for both.
        settings: fields with their new values, such as ("data.snap_labels", True).
    """

    label: str
    leave_out: tuple[str, ...] = ()
    part: str = ""
    settings: tuple[tuple[str, Any], ...] = ()


@dataclass(frozen=True)
class Problem:
    """One finding about the user's data or choices.

    Attributes:
        subject: the file or field it is about, as the user wrote it.
        message: one sentence: what is wrong and what to do.
        fatal: False for a warning or note that does not stop training.
        kind: one word for what was found, such as "duplicates"; empty outside the data check.
        files: the files it is about, if there are several.
        repair: what repairs it; None if only the user can.
        persons: names of people in the message that come from inside files, such as DICOM
            patients; for the screen only, see ``without_persons``.
    """

    subject: str
    message: str
    fatal: bool = True
    kind: str = ""
    files: tuple[str, ...] = ()
    repair: Repair | None = None
    persons: tuple[str, ...] = ()

    @property
    def without_persons(self) -> str:
        """The message for files and logs: "person 1" instead of a name."""
        numbered = enumerate(self.persons, 1)
        names = {name: f"person {number}" for number, name in numbered if name}
        if not names:
            return self.message
        longest_first = sorted(map(re.escape, names), key=len, reverse=True)
        pattern = rf"(?<!\w)(?:{'|'.join(longest_first)})(?!\w)"
        return re.sub(pattern, lambda found: names[found[0]], self.message)

    def __str__(self) -> str:
        if self.message.startswith(self.subject):
            return self.message
        return f"{self.subject}: {self.message}"


def first_few(problems: Sequence[Problem], rest: str) -> list[Problem]:
    """Problems of one kind that are each about one file: the first five, and one for the rest.

    Args:
        problems: each with its file as the subject, and a repair that leaves it out or none.
        rest: what is wrong with the others, after their number: "more files cannot be read".
    """
    few, others = list(problems[:FEW]), problems[FEW:]
    if len(others) < 2:
        return [*few, *others]
    files = tuple(problem.subject for problem in others)
    repair = Repair(f"Leave out these {len(files)} files", files) if others[0].repair else None
    first = others[0]
    message = f"{len(files)} {rest}, {files[0]} for one."
    return [*few, Problem(first.kind, message, first.fatal, first.kind, files, repair)]
