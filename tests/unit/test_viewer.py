"""What the panes show: places, augmented or not, and only the newest translation."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from sessions import Sessions, write_pairs

from deepimagetranslator.app.events import ViewLoaded, ViewTranslated
from deepimagetranslator.app.views import TRAINING, TRANSLATED, VALIDATION, Shown
from deepimagetranslator.core.config.specs import OPERATIONS
from deepimagetranslator.core.data.intensity.normalization import BYTES, IntensityNormalization
from deepimagetranslator.core.data.labels.palette import Palette
from deepimagetranslator.core.imaging.image_ref import ImageRef
from deepimagetranslator.core.imaging.images import read_image, write_image
from deepimagetranslator.core.messages.events import PreviewReady, WeightsDescribed
from deepimagetranslator.core.messages.requests import PreviewTranslation

NAMES = [f"p{k}.png" for k in range(4)]


def load(sessions: Sessions, folder: Path) -> None:
    """Four pairs for training and one for validation."""
    write_pairs(folder, [*NAMES, "v.png"])
    files = {
        f"{part}_{sides}": tuple(str(folder / side / name) for name in names)
        for part, names in (("train", NAMES), ("val", ["v.png"]))
        for sides, side in (("inputs", "in"), ("targets", "out"))
    }
    project = sessions.session.project
    data = replace(project.specs.data, **files)  # type: ignore[arg-type]
    project.set_files(data)
    sessions.until(lambda: project.dataset is not None)


def shown(sessions: Sessions) -> Shown:
    """What is shown once everything that was asked for is there."""
    sessions.until(lambda: not sessions.session.background.busy)
    return sessions.changes(ViewLoaded)[-1].shown


# ---- places --------------------------------------------------------------------------------


def test_steps_wrap_around_and_each_part_keeps_its_place(
    sessions: Sessions, tmp_path: Path
) -> None:
    load(sessions, tmp_path)
    viewer = sessions.session.viewer
    assert (viewer.part, viewer.count()) == (TRAINING, 4)
    viewer.step(-1)
    assert viewer.positions[TRAINING] == 3
    viewer.step(1)
    viewer.go(2)
    viewer.show_part(VALIDATION)
    assert viewer.count() == 1
    viewer.step(1)
    assert viewer.positions == {TRAINING: 2, VALIDATION: 0, TRANSLATED: 0}
    viewer.show_image(TRAINING, 5)
    found = shown(sessions)
    assert (found.wanted.part, found.wanted.index, found.wanted.count) == (TRAINING, 1, 4)
    assert found.wanted.input == ImageRef(tmp_path / "in" / "p1.png")


def test_a_file_is_shown_wherever_it_is(sessions: Sessions, tmp_path: Path) -> None:
    load(sessions, tmp_path)
    viewer = sessions.session.viewer
    extra = ImageRef(tmp_path / "in" / "p2.png")
    viewer.set_images_to_translate([ImageRef(tmp_path / "out" / "v.png"), extra])
    assert viewer.show_file(extra)
    assert (viewer.part, viewer.positions[TRANSLATED]) == (TRANSLATED, 1), "the part in view first"
    assert viewer.show_file(ImageRef(tmp_path / "in" / "v.png"))
    assert (viewer.part, viewer.positions[VALIDATION]) == (VALIDATION, 0)
    assert viewer.show_file(ImageRef(tmp_path / "in" / "p3.png"))
    assert (viewer.part, viewer.positions[TRAINING]) == (TRAINING, 3)
    assert not viewer.show_file(ImageRef(tmp_path / "none.png"))
    assert viewer.part == TRAINING
    assert viewer.images() == [ImageRef(tmp_path / "in" / name) for name in NAMES]


def test_without_images_nothing_is_shown(sessions: Sessions) -> None:
    viewer = sessions.session.viewer
    viewer.step(1)
    viewer.go(3)
    viewer.show()
    found = shown(sessions)
    assert (found.wanted.count, found.input, found.target, found.for_model) == (0, None, None, None)
    assert len(sessions.changes(ViewLoaded)) == 1


def test_another_project_is_shown_from_its_first_training_image(
    sessions: Sessions, tmp_path: Path
) -> None:
    load(sessions, tmp_path)
    viewer = sessions.session.viewer
    viewer.go(3)
    viewer.show_part(VALIDATION)
    sessions.session.project.new()
    assert (viewer.part, viewer.positions[TRAINING]) == (TRAINING, 0)
    assert shown(sessions).wanted.count == 0


def test_training_images_are_shown_augmented_or_as_they_are(
    sessions: Sessions, tmp_path: Path
) -> None:
    load(sessions, tmp_path)
    viewer = sessions.session.viewer
    assert shown(sessions).note == "", "the first look is at the files themselves"
    viewer.show_augmented(True)
    assert shown(sessions).note == "augmented"
    viewer.show_augmented(False)
    found = shown(sessions)
    assert found.note == ""
    assert np.array_equal(found.input, read_image(tmp_path / "in" / "p0.png"))
    assert np.array_equal(found.target, read_image(tmp_path / "out" / "p0.png"))


def test_images_to_translate_are_shown_with_their_outputs(
    sessions: Sessions, tmp_path: Path
) -> None:
    write_pairs(tmp_path, NAMES)
    inputs = [ImageRef(tmp_path / "in" / name) for name in NAMES]
    viewer = sessions.session.viewer
    viewer.positions[TRANSLATED] = 3
    viewer.set_images_to_translate(inputs)
    assert (viewer.part, viewer.positions[TRANSLATED]) == (TRANSLATED, 0)
    assert shown(sessions).output is None
    viewer.translated[inputs[0]] = ImageRef(tmp_path / "out" / "p0.png")
    viewer.show()
    found = shown(sessions)
    assert np.array_equal(found.output, read_image(tmp_path / "out" / "p0.png"))
    viewer.set_images_to_translate(inputs[:1])
    assert shown(sessions).output is None


def test_an_output_is_shown_among_the_translated_images_only(
    sessions: Sessions, tmp_path: Path
) -> None:
    load(sessions, tmp_path)
    viewer, image = sessions.session.viewer, ImageRef(tmp_path / "in" / "p0.png")
    viewer.set_images_to_translate([image])
    viewer.translated[image] = ImageRef(tmp_path / "out" / "p1.png")
    assert viewer.wanted().output == viewer.translated[image]
    viewer.show_image(TRAINING, 0)
    assert (viewer.wanted().input, viewer.wanted().output) == (image, None)


def test_values_are_scaled_as_in_training_or_as_the_model_does(
    sessions: Sessions, tmp_path: Path
) -> None:
    viewer = sessions.session.viewer
    assert viewer.normalizations() == (None, None)
    load(sessions, tmp_path)
    dataset = sessions.session.project.dataset
    assert dataset is not None
    assert viewer.normalizations() == (dataset.input_scaling, dataset.target_scaling)
    own = IntensityNormalization("window", -160.0, 240.0, "uint16", -1024.0)
    sessions.answer(WeightsDescribed("a.weights.h5", scalings=(own, BYTES)))
    viewer.show_part(TRANSLATED)
    assert viewer.normalizations() == (own, BYTES)


# ---- translations --------------------------------------------------------------------------


def with_model(sessions: Sessions, folder: Path) -> list[PreviewTranslation]:
    """Load images and a model; what the engine was asked for so far."""
    write_pairs(folder, NAMES)
    sessions.answer(WeightsDescribed(str(folder / "a.weights.h5")))
    images = [ImageRef(folder / "in" / name) for name in NAMES]
    sessions.session.viewer.set_images_to_translate(images)
    sessions.until(lambda: sessions.requests(PreviewTranslation))
    return sessions.requests(PreviewTranslation)


def answer(request: PreviewTranslation) -> PreviewReady:
    return PreviewReady(request.number, request.image, 1)


def test_the_image_in_view_is_translated_by_the_current_model(
    sessions: Sessions, tmp_path: Path
) -> None:
    (request,) = with_model(sessions, tmp_path)
    assert (request.weights, request.name, request.keep) == (
        tmp_path / "a.weights.h5",
        "p0.png",
        False,
    )
    assert np.array_equal(request.image, read_image(tmp_path / "in" / "p0.png"))
    sessions.answer(answer(request))
    assert [change.preview.number for change in sessions.changes(ViewTranslated)] == [
        request.number
    ]
    sessions.answer(WeightsDescribed("b.weights.h5"))  # another model: translated anew
    assert sessions.requests(PreviewTranslation)[-1].weights == Path("b.weights.h5")


def test_only_the_newest_request_s_answer_is_shown(sessions: Sessions, tmp_path: Path) -> None:
    with_model(sessions, tmp_path)
    sessions.session.viewer.step(1)
    sessions.until(lambda: len(sessions.requests(PreviewTranslation)) == 2)
    first, second = sessions.requests(PreviewTranslation)
    assert (first.name, second.name) == ("p0.png", "p1.png")
    sessions.answer(answer(first))
    assert sessions.changes(ViewTranslated) == []
    sessions.answer(answer(second), answer(first))
    (change,) = sessions.changes(ViewTranslated)
    assert change.preview.number == second.number


def test_what_has_an_output_already_is_not_translated(sessions: Sessions, tmp_path: Path) -> None:
    (request,) = with_model(sessions, tmp_path)
    viewer = sessions.session.viewer
    output = ImageRef(tmp_path / "out" / "p0.png")
    viewer.translated[ImageRef(tmp_path / "in" / "p0.png")] = output
    viewer.show()
    assert shown(sessions).output is not None
    assert sessions.requests(PreviewTranslation) == [request]
    sessions.answer(answer(request))  # it was asked for before there was an output
    assert sessions.changes(ViewTranslated) == []


# ---- what is true --------------------------------------------------------------------------


def test_written_class_numbers_keep_their_colours(sessions: Sessions, tmp_path: Path) -> None:
    viewer = sessions.session.viewer
    palette = Palette(((0, 0, 0), (255, 0, 0), (0, 99, 0)), "uint8")
    classes = np.arange(24 * 24).reshape(24, 24, 1) % 3
    write_pairs(tmp_path, ["a.png"])
    write_image(tmp_path / "written.png", classes.astype(np.uint8))
    source, output = ImageRef(tmp_path / "in" / "a.png"), ImageRef(tmp_path / "written.png")
    viewer.set_images_to_translate([source])
    viewer.add_translated(source, output, palette)
    viewer.show()
    found = shown(sessions).output
    assert np.array_equal(found, palette.decode(classes[..., 0]))
    viewer.add_translated(source, output, None)  # written anew, as something else
    viewer.show()
    assert np.array_equal(shown(sessions).output, classes)


def test_the_networks_that_are_farthest_apart_come_first(
    sessions: Sessions, tmp_path: Path
) -> None:
    """In the order of the image list: the lowest score first."""
    viewer = sessions.session.viewer
    images = [ImageRef(tmp_path / f"{name}.png") for name in "abc"]
    for image, apart in zip(images, (0.1, 0.4, None), strict=True):
        viewer.marks.note_disagreement(image, apart)
    first, second, none = map(viewer.marks.agreement_of, images)
    assert first is not None and second is not None and none is None
    assert second.value < first.value and str(second) == "networks apart 0.4"
    viewer.set_images_to_translate(images)
    assert viewer.marks.agreement_of(images[0]) is None


def test_augmentation_is_offered_only_where_it_does_something(
    sessions: Sessions, tmp_path: Path
) -> None:
    viewer, project = sessions.session.viewer, sessions.session.project
    assert not viewer.may_augment, "there are no images yet"
    load(sessions, tmp_path)
    assert viewer.may_augment
    viewer.show_part(TRANSLATED)
    assert not viewer.may_augment
    viewer.show_part(VALIDATION)
    assert not viewer.may_augment, "validation images are not augmented by default"
    noisy = replace(project.specs.augmentation, noise_validation=True)
    project.set_section("augmentation", noisy)
    assert viewer.may_augment
    viewer.show_augmented(True)
    assert shown(sessions).note == "augmented"
    viewer.show_augmented(False)
    assert shown(sessions).note == ""
    off = {
        f"{operation}_{side}": False
        for operation in OPERATIONS
        for side in ("input", "target", "validation")
    }
    project.set_section("augmentation", replace(noisy, **off))  # type: ignore[arg-type]
    for part in (TRAINING, VALIDATION):
        viewer.show_part(part)
        assert not viewer.may_augment


def test_other_images_are_another_generation(sessions: Sessions, tmp_path: Path) -> None:
    viewer, project = sessions.session.viewer, sessions.session.project
    seen = [viewer.generation]

    def is_new() -> bool:
        seen.append(viewer.generation)
        return seen[-1] != seen[-2]

    load(sessions, tmp_path)
    assert is_new()
    viewer.go(2)
    viewer.show_part(VALIDATION)
    project.set_section("training", replace(project.specs.training, epochs=3))
    shown(sessions)
    assert not is_new(), "the same images are shown"
    viewer.set_images_to_translate([ImageRef(tmp_path / "in" / "p0.png")])
    assert is_new()
    project.new()
    assert is_new()


def test_the_confidence_is_requested_only_while_it_is_wanted(
    sessions: Sessions, tmp_path: Path
) -> None:
    (plain,) = with_model(sessions, tmp_path)
    assert not plain.confidence
    viewer = sessions.session.viewer
    viewer.show_confidence(True)
    viewer.show_confidence(True)
    assert [r.confidence for r in sessions.requests(PreviewTranslation)] == [False, True]
    viewer.show_confidence(False)
    viewer.predict()
    assert [r.confidence for r in sessions.requests(PreviewTranslation)][2:] == [False]
