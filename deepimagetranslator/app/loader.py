"""Lists files and folders and opens projects in the background."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from deepimagetranslator.app.background import Background
from deepimagetranslator.app.events import Bus, LoadingChanged, SeveralSeriesFound
from deepimagetranslator.app.project_state import ProjectState, match_once
from deepimagetranslator.app.viewer import Viewer
from deepimagetranslator.app.views import TRAINING, TRANSLATED, VALIDATION
from deepimagetranslator.core.config.project import Project, load_project
from deepimagetranslator.core.config.specs import DataSpec
from deepimagetranslator.core.data.pairs import ImagePair
from deepimagetranslator.core.data.suggestions import SUGGESTED, SeenTargets, look_at
from deepimagetranslator.core.errors import Problem
from deepimagetranslator.core.evaluation.pairing import pairs_to_evaluate
from deepimagetranslator.core.imaging.files import list_images
from deepimagetranslator.core.imaging.image_ref import ImageRef, parse_images
from deepimagetranslator.core.imaging.series import SeveralSeriesError
from deepimagetranslator.core.system import paths

Result = TypeVar("Result")
Sources = Mapping[str, Path | Sequence[Path]]
"""Files or folders by side: "inputs", "targets"."""
_LISTING = "Listing files..."
_CREATING = "Creating the sample images..."


@dataclass(frozen=True)
class _Listed:
    """Files by side, and what is known of the training targets among them."""

    files: Mapping[str, Sequence[ImageRef]]
    seen: SeenTargets | None = None


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

    @property
    def status(self) -> str:
        """The running task for the status bar; empty if nothing is being loaded."""
        return next(iter(self._loading.values()), "")

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
    ) -> None:
        """List files and folders, then load the files found.

        If a folder holds several DICOM series, ``SeveralSeriesFound`` is published, and loading
        goes on with the series that is chosen.

        Args:
            part: one of ``PARTS``.
            sources: files or folders of one side or of both.
            done: called when the files are loaded.
            series: the UID of the DICOM series to load, by side.
        """
        chosen = dict(series or {})

        def ask(side: str, several: SeveralSeriesError) -> SeveralSeriesFound:
            def go_on(uid: str) -> None:
                self.load(part, sources, done, chosen | {side: uid})

            return SeveralSeriesFound(several.series, go_on)

        data = self._project.specs.data
        to_look = not self._project.contents.chosen >= SUGGESTED

        def work() -> _Listed | SeveralSeriesFound:
            files = {}
            for side, source in sources.items():
                try:
                    files[side] = list_images(source, chosen.get(side))
                except SeveralSeriesError as several:
                    return ask(side, several)
            if part != TRANSLATED:
                match_once(_with_files(data, part, files))
            targets = files.get("targets") if part == TRAINING else None
            if not targets or not to_look:
                return _Listed(files, None)
            inputs = files.get("inputs") or parse_images(data.train_inputs)
            return _Listed(files, look_at(targets, inputs))

        def listed(result: _Listed | SeveralSeriesFound) -> None:
            if isinstance(result, SeveralSeriesFound):
                self._bus.publish(result)
                return
            source = sources.get("inputs")
            self._take_files(part, result, source if isinstance(source, Path) else None)
            done()

        name = "images for translation" if part == TRANSLATED else f"{part} {' and '.join(sources)}"
        self._run(f"Load {name}", _LISTING, work, listed)

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

        def work() -> tuple[list[ImagePair], list[Problem]] | SeveralSeriesFound:
            try:
                return pairs_to_evaluate(images, list_images(folder, series))
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

        def create() -> tuple[Sources, Sources]:
            from deepimagetranslator.core.sample import write_sample  # noqa: PLC0415

            *others, validated, _ = write_sample(paths.user_folder() / "sample").pairs.values()
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
            done(result)

        def failed(error: Exception) -> None:
            ended()
            self._bus.publish_error(error, action)

        self._loading[action] = status
        self._bus.publish(LoadingChanged())
        self._background.run(action, work, succeeded, failed)

    def _take_files(self, part: str, listed: _Listed, folder: Path | None) -> None:
        if part == TRANSLATED:
            self._viewer.set_images_to_translate(listed.files["inputs"], folder)
            return
        self._viewer.rewind(part)
        data = _with_files(self._project.specs.data, part, listed.files)
        self._project.set_files(data, listed.seen)


def _sides(pairs: Sequence[tuple[Path, Path]]) -> Sources:
    return {"inputs": [pair[0] for pair in pairs], "targets": [pair[1] for pair in pairs]}


def _with_files(data: DataSpec, part: str, files: Mapping[str, Sequence[ImageRef]]) -> DataSpec:
    prefix = "train" if part == TRAINING else "val"
    names = {
        f"{prefix}_{side}": tuple(str(image.absolute()) for image in listed)
        for side, listed in files.items()
    }
    return replace(data, **names)  # type: ignore[arg-type]
