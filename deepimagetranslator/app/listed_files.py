"""Files that were listed, as a change of a project's lists of files."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from deepimagetranslator.app.project_state import match_once
from deepimagetranslator.app.views import TRAINING, VALIDATION
from deepimagetranslator.core.config.specs import DataSpec
from deepimagetranslator.core.data.pair_lists import with_more
from deepimagetranslator.core.data.suggestions import SeenTargets, look_at
from deepimagetranslator.core.imaging.image_ref import ImageRef, parse_images

Files = Mapping[str, Sequence[ImageRef]]
"""Images by side, with absolute paths."""
_PREFIX = {TRAINING: "train", VALIDATION: "val"}


@dataclass(frozen=True)
class Listed:
    """A change of the project's lists that was computed in a thread.

    Attributes:
        change: gives a data spec with the files.
        before, after: a data spec without and with them.
        seen: what is known of all training targets; None if they were not examined.
    """

    change: Callable[[DataSpec], DataSpec]
    before: DataSpec
    after: DataSpec
    seen: SeenTargets | None = None


def listed_files(change: Callable[[DataSpec], DataSpec], data: DataSpec, look: bool) -> Listed:
    """The change with its pairs found already, and if asked a look at its new targets."""
    after = change(data)
    match_once(after)
    new = after.train_targets if after.train_targets != data.train_targets else ()
    if not look or not new or after.target_changes:  # targets with changes are read by the check
        return Listed(change, data, after)
    seen = look_at(parse_images(new), parse_images(after.train_inputs))
    return Listed(change, data, after, seen)


def with_files(data: DataSpec, part: str, files: Files) -> DataSpec:
    """The lists of a part are these files."""
    names = {f"{_PREFIX[part]}_{side}": tuple(map(str, found)) for side, found in files.items()}
    return replace(data, **names)  # type: ignore[arg-type]


def with_more_files(data: DataSpec, part: str, files: Files) -> DataSpec:
    """These files are added to the lists of a part."""
    group = files.get("inputs", ()), files.get("targets", ())
    return with_more(data, _PREFIX[part], [group])


def with_to_label(data: DataSpec, images: Sequence[ImageRef]) -> DataSpec:
    """These images are to be labelled too."""
    every = dict.fromkeys((*data.unlabelled_inputs, *map(str, images)))
    return replace(data, unlabelled_inputs=tuple(every))
