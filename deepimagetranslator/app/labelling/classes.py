"""Changes of the classes while labels are painted; the project's Label colours follow."""

from __future__ import annotations

from dataclasses import replace

from deepimagetranslator.app.project_state import ProjectState
from deepimagetranslator.core.config.classes import (
    Colour,
    LabelClass,
    parse_classes,
    to_texts,
)
from deepimagetranslator.core.data.labels.choice import classes_of
from deepimagetranslator.core.data.labels.palette import Palette
from deepimagetranslator.core.errors import UserError
from deepimagetranslator.core.labelling.class_table import ClassTable, NumbersTakenError
from deepimagetranslator.core.labelling.label_map import BACKGROUND, Classes
from deepimagetranslator.core.labelling.loop.classes import numbers_of_network
from deepimagetranslator.core.labelling.replaced import Replacement
from deepimagetranslator.core.labelling.store import LabelStore


class ClassList:
    """The classes of a label store, in step with the project's.

    Args:
        project: gets the classes as its Label colours.
        store: holds the label maps.
    """

    def __init__(self, project: ProjectState, store: LabelStore) -> None:
        self._project, self._store = project, store
        self._made_up = False

    @property
    def table(self) -> ClassTable:
        """The classes."""
        return self._store.table

    def adopt(self, unused: bool = False) -> None:
        """Take over the project's classes; a project without any gets one besides the background.

        Args:
            unused: whether nothing is painted yet, so that this one may go again: the classes of
                targets are known only when these have been read.

        Raises:
            UserError: there would be more than 32 classes.
        """
        listed = _listed(self._project)
        fresh = bool(listed) and self._made_up and unused
        table = (ClassTable() if fresh else self.table).with_project(listed)
        if len(table.classes) < 2:
            table, _ = table.add()
            self._made_up = True
        self._store.use_table(table)

    def add(self, name: str = "") -> int:
        """Add a class; returns its number.

        Raises:
            UserError: there are 32, or another one has the name.
        """
        try:
            table, number = self.table.add(name)
        except NumbersTakenError:
            self._store.settle()
            table, number = self.table.add(name)
        self._set(table)
        return number

    def rename(self, number: int, name: str) -> None:
        """Rename a class.

        Raises:
            UserError: another class has the name.
        """
        self._set(self.table.rename(number, name))

    def recolour(self, number: int, colour: Colour) -> None:
        """Set the colour in which a class is shown and exported."""
        self._set(self.table.recolour(number, colour))

    def merge(self, number: int, into: int) -> None:
        """Make a class part of another one, in all label maps.

        Raises:
            UserError: it is the background.
        """
        self._require_another(into)
        self._replace(number, self.table.merge(number, into))

    def delete(self, number: int) -> None:
        """Delete a class; its pixels become background, in all label maps.

        Raises:
            UserError: it is the background.
        """
        self._require_another(BACKGROUND)
        self._replace(number, self.table.delete(number))

    @property
    def undoable(self) -> str:
        """The name of the class that was merged or deleted last and can be brought back."""
        steps = self._store.replaced.steps
        return steps[-1].name if steps else ""

    def undo(self) -> int:
        """Bring the class back that was merged or deleted last; returns its number.

        All label maps must be written.

        Raises:
            UserError: there are 32 classes, another one has its name, or a file cannot be written.
        """
        step = self._store.restore_class()
        self._tell_project()
        return step.number

    def numbers_of(self, image: Classes, palette: Palette) -> Classes:
        """The class numbers of a predicted label map.

        Args:
            image: (height, width, 1 or 3) in the colours of translated images.
            palette: of the network.

        Raises:
            UserError: a class of the network is none of these.
        """
        written = replace(palette, colours=palette.written or palette.colours, written=(), also=())
        indices = replace(written, rest=-1, snap=True).encode(image, "The prediction")
        found: Classes = numbers_of_network(palette, self.table)[indices]
        return found

    def _require_another(self, into: int) -> None:
        if into == BACKGROUND and len(self.table.classes) <= 2:
            raise UserError("This is the only class besides the background; add another one first.")

    def _replace(self, number: int, table: ClassTable) -> None:
        before = self.table
        self._set(table)
        self._store.replaced.steps.append(Replacement(number, before))

    def _set(self, table: ClassTable) -> None:
        self._made_up = False
        self._store.set_table(table)
        self._tell_project()

    def _tell_project(self) -> None:
        listed = [one for _, one in self.table.classes]
        if len(listed) >= 2:
            data = self._project.specs.data
            self._project.set_section("data", replace(data, labels=to_texts(listed)))


def _listed(project: ProjectState) -> tuple[LabelClass, ...]:
    """The project's classes: those that the user has chosen, else those of the targets."""
    data = project.specs.data
    if data.target_kind == "values":
        return ()
    if data.labels:
        return parse_classes(data.labels)
    dataset = project.dataset
    return classes_of(dataset.palette) if dataset is not None and dataset.palette else ()
