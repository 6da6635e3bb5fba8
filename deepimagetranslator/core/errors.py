"""Errors and findings that the user can fix: a sentence, and a remedy that each front end words."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal
from unicodedata import category

FEW = 5
_UNSHOWN = ("Cc", "Cs", "Zl", "Zp")  # control characters, surrogates, line and paragraph ends


Action = Literal[
    "resume",
    "train_from_weights",
    "new_project",
    "choose_series",
    "choose_target_series",
    "choose_groups",
    "choose_window",
    "join_classes",
    "change_targets",
    "train_on_labels",
]
"""Actions of the user, by name: resume a run, start a run from the weights of another, make a
project, choose one of several DICOM series (for the targets), say which part of the file names
identifies a person, choose the intensity window of the inputs, join colours to one class, say how
targets are to be read, train on the images whose label maps are done."""


@dataclass(frozen=True)
class Remedy:
    """How the user can fix a problem. Messages name no option or menu; each front end does.

    Attributes:
        settings: fields with their new values, such as ("model.target_channels", 0).
        action: the action to take; empty for none.
    """

    settings: tuple[tuple[str, Any], ...] = ()
    action: Action | Literal[""] = ""


@dataclass(frozen=True)
class Repair:
    """A change of the project that repairs a problem; the files on disk stay as they are.

    Attributes:
        label: the text of its button, for instance "Leave out these 3 pairs".
        leave_out: input or target files whose pairs are removed from the project.
        part: the part they are removed from, "train" or "val"; empty for both.
        settings: fields with their new values, such as ("data.snap_labels", True).
        changes: targets and the changes with which they are then read, such as
            ("masks/a.png", "turn_90"); without a name all changes of the target are removed. See
            ``core.config.target_changes``.
        name: a word to choose it by among several repairs of a finding.
        guess: it may be wrong, so it is applied only if the user chooses this kind of finding.
    """

    label: str
    leave_out: tuple[str, ...] = ()
    part: str = ""
    settings: tuple[tuple[str, Any], ...] = ()
    changes: tuple[tuple[str, str], ...] = ()
    name: str = ""
    guess: bool = False


@dataclass(frozen=True)
class Problem:
    """One finding about the user's data or choices.

    Attributes:
        subject: the file or field it is about, as the user wrote it.
        message: one sentence: what is wrong and what to do.
        fatal: False for a warning or note that does not stop training.
        kind: the kind of finding, such as "duplicates"; empty outside the data check.
        files: the files it is about, if there are several.
        repair: the repair that the program offers; None if only the user can fix it.
        others: further repairs; the user chooses one of all.
        persons: names of persons in the message that were read from files, such as DICOM
            patients. They are for the screen only, see ``without_persons``.
        remedy: how the user can fix it; None if the message says it.
    """

    subject: str
    message: str
    fatal: bool = True
    kind: str = ""
    files: tuple[str, ...] = ()
    repair: Repair | None = None
    persons: tuple[str, ...] = ()
    remedy: Remedy | None = None
    others: tuple[Repair, ...] = ()

    @property
    def repairs(self) -> tuple[Repair, ...]:
        """All repairs that the program offers, the preferred one first."""
        return (self.repair, *self.others) if self.repair is not None else self.others

    @property
    def without_persons(self) -> str:
        """The message for files and logs, with "person 1" and so on instead of names."""
        numbered = enumerate(self.persons, 1)
        names = {name: f"person {number}" for number, name in numbered if name}
        if not names:
            return self.message
        longest_first = sorted(map(re.escape, names), key=len, reverse=True)
        pattern = rf"(?<!\w)(?:{'|'.join(longest_first)})(?!\w)"
        return re.sub(pattern, lambda found: names[found[0]], self.message)

    @property
    def for_files(self) -> str:
        """The text, with its subject, for files, logs and ``--json``; see ``without_persons``."""
        return str(replace(self, message=self.without_persons))

    def __str__(self) -> str:
        if self.message.startswith(self.subject):
            return self.message
        return f"{self.subject}: {self.message}"


class UserError(Exception):
    """An error that the user can fix; its text is one plain sentence.

    The command line prints it without a traceback and ends with status 2; the window shows it.
    Characters that cannot be printed in one line (text from damaged files may hold some) become
    "?". Several messages have one line each.

    Args:
        messages: the sentences.
        remedy: how the user can fix the last one, if its sentence does not say it.

    Attributes:
        problems: the sentences with their remedies.
    """

    def __init__(self, *messages: str, remedy: Remedy | None = None) -> None:
        lines = [printable(message) for message in messages]
        super().__init__("\n".join(lines))
        self.problems = tuple(Problem("", line) for line in lines)
        if remedy is not None:
            self.problems = (*self.problems[:-1], replace(self.problems[-1], remedy=remedy))

    @property
    def for_files(self) -> str:
        """The text for files, logs and ``--json``, with "person 1" instead of names."""
        return "\n".join(problem.for_files for problem in self.problems)


class DataProblems(UserError):
    """Several problems at once; the text has one line per problem."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__(*map(str, problems))
        self.problems = tuple(problems)


def printable(text: str) -> str:
    """The text with a "?" for each character that cannot be printed in one line."""
    return "".join("?" if category(x) in _UNSHOWN else x for x in text)


def first_few(problems: Sequence[Problem], rest: str) -> list[Problem]:
    """Shorten a list of problems of one kind, each about one file.

    Args:
        problems: each has its file as the subject, and either no repair or one that leaves the
            file out.
        rest: the text after the number of the others, such as "more files cannot be read".

    Returns:
        The first five problems, and one that sums up the rest if there are two or more.
    """
    few, others = list(problems[:FEW]), problems[FEW:]
    if len(others) < 2:
        return [*few, *others]
    files = tuple(problem.subject for problem in others)
    repair = Repair(f"Leave out these {len(files)} files", files) if others[0].repair else None
    first = others[0]
    message = f"{len(files)} {rest}, for example {files[0]}."
    return [*few, Problem(first.kind, message, first.fatal, first.kind, files, repair)]
