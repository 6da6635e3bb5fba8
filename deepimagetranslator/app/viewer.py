"""The content of the panes: an image pair, and its translation by the current model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from deepimagetranslator.app import views
from deepimagetranslator.app.background import Background
from deepimagetranslator.app.current_model import CurrentModel
from deepimagetranslator.app.events import (
    Bus,
    Change,
    ProjectReplaced,
    ReadingEnded,
    SpecsChanged,
    ViewLoaded,
    ViewScored,
    ViewTranslated,
    WeightsChanged,
)
from deepimagetranslator.app.marks import Marks
from deepimagetranslator.app.project_state import ProjectState
from deepimagetranslator.app.shown_classes import ShownClasses, shown_classes
from deepimagetranslator.app.views import PARTS, TRAINING, TRANSLATED, VALIDATION, Shown, Wanted
from deepimagetranslator.core.config.specs import OPERATIONS
from deepimagetranslator.core.data.domain.mark import DomainMark
from deepimagetranslator.core.data.intensity.chosen import chosen_windows
from deepimagetranslator.core.data.intensity.normalization import IntensityNormalization
from deepimagetranslator.core.data.labels.palette import Palette
from deepimagetranslator.core.data.pairs import ImagePair
from deepimagetranslator.core.evaluation.score import Score, score_of
from deepimagetranslator.core.imaging.image_ref import ImageRef
from deepimagetranslator.core.messages.events import PreviewReady
from deepimagetranslator.core.messages.requests import PreviewTranslation


class Viewer:
    """Steps through the images of a part; loads them again when project or model change.

    Args:
        send: sends a request to the worker.
        project: the project whose images are shown.
        model: the model that translates the image in view.
        background: reads the files.
        bus: gets ``ViewLoaded`` and ``ViewTranslated``.

    Attributes:
        part: the part in view, one of ``PARTS``.
        positions: the index of the image in view, from 0, by part.
        confidence: whether the translation's confidence is wanted, which takes four times as long.
        augmented: whether images are shown augmented where they are in training.
        to_translate: images loaded for translation.
        translated: the translated image by its input.
        generation: increases when other images are loaded.
        folder_to_translate: the folder of the images to translate; None for single files.
        marks: which images are unlike the training images.
        trying: the clean-up that is being tried instead of the project's; None if none is.
        labelling: whether label maps are painted, over images that are not augmented.
    """

    def __init__(
        self,
        send: Callable[[PreviewTranslation], object],
        project: ProjectState,
        model: CurrentModel,
        background: Background,
        bus: Bus,
    ) -> None:
        self._send = send
        self._project = project
        self._model = model
        self._background = background
        self._bus = bus
        self.part = TRAINING
        self.positions = dict.fromkeys(PARTS, 0)
        self.confidence = False
        self.augmented = False
        self.generation = 0
        self.to_translate: list[ImageRef] = []
        self.translated: dict[ImageRef, ImageRef] = {}
        self._palettes: dict[ImageRef, Palette] = {}
        self._files: tuple[tuple[str, ...], ...] = ()
        self.folder_to_translate: Path | None = None
        self.trying: tuple[str, ...] | None = None
        self.labelling = False
        self.marks = Marks(bus)
        self._shown: Shown | None = None
        self._last_number = 0
        self._wanted_number = 0
        bus.subscribe(ProjectReplaced, self._on_project)
        bus.subscribe(SpecsChanged, self._on_change)
        bus.subscribe(ReadingEnded, self._on_change)
        bus.subscribe(WeightsChanged, self._on_weights)

    # ---- navigation ------------------------------------------------------------------------

    def count(self, part: str | None = None) -> int:
        """The number of images of a part, by default of the part in view."""
        return len(self._entries(part or self.part))

    def pairs(self) -> Sequence[ImagePair]:
        """The pairs of the part in view; empty if it has no targets."""
        matched = self._project.matched
        parts = {TRAINING: matched.train, VALIDATION: matched.val}
        return parts.get(self.part, ())

    def images(self) -> list[ImageRef]:
        """The images of the part in view: its inputs, or its targets where it has no inputs."""
        both = self._entries(self.part)
        return [image for pair in both for image in (pair[0] or pair[1],) if image is not None]

    def show_part(self, part: str) -> None:
        """Show the training, validation or translated images."""
        self.part = part
        self.show()

    def show_image(self, part: str, index: int) -> None:
        """Show the image at ``index`` of a part; the index wraps around."""
        self.part = part
        self.go(index)

    def show_file(self, image: ImageRef) -> bool:
        """Show an input file wherever it is, in the part in view first; False if it is nowhere."""
        for part in (self.part, *PARTS):
            for index, (source, *_) in enumerate(self._entries(part)):
                if source == image:
                    self.show_image(part, index)
                    return True
        return False

    def rewind(self, part: str) -> None:
        """Select the first image of a part; ``show`` displays it."""
        self.part = part
        self.positions[part] = 0

    def step(self, by: int) -> None:
        """Show the image ``by`` positions further; wraps around."""
        self.go(self.positions[self.part] + by)

    def go(self, index: int) -> None:
        """Show the image at ``index``; wraps around."""
        if self.count():
            self.positions[self.part] = index % self.count()
            self.show()

    def show_augmented(self, augmented: bool) -> None:
        """Show the images with or without augmentation."""
        self.augmented = augmented
        self.show()

    def show_confidence(self, wanted: bool) -> None:
        """Request the confidence of translations too, or no longer."""
        if wanted != self.confidence:
            self.confidence = wanted
            if wanted:
                self.predict()

    def set_images_to_translate(
        self, images: Sequence[ImageRef], folder: Path | None = None
    ) -> None:
        """Set the images to translate, and show the first one.

        Args:
            images: the images.
            folder: the folder that they were listed from; None for single files.
        """
        self.to_translate, self.translated, self._palettes = list(images), {}, {}
        self.folder_to_translate = folder
        self.marks.forget_translations()
        self.generation += 1
        self.rewind(TRANSLATED)
        self.show()

    def add_translated(
        self,
        source: ImageRef,
        output: ImageRef,
        palette: Palette | None,
        mark: DomainMark | None = None,
    ) -> None:
        """Remember the translated image of an input.

        Args:
            source: the input.
            output: the translated image.
            palette: its colours if it holds class numbers; None otherwise.
            mark: why the input is unlike the training images; None if it is not.
        """
        self.marks.note_translation(source, mark)
        self.translated[source] = output
        if palette is None:
            self._palettes.pop(output, None)
        else:
            self._palettes[output] = palette

    # ---- loading ---------------------------------------------------------------------------

    def show(self) -> None:
        """Load the images in view in the background; ``ViewLoaded`` follows."""
        wanted = self.wanted()
        failed = partial(self._bus.publish_error, action="Show images")
        self._background.run("view", lambda: views.load(wanted), self._loaded, failed)

    def wanted(self) -> Wanted:
        """The request for the images in view."""
        entries = self._entries(self.part)
        if not entries:
            return Wanted(self.part, 0, 0)
        index = min(self.positions[self.part], len(entries) - 1)
        source, target, changes = entries[index]
        output = self.translated.get(source) if source and self.part == TRANSLATED else None
        wanted = Wanted(
            self.part,
            index,
            len(entries),
            source,
            target,
            output,
            self._palettes.get(output) if output is not None else None,
            changes,
            seed=self._project.specs.training.seed,
        )
        augmented = self.augmented and self.may_augment
        if source is None or target is None or not augmented:
            return wanted
        augmentation = self._project.specs.augmentation
        return replace(wanted, dataset=self._project.dataset, augmentation=augmentation)

    def normalizations(
        self,
    ) -> tuple[IntensityNormalization | None, IntensityNormalization | None]:
        """The intensity normalization of the inputs and targets in view; None if unknown."""
        if self.part == TRANSLATED:
            return self._model.normalizations
        dataset = self._project.dataset
        if dataset is not None:
            return dataset.input_scaling, dataset.target_scaling
        return chosen_windows(self._project.specs.data)

    def classes(self) -> ShownClasses:
        """The classes of the targets and translations in view; none unless they are label maps."""
        dataset = self._project.dataset
        if self.part == TRANSLATED or dataset is None:
            return shown_classes(self._model.palette)
        return shown_classes(dataset.palette)

    @property
    def may_augment(self) -> bool:
        """Whether training augments the images of the part in view, and they have been read."""
        if self._project.dataset is None or self.labelling:
            return False
        ticks = list(map(self._project.specs.augmentation.ticks, OPERATIONS))
        if self.part == VALIDATION:
            return any(validation for _, _, validation in ticks)
        return self.part == TRAINING and any(input or target for input, target, _ in ticks)

    @property
    def mark_in_view(self) -> DomainMark | None:
        """The mark of the translated image in view; None if a prediction is shown instead."""
        wanted = None if self._shown is None else self._shown.wanted
        if wanted is None or wanted.input is None or wanted.output is None:
            return None
        return self.marks.of(wanted.input, translated=True)

    def mark_of(self, index: int) -> DomainMark | None:
        """The mark of the image at an index of ``images()``."""
        images = self.images()
        if index >= len(images):
            return None
        return self.marks.of(images[index], self.part == TRANSLATED)

    def _entries(self, part: str) -> list[views.Entry]:
        if part == TRANSLATED:
            return [(path, None, ()) for path in self.to_translate]
        matched, data = self._project.matched, self._project.specs.data
        return views.entries(part, matched.train if part == TRAINING else matched.val, data)

    def _loaded(self, shown: Shown) -> None:
        self._shown = shown
        self._bus.publish(ViewLoaded(shown))
        self.predict()

    def _on_project(self, _change: ProjectReplaced) -> None:
        self.part = TRAINING
        self.positions = dict.fromkeys(PARTS, 0)
        self._note_files()
        self.generation += 1
        self.show()

    def _on_change(self, _change: Change) -> None:
        if self._note_files():
            self.generation += 1
        self.show()

    def _note_files(self) -> bool:
        """Whether the project's lists of files are others than before."""
        data, before = self._project.specs.data, self._files
        self._files = (
            data.train_inputs,
            data.train_targets,
            data.val_inputs,
            data.val_targets,
            data.unlabelled_inputs,
        )
        return self._files != before

    def _on_weights(self, _change: WeightsChanged) -> None:
        self.predict()

    # ---- translation -----------------------------------------------------------------------

    def predict(self) -> None:
        """Request a translation of the image in view by the current model."""
        self._wanted_number = self.next_number()  # an answer on its way is of another view
        shown, weights = self._shown, self._model.weights
        if weights is None or shown is None or shown.for_model is None:
            return
        if shown.output is not None:
            return
        name = shown.wanted.input.name if shown.wanted.input else ""
        number, image = self._wanted_number, shown.for_model
        source = None if shown.wanted.dataset is not None else shown.wanted.input
        self._send(
            PreviewTranslation(
                number,
                weights,
                image,
                name,
                clean_up=self.clean_up,
                source=source,
                confidence=self.confidence,
                reduced=image is not shown.input,
            )
        )

    @property
    def clean_up(self) -> tuple[str, ...]:
        """The clean-up of translated label maps."""
        specs = self._project.specs.translation
        return specs.clean_up if self.trying is None else self.trying

    def try_clean_up(self, rules: tuple[str, ...] | None) -> None:
        """Show the translation with other rules than the project's; None returns to those."""
        before, self.trying = self.clean_up, rules
        if self.clean_up != before:
            self.predict()

    def next_number(self) -> int:
        """A new number for a request; its answer carries the same number."""
        self._last_number += 1
        return self._last_number

    def take_preview(self, event: PreviewReady) -> None:
        """Handle a translated image; answers to older requests are ignored."""
        if event.number == self._wanted_number:
            wanted = None if self._shown is None else self._shown.wanted
            if wanted is not None and wanted.input is not None and wanted.dataset is None:
                self.marks.note_preview(wanted.input, event.mark)
            self._bus.publish(ViewTranslated(event))
            self._score(event)

    def _score(self, event: PreviewReady) -> None:
        """Compare a translated image with its target in the background."""
        shown, dataset = self._shown, self._project.dataset
        if event.image is None or shown is None or shown.target is None or dataset is None:
            return

        def done(score: Score | None) -> None:
            if score is not None and event.number == self._wanted_number:
                self._bus.publish(ViewScored(score))

        palettes = dataset.palette, self._model.palette
        work = partial(score_of, shown.target, event.image, dataset.target_scaling, *palettes)
        self._background.run("score view", work, done, lambda _error: None)

    @property
    def predicted_pixels(self) -> int | None:
        """The number of pixels of the image that is translated in view; None if there is none."""
        image = None if self._shown is None else self._shown.for_model
        return None if image is None else image.shape[0] * image.shape[1]

    @property
    def preview_note(self) -> str:
        """A caption for the translation if it is cleaned or of a reduced image; else empty."""
        shown = self._shown
        if shown is None or shown.for_model is None:
            return ""
        notes = ["cleaned up"] if self.clean_up and self._model.palette is not None else []
        if shown.for_model is not shown.input:
            height, width = shown.for_model.shape[:2]
            notes.append(f"of the image at {width} x {height}")
        return ", ".join(notes)
