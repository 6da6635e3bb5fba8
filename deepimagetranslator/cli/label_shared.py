"""What the commands around label maps share: the label store, its images and their numbers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from deepimagetranslator.cli import terminal
from deepimagetranslator.core.config.project import Project
from deepimagetranslator.core.errors import Problem, UserError, first_few
from deepimagetranslator.core.labelling.loop.states import KnownImage, counts, known_images
from deepimagetranslator.core.labelling.store import LabelStore, labels_folder


def label_store(path: Path, project: Project) -> LabelStore:
    """The label store of a project file."""
    return LabelStore(project.labels or labels_folder(path.absolute()))


@contextmanager
def opened(store: LabelStore, writes: bool = True) -> Iterator[None]:
    """A store to write to, or only to look at."""
    if not writes:
        store.look()
        yield
        return
    store.open()
    try:
        yield
    finally:
        store.close()


def images_of(path: Path, project: Project, store: LabelStore) -> list[KnownImage]:
    """The images of a project file.

    Raises:
        UserError: there are none.
    """
    images = known_images(project.specs.data, store)
    if not images:
        raise UserError(f"{path} has no training images yet; add some first.")
    return images


def counted(images: Sequence[KnownImage]) -> dict[str, int]:
    """The number of images in each state, for ``--json``."""
    return {state.replace(" ", "_"): number for state, number in counts(images).items()}


def say_skipped(problems: Iterable[Problem]) -> None:
    """What was skipped: the first few files with their reasons."""
    listed = list(problems)
    if listed:
        terminal.say(f"{len(listed)} skipped:")
        terminal.say_problems(first_few(listed, "more were skipped"))
