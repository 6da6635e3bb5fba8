"""What is known of the labelled images: a small JSON file beside their label maps."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from deepimagetranslator.core.errors import UserError
from deepimagetranslator.core.labelling.class_table import ClassTable
from deepimagetranslator.core.system.atomic_write import write_bytes
from deepimagetranslator.core.system.json_text import json_text
from deepimagetranslator.core.system.system_path import system_path
from deepimagetranslator.core.version import PROGRAM, naming_newer_version

FORMAT = 1
_MOST_BYTES = 2**26
State = Literal["to label", "draft", "done"]
TO_LABEL: State = "to label"
DRAFT: State = "draft"
DONE: State = "done"


@dataclass(frozen=True)
class ImageRecord:
    """What is known of one image.

    Attributes:
        file: the name of its label map.
        state: "to label" without a label map; "draft" with one that is not finished; "done".
        locked: whether its label map must not change; done images are, until they are unlocked.
    """

    file: str
    state: State = DRAFT
    locked: bool = False


@dataclass(frozen=True)
class Record:
    """The classes and images of a folder of label maps.

    Attributes:
        table: the classes.
        images: by the image's text, whose path is relative to the project's folder if it lies in
            it.
    """

    table: ClassTable = field(default_factory=ClassTable)
    images: Mapping[str, ImageRecord] = field(default_factory=dict)

    def with_image(self, text: str, image: ImageRecord) -> Record:
        """The record with another entry for an image."""
        return replace(self, images={**self.images, text: image})

    def write(self, path: Path) -> None:
        """Write it atomically and durably.

        Raises:
            WriteError: it cannot be written.
        """
        data = {
            "format": FORMAT,
            "program": PROGRAM,
            **self.table.to_json(),
            "images": {
                text: {"file": one.file, "state": one.state, "locked": one.locked}
                for text, one in sorted(self.images.items())
            },
        }
        write_bytes(path, json_text(data).encode(), durable=True)

    @classmethod
    def read(cls, path: Path) -> Record:
        """The record of a file; an empty one if there is none.

        Raises:
            UserError: it cannot be read.
        """
        try:
            file = system_path(path)
            if file.stat().st_size > _MOST_BYTES:
                raise ValueError("too large")
            data = json.loads(file.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return cls()
        except (OSError, ValueError, RecursionError) as error:
            raise _damaged(path) from error
        if not isinstance(data, dict) or not isinstance(data.get("format"), int):
            raise _damaged(path)
        with naming_newer_version(path, data.get("program"), data["format"] > FORMAT):
            try:
                images = {str(text): _image(one) for text, one in data["images"].items()}
                return cls(ClassTable.from_json(data), images)
            except (KeyError, TypeError, ValueError, AttributeError, UserError) as error:
                raise _damaged(path) from error


def _image(data: Any) -> ImageRecord:
    file, state, locked = str(data["file"]), data["state"], data["locked"]
    inside = file == Path(file).name and file not in ("", ".", "..")
    if not inside or state not in (DRAFT, DONE) or not isinstance(locked, bool):
        raise ValueError(file)
    return ImageRecord(file, state, locked)


def _damaged(path: Path) -> UserError:
    return UserError(
        f"{path} is damaged; restore it from a copy, or move it away to begin with new classes: "
        "the label maps beside it stay."
    )
