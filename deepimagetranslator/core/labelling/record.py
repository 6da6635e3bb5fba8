"""What is known of the labelled images: a small JSON file beside their label maps."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
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
class DraftRecord:
    """A network's draft that was taken over as a label map.

    Attributes:
        round: the number of the loop's training that made it; 0 for another network.
        pixels: of the image.
        confidence: the mean probability of the drafted classes over the pixels, 0 to 1; None if
            unknown.
        corrected: pixels whose class was another one when the image was marked as done; None until
            then.
    """

    round: int = 0
    pixels: int = 0
    confidence: float | None = None
    corrected: int | None = None


@dataclass(frozen=True)
class ImageRecord:
    """What is known of one image.

    Attributes:
        file: the name of its label map.
        state: "to label" without a label map; "draft" with one that is not finished; "done".
        locked: whether its label map must not change; done images are, until they are unlocked.
        draft: the draft that it began with; None if it was painted from the beginning.
    """

    file: str
    state: State = DRAFT
    locked: bool = False
    draft: DraftRecord | None = None


@dataclass(frozen=True)
class Round:
    """One training of the loop.

    Attributes:
        number: from 1.
        run: the run's folder, relative to the project's folder if it lies in it.
        train, val: the inputs that it was trained and validated on, as texts like ``run``.
        start: the folder of the run whose weights it began from; empty for random ones.
    """

    number: int
    run: str
    train: tuple[str, ...] = ()
    val: tuple[str, ...] = ()
    start: str = ""

    def renamed(self, name: Callable[[str], str]) -> Round:
        """The round with other texts for its paths."""
        train, val = (tuple(map(name, texts)) for texts in (self.train, self.val))
        start = self.start and name(self.start)
        return replace(self, run=name(self.run), train=train, val=val, start=start)


@dataclass(frozen=True)
class Record:
    """The classes and images of a folder of label maps.

    Attributes:
        table: the classes.
        images: by the image's text, whose path is relative to the project's folder if it lies in
            it.
        rounds: the trainings on them, oldest first.
    """

    table: ClassTable = field(default_factory=ClassTable)
    images: Mapping[str, ImageRecord] = field(default_factory=dict)
    rounds: tuple[Round, ...] = ()

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
            "images": {text: _entry(one) for text, one in sorted(self.images.items())},
        }
        if self.rounds:
            data["rounds"] = [asdict(one) for one in self.rounds]
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
                rounds = tuple(_round(one) for one in data.get("rounds", ()))
                return cls(ClassTable.from_json(data), images, rounds)
            except (
                KeyError,
                TypeError,
                ValueError,
                AttributeError,
                OverflowError,
                UserError,
            ) as error:
                raise _damaged(path) from error


def _image(data: Any) -> ImageRecord:
    file, state, locked = str(data["file"]), data["state"], data["locked"]
    inside = file == Path(file).name and file not in ("", ".", "..")
    if not inside or state not in (DRAFT, DONE) or not isinstance(locked, bool):
        raise ValueError(file)
    draft = None if data.get("draft") is None else _draft(data["draft"])
    return ImageRecord(file, state, locked, draft)


def _entry(one: ImageRecord) -> dict[str, Any]:
    data: dict[str, Any] = {"file": one.file, "state": one.state, "locked": one.locked}
    return data if one.draft is None else data | {"draft": asdict(one.draft)}


def _draft(data: Any) -> DraftRecord:
    confidence, corrected = data["confidence"], data["corrected"]
    return DraftRecord(
        int(data["round"]),
        int(data["pixels"]),
        None if confidence is None else float(confidence),
        None if corrected is None else int(corrected),
    )


def _round(data: Any) -> Round:
    train, val = (tuple(map(str, data[part])) for part in ("train", "val"))
    return Round(int(data["number"]), str(data["run"]), train, val, str(data["start"]))


def _damaged(path: Path) -> UserError:
    return UserError(
        f"{path} is damaged; restore it from a copy, or move it away to begin with new classes: "
        "the label maps beside it stay."
    )
