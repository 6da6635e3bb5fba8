"""Loading: files and folders are listed, and projects opened, while the window goes on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from deepimagetranslator.app.choosing import ChoosingSession, match_once
from deepimagetranslator.app.engine.worker_client import WorkerClient
from deepimagetranslator.app.settings import Settings
from deepimagetranslator.app.splitting import SplitWay, split_pairs
from deepimagetranslator.app.views import TRAINING, TRANSLATED
from deepimagetranslator.core.config.project import Project, load_project
from deepimagetranslator.core.config.specs import DataSpec, Specs
from deepimagetranslator.core.data import dataset as datasets
from deepimagetranslator.core.data import suggestions
from deepimagetranslator.core.imaging.files import list_images
from deepimagetranslator.core.imaging.series import Series, SeveralSeriesError

Result = TypeVar("Result")
Sources = Mapping[str, Path | Sequence[Path]]
"""Files or folders by side: "inputs", "targets"."""


@dataclass(frozen=True)
class SeriesQuestion:
    """A folder holds several DICOM series.

    Attributes:
        series: to choose from.
        go_on: called with the chosen one's uid; loads it.
    """

    series: tuple[Series, ...]
    go_on: Callable[[str], object]


@dataclass(frozen=True)
class _Listed:
    """Files by side, and the choices with the loss and activation that suit them."""

    files: Mapping[str, Sequence[Path]]
    suited: Specs


class LoadingSession(ChoosingSession):
    """A session that loads in the background, and says so."""

    def __init__(self, client: WorkerClient, settings: Settings) -> None:
        super().__init__(client, settings)
        self._loading: set[str] = set()

    @property
    def busy(self) -> str:
        """What is being read, in words; empty if nothing is."""
        if self._loading:
            return "Looking through the files..."
        examination = self.examination
        if examination.running and examination.seconds_left is not None:
            return f"Checking the images {examination.done}/{examination.count}"
        return ""

    def open_in_background(self, path: Path) -> None:
        """Load a project file; topic "problem" tells if it is none."""

        def work() -> Project:
            project = load_project(path)
            match_once(project.specs.data)
            return project

        def opened(project: Project) -> None:
            self._replace_project(project, path)
            self.settings.used_project(path)

        self._load("open", work, opened)

    def load_from(
        self,
        part: str,
        sources: Sources,
        done: Callable[[], object] = lambda: None,
        series: Mapping[str, str] | None = None,
    ) -> None:
        """List files and folders in the background, then load what was found.

        Of several DICOM series the topic "series" asks for one.

        Args:
            part: one of ``PARTS``.
            sources: of one side or of both.
            done: called when they are loaded.
            series: the uid of the DICOM series to take from a side.
        """
        chosen = dict(series or {})
        specs = self.specs
        choose_loss = part == TRAINING and self.project.preset == "recommended"

        def ask(side: str, several: SeveralSeriesError) -> SeriesQuestion:
            def go_on(uid: str) -> None:
                self.load_from(part, sources, done, chosen | {side: uid})

            return SeriesQuestion(several.series, go_on)

        def work() -> _Listed | SeriesQuestion:
            files = {}
            for side, source in sources.items():
                try:
                    files[side] = list_images(source, chosen.get(side))
                except SeveralSeriesError as several:
                    return ask(side, several)
            suited = specs
            if choose_loss and "targets" in files:
                suited = suggestions.suited_to_targets(specs, list(map(str, files["targets"])))
            if part != TRANSLATED:
                match_once(_with_files(specs.data, part, files))
            return _Listed(files, suited)

        def listed(result: _Listed | SeriesQuestion) -> None:
            if isinstance(result, SeriesQuestion):
                self._tell("series", result)
                return
            self._take_files(part, result)
            done()

        self._load(f"load {part} {' '.join(sources)}", work, listed)

    def load_files(self, part: str, side: str, files: Iterable[Path]) -> None:
        """Load images ("inputs") or targets of a part at once."""
        listed, suited = list(files), self.specs
        if side == "targets" and part == TRAINING and self.project.preset == "recommended":
            suited = suggestions.suited_to_targets(suited, list(map(str, listed)))
        self._take_files(part, _Listed({side: listed}, suited))

    def split_validation(self, way: SplitWay) -> str:
        """Keep whole groups of all pairs for validation; a warning or nothing.

        Raises:
            UserError: there is no such split.
        """
        split = split_pairs([*self.matched.train, *self.matched.val], way)
        self.set_section("data", datasets.with_split(self.specs.data, split))
        return split.warning

    def _load(self, key: str, work: Callable[[], Result], done: Callable[[Result], object]) -> None:
        """Do ``work`` in a thread, saying so, then ``done``, or tell the problem."""

        def ended() -> None:
            self._loading.discard(key)
            self._tell("busy")

        def succeeded(result: Result) -> None:
            ended()
            done(result)

        def failed(error: Exception) -> None:
            ended()
            self._failed(error)

        self._loading.add(key)
        self._tell("busy")
        self.background.run(key, work, succeeded, failed)

    def _take_files(self, part: str, listed: _Listed) -> None:
        self.part = part
        self.positions[part] = 0
        if part == TRANSLATED:
            self.to_translate = list(listed.files["inputs"])
            self.translated = {}
            self.show()
            self._tell("project")
            return
        specs = replace(self.specs, data=_with_files(self.specs.data, part, listed.files))
        if "targets" in listed.files and part == TRAINING:
            suited = listed.suited
            specs = replace(
                specs,
                training=replace(specs.training, loss=suited.training.loss),
                model=replace(specs.model, final_activation=suited.model.final_activation),
            )
        self.project = replace(self.project, specs=specs)
        self.changed = True
        self._rematch()
        self._tell("project")


def _with_files(data: DataSpec, part: str, files: Mapping[str, Sequence[Path]]) -> DataSpec:
    prefix = "train" if part == TRAINING else "val"
    names = {
        f"{prefix}_{side}": tuple(str(path.absolute()) for path in listed)
        for side, listed in files.items()
    }
    return replace(data, **names)  # type: ignore[arg-type]
