"""What the user can have done with label maps besides painting: boxes and files."""

from __future__ import annotations

from collections.abc import Callable

from deepimagetranslator.app.labelling.changes import LabelFileChanged, LabellingNoticed
from deepimagetranslator.app.session import Session
from deepimagetranslator.core.config.classes import parse_colour
from deepimagetranslator.core.errors import UserError
from deepimagetranslator.core.labelling.export import export
from deepimagetranslator.gui.system_dialogs import Boxes

_BACK = (
    "Until you leave, Class > Bring back undoes it; what was painted before can then not be undone "
    "step by step."
)


class LabelCommands:
    """Actions of the labelling mode.

    Args:
        session: the state.
        boxes: file pickers and message boxes.
    """

    def __init__(self, session: Session, boxes: Boxes) -> None:
        self._session, self._boxes = session, boxes
        self._labelling = session.labelling
        session.bus.subscribe(LabelFileChanged, self._on_file_changed)

    def guarded(self, action: Callable[[], object], name: str) -> Callable[[], None]:
        """An action whose error is shown in a box."""
        return self._boxes.guarded(action, name)

    def may_toggle(self) -> bool:
        """Whether there is an image to label, or the mode is on."""
        return self._labelling.active or bool(self._session.viewer.images())

    def toggle(self) -> None:
        """Enter the mode, or leave it.

        Raises:
            UserError: the label maps are open in another window, or cannot be written.
        """
        if self._labelling.active:
            self._labelling.leave()
        elif not self.may_toggle():
            raise UserError("There is no image to paint on; load images first.")
        else:
            self._labelling.enter()

    def may_close(self) -> bool:
        """Whether everything is written, or the user gives up what cannot be."""
        if self._labelling.save_all():
            return True
        question = "Some label maps could not be written. Go on and lose what was painted last?"
        return self._boxes.yes("Label maps are not written", question)

    def save_into_target(self) -> None:
        """Ask, then write the label map in view into its target file.

        Raises:
            UserError: there is none, it was changed meanwhile, or it cannot hold the labels.
        """
        question = (
            "Write this label map into the target file? The file is changed; a copy of it is kept "
            "beside it, with .bak after its name."
        )
        sheet, opened = self._labelling.sheet, self._labelling.opened
        if opened is None:
            return
        if sheet.target is None or self._boxes.yes("Save into target", question):
            copy = sheet.save_into_target(opened)
            self._tell(f"Saved into the target file; {copy} is the file before.")

    def export(self) -> None:
        """Ask for a folder, then write all label maps of the part in view into it.

        Raises:
            UserError: there is none, or it cannot be written.
        """
        opened = self._labelling.opened
        if opened is None or not self._labelling.save_all():
            raise UserError("The label maps are not written yet; free some space first.")
        settings = self._session.settings
        folder = self._boxes.folder("Export label maps into", settings.folder("labels"))
        if folder is None:
            return
        settings.used_folder("labels", folder)
        store, images = opened.store, self._session.viewer.images()

        def done(files: object) -> None:
            count = len(files) if isinstance(files, list) else 0
            self._tell(f"{count} files with label maps are in {folder}.")

        self._tell("Exporting label maps...")
        background, bus = self._session.background, self._session.bus

        def failed(error: Exception) -> None:
            self._tell("")
            bus.publish_error(error, "Export label maps")

        background.run("export labels", lambda: export(store, images, folder), done, failed)

    def begin_anew(self) -> None:
        """Ask, then replace the label map in view by an empty one.

        Raises:
            UserError: the copy cannot be written.
        """
        question = "Begin this label map anew? The present one is kept beside it as a copy (.bak)."
        if self._boxes.yes("Begin anew", question):
            self._labelling.begin_anew()

    def add_class(self) -> None:
        """Add a class, and choose it.

        Raises:
            UserError: there are 32.
        """
        self._labelling.choose_class(self._labelling.classes.add())

    def recolour(self) -> None:
        """Ask for another colour of the chosen class."""
        labelling = self._labelling
        number = labelling.choice.number
        before = "#{:02x}{:02x}{:02x}".format(*labelling.classes.table.shown_colour(number))
        colour = self._boxes.colour("Colour of the class", before)
        if colour and number:
            labelling.classes.recolour(number, parse_colour(colour))
            labelling.changed_choice()

    def merge(self, into: int) -> None:
        """Ask, then make the chosen class part of another one in all label maps.

        Raises:
            UserError: it is the background or the only class.
        """
        labelling = self._labelling
        number, table = labelling.choice.number, labelling.classes.table
        question = (
            f"Make {table.name(number)} part of {table.name(into)} in all label maps? {_BACK}"
        )
        if self._boxes.yes("Merge classes", question):
            labelling.merge_class(number, into)

    def delete(self) -> None:
        """Ask, then delete the chosen class in all label maps.

        Raises:
            UserError: it is the background or the only class.
        """
        labelling = self._labelling
        number = labelling.choice.number
        question = (
            f"Delete {labelling.classes.table.name(number)} in all label maps? Its pixels become "
            f"background. {_BACK}"
        )
        if self._boxes.yes("Delete class", question):
            labelling.delete_class(number)

    def _tell(self, text: str) -> None:
        self._session.bus.publish(LabellingNoticed(text))

    def _on_file_changed(self, change: LabelFileChanged) -> None:
        answers = ("Keep what I painted", "Take over the file", "Later")
        answer = self._boxes.choose("Label map changed", change.text, answers)
        if answer == 0:
            change.keep()
        elif answer == 1:
            change.take()
