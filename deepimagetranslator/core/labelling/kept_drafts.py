"""Copies of drafts as a network made them, by which corrections are counted."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from deepimagetranslator.core.errors import UserError
from deepimagetranslator.core.labelling.class_table import ClassTable
from deepimagetranslator.core.labelling.label_map import Classes
from deepimagetranslator.core.labelling.number_files import png_of, read_numbers
from deepimagetranslator.core.system.atomic_write import write_bytes
from deepimagetranslator.core.system.system_path import is_file, system_path


class KeptDrafts:
    """The copies beside the label maps of a folder, in its subfolder ``drafts``.

    A copy has the name of its label map. What cannot be read counts as missing: then the number of
    corrected pixels is unknown, and nothing else.

    Args:
        labels: the folder of the label maps.

    Attributes:
        folder: of the copies; it need not exist.
    """

    def __init__(self, labels: Path) -> None:
        self.folder = labels / "drafts"

    def write(self, name: str, numbers: Classes) -> None:
        """Keep a draft in the place of an earlier one.

        Raises:
            WriteError: it cannot be written.
        """
        write_bytes(self.folder / name, png_of(numbers), durable=True)

    def read(self, name: str) -> Classes | None:
        """The draft of a label map, (height, width) uint8; None if there is none."""
        path = self.folder / name
        with suppress(UserError):
            return read_numbers(path) if is_file(path) else None
        return None

    def corrected(self, name: str, table: ClassTable) -> int | None:
        """The pixels of a label map that are of another class than in its draft; None if unknown.

        Args:
            name: of the label map.
            table: the classes by which both are read.
        """
        with suppress(UserError):
            path, kept = self.folder.parent / name, self.read(name)
            if kept is not None and is_file(path):
                before, now = (table.read(one, name) for one in (kept, read_numbers(path)))
                return int((before != now).sum()) if before.shape == now.shape else None
        return None

    def copy(self, name: str, other: KeptDrafts, other_name: str) -> None:
        """Copy a draft, if there is one, to the drafts of another folder.

        Raises:
            WriteError: it cannot be written.
        """
        kept = self.read(name)
        if kept is not None:
            other.write(other_name, kept)

    def delete(self, name: str) -> None:
        """Delete a draft if there is one."""
        with suppress(OSError):
            system_path(self.folder / name).unlink()
