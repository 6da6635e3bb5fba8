"""The files of label maps: a PNG of class numbers for each image, replaced whole and durably.

The name of a label map follows from its image's path relative to the project's folder, so that the
two find each other again when that folder is moved. One process at a time uses a folder.
"""

from __future__ import annotations

import os
import threading
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from deepimagetranslator.core.errors import UserError
from deepimagetranslator.core.imaging.files import LABELS_RECORD
from deepimagetranslator.core.imaging.image_ref import ImageRef, parse_images
from deepimagetranslator.core.labelling.class_table import ClassTable
from deepimagetranslator.core.labelling.copying import copied
from deepimagetranslator.core.labelling.kept_drafts import KeptDrafts
from deepimagetranslator.core.labelling.label_map import Classes
from deepimagetranslator.core.labelling.names import file_name, text_of
from deepimagetranslator.core.labelling.number_files import png_of, read_numbers
from deepimagetranslator.core.labelling.record import (
    DONE,
    DRAFT,
    TO_LABEL,
    DraftRecord,
    ImageRecord,
    Record,
    Round,
)
from deepimagetranslator.core.labelling.replaced import ReplacedClasses, Replacement
from deepimagetranslator.core.labelling.stamps import Stamps
from deepimagetranslator.core.system.atomic_write import write_bytes, writing
from deepimagetranslator.core.system.backup import back_up
from deepimagetranslator.core.system.lock import FileLock, HeldError
from deepimagetranslator.core.system.moving import make_folder
from deepimagetranslator.core.system.system_path import file_stamp, system_path
from deepimagetranslator.core.system.temporary import sweep

RECORD, _LOCK = LABELS_RECORD, "labels.lock"


def labels_folder(project: Path) -> Path:
    """The folder with the label maps of a project file: ``labels/NAME`` beside it."""
    return project.parent / "labels" / project.stem


