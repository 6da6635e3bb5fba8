"""What a user can put right: one sentence that names the thing and the remedy."""

from __future__ import annotations

from dataclasses import dataclass


class UserError(Exception):
    """Something that the user must change; its text is one plain sentence with the remedy.

    The command line prints it without a traceback and ends with status 2; the window shows it.
    """


@dataclass(frozen=True)
class Problem:
    """One finding about the user's data or choices.

    Attributes:
        subject: the file or field it is about, as the user wrote it.
        message: one sentence: what is wrong and what to do.
        fatal: False for a remark that does not stop training.
    """

    subject: str
    message: str
    fatal: bool = True

    def __str__(self) -> str:
        if self.message.startswith(self.subject):
            return self.message
        return f"{self.subject}: {self.message}"
