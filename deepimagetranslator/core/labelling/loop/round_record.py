"""What a run of the loop keeps in its folder: its round, its images, and the corrections so far."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from deepimagetranslator.core.errors import Problem
from deepimagetranslator.core.labelling.loop.corrections import corrections
from deepimagetranslator.core.labelling.loop.validation import Division
from deepimagetranslator.core.labelling.store import LabelStore
from deepimagetranslator.core.system.atomic_write import write_bytes
from deepimagetranslator.core.system.json_text import json_text
from deepimagetranslator.core.system.system_path import is_file
from deepimagetranslator.core.version import PROGRAM

RECORD = "round.json"
"""Its name in the run's folder."""


def is_round(run_dir: Path) -> bool:
    """Whether a run is a training of the loop: it is resumed with the project file in its folder,
    which lists the snapshot."""
    return is_file(run_dir / RECORD)


def write_record(
    run_dir: Path,
    number: int,
    store: LabelStore,
    division: Division,
    left_out: Sequence[Problem],
    start: Path | None,
) -> None:
    """Write it.

    Args:
        run_dir: the run's folder.
        number: of the round.
        store: has the label maps.
        division: the done images.
        left_out: done images that could not be taken.
        start: the weights that the run begins from.

    Raises:
        WriteError: it cannot be written.
    """

    def entries(images: Sequence[Any]) -> list[dict[str, Any]]:
        found = []
        for image in images:
            draft = store.status(image).draft
            entry: dict[str, Any] = {"image": store.text_of(image.path)}
            if draft is not None and draft.corrected is not None:
                entry |= {"drafted_by": draft.round, "corrected_pixels": draft.corrected}
            found.append(entry)
        return found

    data = {
        "format": 1,
        "program": PROGRAM,
        "round": number,
        "start_weights": None if start is None else store.text_of(start),
        "trained_on": entries(division.train),
        "validated_on": entries(division.val),
        "validation_by": division.kind,
        "left_out": [{"image": one.subject, "reason": one.message} for one in left_out],
        "corrected": [one.to_json() for one in corrections(store)],
    }
    write_bytes(run_dir / RECORD, json_text(data).encode(), durable=True)
