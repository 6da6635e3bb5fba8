"""Loading: files and folders are listed, and projects opened, while the window goes on."""

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
from deepimagetranslator.core.config.presets import preset
from deepimagetranslator.core.config.project import Project, load_project
from deepimagetranslator.core.config.specs import DataSpec, Specs
from deepimagetranslator.core.data import suggestions
from deepimagetranslator.core.imaging.files import list_images
from deepimagetranslator.core.imaging.image_ref import ImageRef
from deepimagetranslator.core.imaging.series import SeveralSeriesError
from deepimagetranslator.core.system import paths

Result = TypeVar("Result")
Sources = Mapping[str, Path | Sequence[Path]]
"""Files or folders by side: "inputs", "targets"."""
_LISTING = "Looking through the files..."
_DRAWING = "Drawing the sample images..."


@dataclass(frozen=True)
class _Listed:
    """Files by side, and the choices with the loss and activation that suit them."""

    files: Mapping[str, Sequence[ImageRef]]
    suited: Specs


class Loader:
    """Loads in the background, and says so.

    Args:
        project: gets training and validation images, and what a project file holds.
        viewer: gets images to translate, and shows what was loaded.
        background: lists and reads.
        bus: is told of ``LoadingChanged``, ``SeveralSeriesFound`` and ``ProblemOccurred``.
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
        """What is being done, in words; empty if nothing is."""
        return next(iter(self._loading.values()), "")

    def open(self, path: Path) -> None:
        """Load a project file."""

        def work() -> Project:
            contents = load_project(path)
            match_once(contents.specs.data)
            return contents

        def opened(contents: Project) -> None:
            self._project.take_over(contents, path)

        self._run("open", _LISTING, work, opened)

    def load(
        self,
        part: str,
        sources: Sources,
        done: Callable[[], object] = lambda: None,
        series: Mapping[str, str] | None = None,
    ) -> None:
        """List files and folders, then load what was found.

        Of several DICOM series, ``SeveralSeriesFound`` asks for one.

        Args:
            part: one of ``PARTS``.
            sources: of one side or of both.
            done: called when they are loaded.
            series: the uid of the DICOM series to take from a side.
        """
        chosen = dict(series or {})

        def ask(side: str, several: SeveralSeriesError) -> SeveralSeriesFound:
            def go_on(uid: str) -> None:
                self.load(part, sources, done, chosen | {side: uid})

            return SeveralSeriesFound(several.series, go_on)

        specs = self._project.specs
        choose_loss = part == TRAINING and self._project.contents.preset == "recommended"

        def work() -> _Listed | SeveralSeriesFound:
            files = {}
            for side, source in sources.items():
                try:
                    files[side] = list_images(source, chosen.get(side))
                except SeveralSeriesError as several:
                    return ask(side, several)
            if part != TRANSLATED:
                match_once(_with_files(specs.data, part, files))
            return _Listed(files, _suited(specs, files) if choose_loss else specs)

        def listed(result: _Listed | SeveralSeriesFound) -> None:
            if isinstance(result, SeveralSeriesFound):
                self._bus.publish(result)
                return
            self._take_files(part, result)
            done()

        self._run(f"load {part} {' '.join(sources)}", _LISTING, work, listed)

    def load_sample(self) -> None:
        """Draw the sample data set and load it; the last of its people is left to translate."""

        def draw() -> tuple[Sources, Sources]:
            from deepimagetranslator.core.sample import write_sample  # noqa: PLC0415

            *others, validated, _ = write_sample(paths.user_folder() / "sample").pairs.values()
            return _sides([pair for person in others for pair in person]), _sides(validated)

        def drawn(parts: tuple[Sources, Sources]) -> None:
            train, val = parts
            self._set_sample_augmentation()
            self.load(VALIDATION, val, done=lambda: self.load(TRAINING, train))

        self._run("sample", _DRAWING, draw, drawn)

    def _set_sample_augmentation(self) -> None:
        """The usual amounts are meant for images of 512 pixels."""
        from deepimagetranslator.core.sample import SAMPLE_SIZE  # noqa: PLC0415

        usual, scale = preset(self._project.contents.preset).augmentation, SAMPLE_SIZE / 512
        augmentation = replace(
            self._project.specs.augmentation,
            scaling=usual.scaling * scale,
            translation=usual.translation * scale,
        )
        self._project.set_section("augmentation", augmentation)

    def _run(
        self, key: str, words: str, work: Callable[[], Result], done: Callable[[Result], object]
    ) -> None:
        """Do ``work`` in a thread, saying so, then ``done``, or tell the problem."""

        def ended() -> None:
            self._loading.pop(key, None)
            self._bus.publish(LoadingChanged())

        def succeeded(result: Result) -> None:
            ended()
            done(result)

        def failed(error: Exception) -> None:
            ended()
            self._bus.publish_error(error)

        self._loading[key] = words
        self._bus.publish(LoadingChanged())
        self._background.run(key, work, succeeded, failed)

    def _take_files(self, part: str, listed: _Listed) -> None:
        if part == TRANSLATED:
            self._viewer.set_images_to_translate(listed.files["inputs"])
            return
        specs = self._project.specs
        specs = replace(specs, data=_with_files(specs.data, part, listed.files))
        if "targets" in listed.files and part == TRAINING:
            suited = listed.suited
            specs = replace(
                specs,
                training=replace(specs.training, loss=suited.training.loss),
                model=replace(specs.model, final_activation=suited.model.final_activation),
            )
        self._viewer.rewind(part)
        self._project.set_files(specs)


def _sides(pairs: Sequence[tuple[Path, Path]]) -> Sources:
    return {"inputs": [pair[0] for pair in pairs], "targets": [pair[1] for pair in pairs]}


def _suited(specs: Specs, files: Mapping[str, Sequence[ImageRef]]) -> Specs:
    if "targets" not in files:
        return specs
    return suggestions.suited_to_targets(specs, files["targets"])


def _with_files(data: DataSpec, part: str, files: Mapping[str, Sequence[ImageRef]]) -> DataSpec:
    prefix = "train" if part == TRAINING else "val"
    names = {
        f"{prefix}_{side}": tuple(str(image.absolute()) for image in listed)
        for side, listed in files.items()
    }
    return replace(data, **names)  # type: ignore[arg-type]
