"""Lists files and folders and opens projects in the background."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TypeVar

from deepimagetranslator.app.background import Background
from deepimagetranslator.app.events import Bus, LoadingChanged, SeveralSeriesFound
from deepimagetranslator.app.listed_files import (
    Files,
    Listed,
    listed_files,
    with_files,
    with_more_files,
    with_to_label,
)
from deepimagetranslator.app.project_state import ProjectState, match_once
from deepimagetranslator.app.viewer import Viewer
from deepimagetranslator.app.views import TRAINING, TRANSLATED, VALIDATION
from deepimagetranslator.core.config.project import Project, load_project
from deepimagetranslator.core.config.specs import DataSpec
from deepimagetranslator.core.data.chosen_changes import read_as_chosen
from deepimagetranslator.core.data.pairs import ImagePair
from deepimagetranslator.core.data.persons import (
    PersonsSeriesError,
    Tree,
    find_persons,
    list_persons,
    with_persons,
    without_files,
)
from deepimagetranslator.core.data.suggestions import SUGGESTED
from deepimagetranslator.core.errors import Problem, UserError
from deepimagetranslator.core.evaluation.disagreement import read_second_look
from deepimagetranslator.core.evaluation.pairing import pairs_to_evaluate
from deepimagetranslator.core.imaging.files import list_images
from deepimagetranslator.core.imaging.image_ref import ImageRef
from deepimagetranslator.core.imaging.series import SeveralSeriesError
from deepimagetranslator.core.system import paths

Result = TypeVar("Result")
Sources = Mapping[str, Path | Sequence[Path]]
"""Files or folders by side: "inputs", "targets"."""
_LISTING = "Listing files..."
_CREATING = "Drawing the sample images"


class Loader:
    """Loads images and projects in the background.

    Args:
        project: gets training and validation images, and opened projects.
        viewer: gets images to translate, and shows what was loaded.
        background: runs the listing and reading.
        bus: gets ``LoadingChanged``, ``SeveralSeriesFound`` and ``ProblemOccurred``.
    """

    def __init__(
        self, project: ProjectState, viewer: Viewer, background: Background, bus: Bus
    ) -> None:
        self._project = project
        self._viewer = viewer
        self._background = background
        self._bus = bus
        self._loading: dict[str, str] = {}
        self._drawn = self._drawn_told = (0, 0)

    @property
    def status(self) -> str:
        """The running task for the status bar; empty if nothing is being loaded."""
        words = next(iter(self._loading.values()), "")
        done, count = self._drawn
        return f"{words}: {done} of {count}" if words == _CREATING and count else words

    @property
    def part(self) -> float | None:
        """The completed fraction of the drawing of the sample images; None while there is none."""
        done, count = self._drawn
        return done / count if count and _CREATING in self._loading.values() else None

    def tick(self) -> None:
        """Publish the progress of the drawing if there is any."""
        if self._drawn != self._drawn_told:
            self._drawn_told = self._drawn
            self._bus.publish(LoadingChanged())

    def open(self, path: Path) -> None:
        """Load a project file."""

        def work() -> Project:
            contents = load_project(path)
            match_once(contents.specs.data)
            return contents

        def opened(contents: Project) -> None:
            self._project.take_over(contents, path)

        self._run("Open project", _LISTING, work, opened)

    def load(
        self,
        part: str,
        sources: Sources,
        done: Callable[[], object] = lambda: None,
        series: Mapping[str, str] | None = None,
        add: bool = False,
    ) -> None:
        """List files and folders, then load the files found.

        If a folder holds several DICOM series, ``SeveralSeriesFound`` is published, and loading
        goes on with the series that is chosen.

        Args:
            part: one of ``PARTS``.
            sources: files or folders of one side or of both.
            done: called when the files are loaded.
            series: the UID of the DICOM series to load, by side.
            add: keep the files that are there; the new ones are paired by themselves.
        """
        chosen = dict(series or {})

        def again(side: str, uid: str) -> None:
            self.load(part, sources, done, chosen | {side: uid}, add)

        def listing() -> Files | SeveralSeriesFound:
            files = {}
            for side, source in sources.items():
                try:
                    found = list_images(source, chosen.get(side))
                except SeveralSeriesError as several:
                    return SeveralSeriesFound(several.series, partial(again, side))
                files[side] = [image.absolute() for image in found]
            return files

        if part == TRANSLATED:
            source = sources["inputs"]

            def to_translate() -> tuple[Files, Mapping[ImageRef, float]] | SeveralSeriesFound:
                files = listing()
                if isinstance(files, SeveralSeriesFound):
                    return files
                images = files["inputs"]
                folder = source if isinstance(source, Path) else images[0].file.parent
                return files, read_second_look(images, folder)

            take = partial(self._take_images, source, done)
            name = "images for translation"
            self._run(f"Load {name}", _LISTING, to_translate, self._or_ask(take))
            return
        data, look = self._project.specs.data, self._to_look
        change = with_more_files if add else with_files

        def work() -> Listed | SeveralSeriesFound:
            files = listing()
            if isinstance(files, SeveralSeriesFound):
                return files
            return listed_files(partial(change, part=part, files=files), data, look)

        def listed(found: Listed) -> None:
            self._take_files(part, found)
            done()

        name = f"Load {part} {' and '.join(sources)}"
        self._run(name, _LISTING, work, self._or_ask(listed))

    def load_to_label(
        self,
        source: Path | Sequence[Path],
        done: Callable[[], object] = lambda: None,
        series: str | None = None,
    ) -> None:
        """List a folder or files of images without targets, and add them to those to label.

        Args: as ``load``; ``series`` is the UID alone.
        """
        data = self._project.specs.data

        def work() -> Listed | SeveralSeriesFound:
            try:
                found = [image.absolute() for image in list_images(source, series)]
            except SeveralSeriesError as several:
                go_on = partial(self.load_to_label, source, done)
                return SeveralSeriesFound(several.series, go_on)
            return listed_files(partial(with_to_label, images=found), data, False)

        def listed(found: Listed) -> None:
            self._take_files(TRAINING, found)
            done()

        self._run("Images to label", _LISTING, work, self._or_ask(listed))

    def recognize(self, folder: Path, done: Callable[[bool], object]) -> None:
        """Call ``done`` with whether a folder is a tree of persons for ``load_persons``."""

        def work() -> bool:
            try:
                return bool(find_persons(folder))
            except UserError:
                return False

        self._run("Load folder", _LISTING, work, done)

    def load_persons(
        self,
        folder: Path,
        done: Callable[[Tree], object] = lambda _tree: None,
        series: Mapping[str, str] | None = None,
        add: bool = False,
    ) -> None:
        """Load a tree of persons, whose folders the split then knows.

        If a person has several DICOM series, ``SeveralSeriesFound`` is published, and loading goes
        on with the series of the same number or description of all persons.

        Args:
            folder: its subfolders hold the images and targets of one person each.
            done: called with the tree when it is loaded.
            series: number or description of the DICOM series, by side.
            add: keep the files that are there.
        """
        chosen = dict(series or {})
        data, look = self._project.specs.data, self._to_look

        def again(several: PersonsSeriesError, uid: str) -> None:
            choice = {several.side: several.name_of(uid)}
            self.load_persons(folder, done, chosen | choice, add)

        def work() -> tuple[Tree, Listed] | SeveralSeriesFound:
            tree = find_persons(folder)
            try:
                files = list_persons(tree, chosen)
            except PersonsSeriesError as several:
                return SeveralSeriesFound(several.series, partial(again, several))

            def change(data: DataSpec) -> DataSpec:
                return with_persons(data if add else without_files(data), tree, files)

            return tree, listed_files(change, data, look)

        def listed(found: tuple[Tree, Listed]) -> None:
            self._take_files(TRAINING, found[1])
            done(found[0])

        self._run("Load persons", _LISTING, work, self._or_ask(listed))

    def load_targets_to_evaluate(
        self,
        folder: Path,
        done: Callable[[Sequence[ImagePair], Sequence[Problem]], object],
        series: str | None = None,
    ) -> None:
        """List the targets of the images to translate, and pair them.

        If the folder holds several DICOM series, ``SeveralSeriesFound`` is published, and loading
        goes on with the series that is chosen.

        Args:
            folder: the folder of targets.
            done: called with the pairs, and with a problem for each file that is left out.
            series: the UID of the DICOM series of the targets.
        """
        images = list(self._viewer.to_translate)

        def go_on(uid: str) -> None:
            self.load_targets_to_evaluate(folder, done, uid)

        data = self._project.specs.data

        def work() -> tuple[list[ImagePair], list[Problem]] | SeveralSeriesFound:
            try:
                pairs, problems = pairs_to_evaluate(images, list_images(folder, series))
                return list(read_as_chosen(pairs, data)), problems
            except SeveralSeriesError as several:
                return SeveralSeriesFound(several.series, go_on)

        def listed(result: tuple[list[ImagePair], list[Problem]] | SeveralSeriesFound) -> None:
            if isinstance(result, SeveralSeriesFound):
                self._bus.publish(result)
            else:
                done(*result)

        self._run("Load targets", _LISTING, work, listed)

    def load_sample(self) -> None:
        """Create the sample data set and load it; its last person is left for translation."""
        self._drawn = (0, 0)

        def drawn(done: int, count: int) -> None:
            self._drawn = (done, count)

        def create() -> tuple[Sources, Sources]:
            from deepimagetranslator.core.sample import write_sample  # noqa: PLC0415

            written = write_sample(paths.user_folder() / "sample", report=drawn)
            *others, validated, _ = written.pairs.values()
            return _sides([pair for person in others for pair in person]), _sides(validated)

        def created(parts: tuple[Sources, Sources]) -> None:
            train, val = parts
            self.load(VALIDATION, val, done=lambda: self.load(TRAINING, train))

        self._run("Load sample images", _CREATING, create, created)

    def _run(
        self, action: str, status: str, work: Callable[[], Result], done: Callable[[Result], object]
    ) -> None:
        """Run ``work`` in a thread, then ``done`` with its result, or publish its error.

        Args:
            action: its name, for an error; a second task of that name replaces the first.
            status: the text for the status bar meanwhile.
            work: runs in the thread.
            done: runs in the window's thread.
        """

        def ended() -> None:
            self._loading.pop(action, None)
            self._bus.publish(LoadingChanged())

        def succeeded(result: Result) -> None:
            ended()
            try:
                done(result)
            except UserError as error:  # for instance the project is open in another window
                self._bus.publish_error(error, action)

        def failed(error: Exception) -> None:
            ended()
            self._bus.publish_error(error, action)

        self._loading[action] = status
        self._bus.publish(LoadingChanged())
        self._background.run(action, work, succeeded, failed)

    def _or_ask(
        self, done: Callable[[Result], object]
    ) -> Callable[[Result | SeveralSeriesFound], object]:
        """Pass a result on; the question which series to load is published instead."""

        def take(result: Result | SeveralSeriesFound) -> None:
            if isinstance(result, SeveralSeriesFound):
                self._bus.publish(result)
            else:
                done(result)

        return take

    @property
    def _to_look(self) -> bool:
        """Whether a setting may follow from the training targets."""
        return not self._project.contents.chosen >= SUGGESTED

    def _take_images(
        self,
        source: Path | Sequence[Path],
        done: Callable[[], object],
        listed: tuple[Files, Mapping[ImageRef, float]],
    ) -> None:
        """Take images to translate; an ensemble's translations keep what was said of them."""
        folder = source if isinstance(source, Path) else None
        files, apart = listed
        self._viewer.set_images_to_translate(files["inputs"], folder)
        self._viewer.marks.note_disagreements(apart)
        done()

    def _take_files(self, part: str, listed: Listed) -> None:
        self._viewer.rewind(part)
        now = self._project.specs.data
        after = listed.after if now == listed.before else listed.change(now)
        self._project.set_files(after, listed.seen)


def _sides(pairs: Sequence[tuple[Path, Path]]) -> Sources:
    return {"inputs": [pair[0] for pair in pairs], "targets": [pair[1] for pair in pairs]}
