"""Where the label maps of the project lie, and their move when the project gets another file."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from deepimagetranslator.app.background import Background
from deepimagetranslator.app.events import Bus
from deepimagetranslator.app.labelling.open_labels import OpenLabels
from deepimagetranslator.app.project_state import ProjectState, unsaved_projects
from deepimagetranslator.core.errors import UserError
from deepimagetranslator.core.labelling.store import RECORD, LabelStore, labels_folder
from deepimagetranslator.core.system.system_path import is_file


class LabelPlace:
    """The folder of the project's label maps.

    Args:
        project: the project.
        background: copies files.
        bus: gets errors.

    Attributes:
        folder: it.
        moving: whether the label maps are being copied beside the project.
    """

    def __init__(self, project: ProjectState, background: Background, bus: Bus) -> None:
        self._project, self._background, self._bus = project, background, bus
        self.moving = False
        self._unsaved: Path | None = None
        self.folder = self._wanted()

    def follow(self) -> None:
        """Another project is open: its folder is another one."""
        self._unsaved = None
        self.folder = self._wanted()

    def note(self) -> None:
        """Let the project know a folder that does not lie beside its file."""
        if self._project.path is None:
            self._project.set_labels(self.folder)

    @property
    def target(self) -> Path | None:
        """The folder to move to, since the project was saved elsewhere; None if there is none."""
        path = self._project.path
        if path is None:
            return None
        beside = labels_folder(path.absolute())
        return None if beside == self.folder or not is_file(self.folder / RECORD) else beside

    def saved(self, opened: OpenLabels | None, still: Callable[[OpenLabels], bool]) -> None:
        """The project was saved: move its label maps beside it, in a thread.

        Args:
            opened: the label maps if they are being painted.
            still: whether they still are.
        """
        target, before = self.target, self.folder
        if self.moving:
            return  # where to is looked up again at the end
        if target is None:
            if not is_file(self.folder / RECORD):
                self.folder = self._wanted()
            return
        made: list[LabelStore] = []
        self.moving = True

        def copy() -> None:
            source = LabelStore(before) if opened is None else opened.store
            if opened is None:
                source.open()
            try:
                made.append(source.copy_to(target))
                if opened is not None:
                    opened.autosave.use(made[0])  # a tool or stroke may have ended meanwhile
            finally:
                if opened is None:
                    source.close()

        def ended(error: Exception | None) -> None:
            if error is not None:
                self._stay(before)
                self.moving = False
                self._bus.publish_error(error, "Move label maps")
                return
            self.moving = False
            if opened is not None and still(opened):
                opened.use(made[0])
            else:
                made[0].close()
            if self.folder == before:  # no other project is open meanwhile
                self._moved(before, target)
                self.saved(opened, still)  # it may have been saved elsewhere meanwhile

        if opened is not None:
            opened.autosave.do(copy, ended)
        else:
            self._background.run("move label maps", copy, lambda _: ended(None), ended)

    def _stay(self, before: Path) -> None:
        """The label maps could not be copied: the project says where they are."""
        if self.folder == before and self._project.contents.labels is None:
            self._name(before)

    def _moved(self, before: Path, after: Path) -> None:
        """The project says where its label maps are now, then those of an unsaved one go."""
        self.folder = after
        if self._project.contents.labels != before:
            return
        named = self._name(None if self.target is None else after)
        if named and before.is_relative_to(unsaved_projects()):
            left = LabelStore(before)
            with suppress(UserError):
                left.open()
                left.delete()

    def _name(self, labels: Path | None) -> bool:
        """Write into the project file where the label maps are; whether it was written."""
        self._project.set_labels(labels)
        path, moving, self.moving = self._project.path, self.moving, True  # begin no move
        try:
            if path is not None:
                self._project.save(path)
        except UserError as error:
            self._bus.publish_error(error, "Save project")
            return False
        finally:
            self.moving = moving
        return path is not None

    def _wanted(self) -> Path:
        project = self._project
        if project.contents.labels is not None:
            return project.contents.labels
        if project.path is not None:
            return labels_folder(project.path.absolute())
        if self._unsaved is None:
            name = f"{datetime.now():%Y-%m-%d_%H-%M-%S}-{os.getpid()}"
            self._unsaved = unsaved_projects() / "labels" / name
        return self._unsaved