class LabelStore:
    """The label maps of one project, and what is known of their images.

    Args:
        folder: of the label maps, see ``labels_folder``.

    Attributes:
        home: the project's folder; paths of images inside it are stored relative to it.
        replaced: merged and deleted classes that can be brought back.
    """

    def __init__(self, folder: Path) -> None:
        self.folder, self.home = folder, folder.parent.parent
        self.replaced = ReplacedClasses()
        self._drafts = KeptDrafts(folder)
        self._record = Record()
        self._stamps = Stamps()
        self._lock: FileLock | None = None
        self._busy = threading.RLock()

    def open(self) -> None:
        """Take the folder for this process, and read what is known of the images.

        Raises:
            UserError: another process uses it, or its record is damaged.
        """
        lock = FileLock(self.folder / _LOCK)
        with writing(self.folder):
            make_folder(system_path(self.folder), False)
        try:
            with writing(lock.path):
                lock.take()
        except HeldError as error:
            raise UserError(
                f"The label maps in {self.folder} are open in another window ({error.holder}); "
                "paint there, or close it first."
            ) from None
        try:
            sweep(self.folder)
            self._record = Record.read(self.folder / RECORD)
        except BaseException:
            lock.release()
            raise
        self._lock = lock

    def look(self) -> None:
        """Read what is known of the images without taking the folder; nothing may be written.

        Raises:
            UserError: its record is damaged.
        """
        self._record = Record.read(self.folder / RECORD)

    def close(self) -> None:
        """Let other processes use the folder; an empty one is deleted."""
        if self._lock is not None:
            self._lock.release()
        self._lock = None
        for folder in (self._drafts.folder, self.folder, self.folder.parent):
            with suppress(OSError):  # it holds label maps
                system_path(folder).rmdir()

    # ---- classes and states ----------------------------------------------------------------

    @property
    def table(self) -> ClassTable:
        """The classes."""
        return self._record.table

    def use_table(self, table: ClassTable) -> None:
        """Set the classes without writing them until something else is written."""
        with self._busy:
            self._record = replace(self._record, table=table)

    def set_table(self, table: ClassTable) -> None:
        """Set the classes.

        Raises:
            WriteError: they cannot be written; they stay as they were.
        """
        with self._busy:
            self._keep(replace(self._record, table=table))

    def status(self, image: ImageRef) -> ImageRecord:
        """What is known of an image."""
        text = self.text_of(image.path)
        known = self._record.images.get(text)
        return known or ImageRecord(file_name(image, text), TO_LABEL)

    def mark_done(self, image: ImageRef) -> None:
        """Mark an image as done, which locks it; what was corrected in its draft is counted.

        Raises:
            WriteError: it cannot be written.
        """
        with self._busy:
            known = self.status(image)
            draft = known.draft
            if draft is not None:
                draft = replace(draft, corrected=self._drafts.corrected(known.file, self.table))
            self._set(image, replace(known, state=DONE, locked=True, draft=draft))

    def unlock(self, image: ImageRef) -> None:
        """Let a done image be changed.

        Raises:
            WriteError: it cannot be written.
        """
        with self._busy:
            self._set(image, replace(self.status(image), locked=False))

    @property
    def record(self) -> Record:
        """All that is known of the images, and of the trainings on them."""
        return self._record

    def add_round(self, new: Round) -> None:
        """Add a training, in the place of one of the same number and of later ones.

        Raises:
            WriteError: it cannot be written.
        """
        with self._busy:
            earlier = tuple(one for one in self._record.rounds if one.number < new.number)
            self._keep(replace(self._record, rounds=(*earlier, new)))

    def text_of(self, path: Path) -> str:
        """A path as the record names it, see ``names.text_of``."""
        return text_of(path, self.home)

    def done(self) -> list[ImageRef]:
        """The images that are done, in the order of their paths."""
        return self._with_state({DONE})

    def begun(self) -> list[ImageRef]:
        """All images that have a label map, in the order of their paths."""
        return self._with_state({DRAFT, DONE})

    def _with_state(self, states: set[str]) -> list[ImageRef]:
        listed = sorted(self._record.images.items())
        texts = [text for text, one in listed if one.state in states]
        return parse_images(os.path.join(self.home, text) for text in texts)  # noqa: PTH118

    # ---- label maps ------------------------------------------------------------------------

    def path(self, image: ImageRef) -> Path:
        """The file of an image's label map, which need not exist."""
        return self.folder / self.status(image).file

    def read(
        self, image: ImageRef, shape: tuple[int, int], *, to_paint: bool = True
    ) -> Classes | None:
        """The label map of an image, (height, width); None if it has none.

        Args:
            image: the image.
            shape: its height and width.
            to_paint: a later ``write`` goes on from what is read now; otherwise it still tells of
                a change by another program since the reading before.

        Raises:
            UserError: the file is damaged, has another size, or holds unknown class numbers.
        """
        path = self.path(image)
        with self._busy:
            stamp = file_stamp(path)
            if to_paint:
                self._stamps.note(path, stamp)
            if stamp is None:
                return None
            numbers = read_numbers(path)
        if numbers.shape != shape:
            (high, wide), (height, width) = numbers.shape, shape
            raise UserError(
                f"{path} has {wide} x {high} pixels, but its image {image} has {width} x {height}; "
                "restore the image, or begin its label map anew."
            )
        found = self.table.read(numbers, str(path))
        if to_paint:
            self.replaced.note(image, numbers, self.table)
        return found

    def write(self, image: ImageRef, numbers: Classes, *, anyway: bool = False) -> None:
        """Write the label map of an image; a done image becomes a draft.

        Safe to call in a thread.

        Args:
            image: the image.
            numbers: (height, width) uint8.
            anyway: replace a file that another program has changed; a copy (.bak) of it is kept.

        Raises:
            ChangedMeanwhileError: another program has changed the file since it was read.
            WriteError: it cannot be written; the former file stays.
        """
        path = self.path(image)
        data = png_of(numbers)
        with self._busy:
            self._require_free(image, path, anyway)
            known = self.status(image)
            if known.state != DRAFT:
                self._set(image, replace(known, state=DRAFT))
            write_bytes(path, data, durable=True)
            self._stamps.note(path, file_stamp(path))

    def take_draft(self, image: ImageRef, numbers: Classes, draft: DraftRecord) -> None:
        """Write a network's draft as the label map of an image.

        Args:
            image: the image.
            numbers: (height, width) uint8.
            draft: what is known of the draft.

        Raises:
            UserError, WriteError: see ``write``.
        """
        with self._busy:
            self._require_free(image, self.path(image), False)
            self.keep_draft(image, numbers, draft)  # first: after a kill it is no painted one
            self.write(image, numbers)

    def keep_draft(self, image: ImageRef, numbers: Classes, draft: DraftRecord) -> None:
        """Note that an image's label map begins with this draft, and keep a copy to compare with.

        Arguments as ``take_draft``.
        """
        with self._busy:
            known = self.status(image)
            self._drafts.write(known.file, numbers)
            state = DRAFT if known.state == TO_LABEL else known.state
            self._set(image, replace(known, state=state, draft=draft))

    def untouched(self, image: ImageRef) -> bool:
        """Whether an image's label map is still the network's draft, so that a new one may replace
        it."""
        known = self.status(image)
        if known.state != DRAFT or known.draft is None:
            return False
        return (
            file_stamp(self.folder / known.file) is None
            or self._drafts.corrected(known.file, self.table) == 0
        )

    def forget(self, image: ImageRef) -> None:
        """Begin anew: move a label map that cannot be used to a copy (.bak) beside it.

        Raises:
            WriteError: the copy cannot be written.
        """
        path = self.path(image)
        with self._busy:
            if file_stamp(path) is not None:
                back_up(path)
                with writing(path):
                    system_path(path).unlink()
            self._stamps.note(path, None)
            self._drafts.delete(path.name)
            images = {k: v for k, v in self._record.images.items() if k != self.text_of(image.path)}
            self._keep(replace(self._record, images=images))

    def restore_class(self) -> Replacement:
        """Bring the class back that was merged or deleted last; returns which.

        Pixels that had it have it again, unless they were painted over since. All that is painted
        must be written.

        Raises:
            UserError: there are 32 classes, another one has its name, or a file cannot be written.
        """
        step, after = self.replaced.steps[-1], self.table
        self.set_table(after.restored(step.number, step.before))
        self.replaced.steps.pop()
        for path, numbers in self.replaced.put_back(self.path, self.table, after):
            self._rewrite(path, numbers)
        return step

    def settle(self) -> None:
        """Write all label maps again, so that the numbers of deleted classes are free.

        Raises:
            UserError: a file cannot be read or written; what was written stays right.
        """
        if not self.table.replaced:
            return
        for image in self.begun():
            path = self.path(image)
            if file_stamp(path) is not None:
                self._rewrite(path, self.table.read(read_numbers(path), str(path)))
            kept = self._drafts.read(path.name)
            if kept is not None:
                self._drafts.write(path.name, self.table.read(kept, path.name))
        self.set_table(self.table.settled())
        self.replaced.forget()

    def _rewrite(self, path: Path, numbers: Classes) -> None:
        with self._busy:
            write_bytes(path, png_of(numbers), durable=True)
            self._stamps.note(path, file_stamp(path))

    def copy_to(self, folder: Path) -> LabelStore:
        """Copy all label maps to the folder of another project file, and open that one.

        Raises:
            UserError: a file cannot be copied, or another process uses the folder.
        """
        other = LabelStore(folder)
        other.open()
        try:
            known = {image: self.status(image) for image in self.begun()}
            images = copied(known, self.folder, other.folder, other.text_of)
            rounds = tuple(
                one.renamed(lambda text: other.text_of(self.home / text))
                for one in self._record.rounds
            )
            other._keep(Record(self.table, images, rounds))
            other.replaced = self.replaced
        except BaseException:
            other.close()
            raise
        return other

    def delete(self) -> None:
        """Delete all its files, after ``copy_to``; what cannot be deleted stays."""
        files = [self.path(image) for image in self.begun()]
        for file in (*files, self.folder / RECORD):
            self._drafts.delete(file.name)
            with suppress(OSError):
                system_path(file).unlink()
        self.close()

    def _require_free(self, image: ImageRef, path: Path, anyway: bool) -> None:
        """Refuse to write over a done label map, or one that another program has changed."""
        self._stamps.require_own(path, anyway)
        if self.status(image).locked:
            raise UserError(f"{image} is done and locked; unlock it before you change it.")

    def _set(self, image: ImageRef, known: ImageRecord) -> None:
        with self._busy:
            self._keep(self._record.with_image(self.text_of(image.path), known))

    def _keep(self, record: Record) -> None:
        with self._busy:
            record.write(self.folder / RECORD)
            self._record = record
