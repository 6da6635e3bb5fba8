"""What all commands share: the session, the boxes, and errors as sentences."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable

from deepimagetranslator.app.session import Session
from deepimagetranslator.core.errors import UserError
from deepimagetranslator.gui.system_dialogs import Boxes


class CommandBase:
    """What every group of commands has.

    Args:
        root: of the window.
        session: the truth.
        boxes: file pickers and message boxes.
        leave: ends the program.

    Attributes:
        places: where other windows lie, to be remembered.
    """

    def __init__(
        self, root: tk.Tk, session: Session, boxes: Boxes, leave: Callable[[], None]
    ) -> None:
        self.root = root
        self.session = session
        self.boxes = boxes
        self._leave = leave
        self.places: dict[str, str] = {}

    def guarded(self, action: Callable[[], object]) -> Callable[[], None]:
        """The action with what the user can put right shown as a sentence."""

        def run() -> None:
            try:
                action()
            except UserError as error:
                self.boxes.fail("That did not work", str(error), "")

        return run

    def _failed(self, error: Exception) -> None:
        self.boxes.fail("That did not work", str(error), "")
