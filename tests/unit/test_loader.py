"""Loading in the background: images, projects, the sample, one of several DICOM series."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from dicom_samples import dataset, write
from sessions import Sessions, write_pairs

from deepimagetranslator.app.events import LoadingChanged, ProblemOccurred, SeveralSeriesFound
from deepimagetranslator.app.loader import Sources
from deepimagetranslator.core import sample
from deepimagetranslator.core.checks.repairs import changing, repaired
from deepimagetranslator.core.config.project import Project
from deepimagetranslator.core.data.suggestions import look_for
from deepimagetranslator.core.imaging.images import write_image
from deepimagetranslator.core.system import paths

NAMES = [f"p{k}.png" for k in range(4)]


def test_loading_is_told_and_ends_in_a_data_set(sessions: Sessions, tmp_path: Path) -> None:
    write_pairs(tmp_path, NAMES)
    session, done = sessions.session, []
    project = session.project
    sources = {"inputs": tmp_path / "in", "targets": tmp_path / "out"}
    session.viewer.show_part("translated")
    session.viewer.positions["training"] = 3
    session.loader.load("training", sources, done=lambda: done.append(len(project.matched.train)))
    assert session.loader.status
    assert project.matched.train == ()
    sessions.until(lambda: project.dataset is not None)
    assert session.loader.status == ""
    assert done == [4]
    assert LoadingChanged() in sessions.told
    assert (session.viewer.part, session.viewer.positions["training"]) == ("training", 0)


def test_a_folder_without_images_is_one_sentence(sessions: Sessions, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    sessions.session.loader.load("translated", {"inputs": tmp_path / "empty"})
    sessions.until(sessions.problems)
    assert "empty" in sessions.problems()[0]
    assert sessions.session.loader.status == ""
    assert sessions.session.viewer.to_translate == []


def test_values_as_targets_choose_their_loss(sessions: Sessions, tmp_path: Path) -> None:
    write_pairs(tmp_path, NAMES)
    sources = {"inputs": tmp_path / "out", "targets": tmp_path / "in"}
    sessions.session.loader.load("training", sources)
    sessions.until(lambda: sessions.session.project.matched.train)
    specs = sessions.session.project.specs
    assert (specs.training.loss, specs.model.normalization) == ("mae", "none")
    assert specs.augmentation.translation == 1.4  # of 24 pixels; 30 of 512


def test_validation_targets_do_not_say_what_the_targets_are(
    sessions: Sessions, tmp_path: Path
) -> None:
    write_pairs(tmp_path, NAMES)
    loader, project = sessions.session.loader, sessions.session.project
    loader.load("training", {"inputs": tmp_path / "in", "targets": tmp_path / "out"})
    sessions.until(lambda: project.specs.data.train_targets)
    seen = project.seen
    loader.load("validation", {"inputs": tmp_path / "in", "targets": tmp_path / "in"})
    sessions.until(lambda: project.specs.data.val_targets)
    assert project.seen is seen


def test_settings_follow_from_targets_as_they_are_read(sessions: Sessions, tmp_path: Path) -> None:
    """The window looks at numbered objects that are read with outlines as the command line does."""
    write_pairs(tmp_path, ["a.png", "b.png"])
    for number, name in enumerate(("a.png", "b.png"), 3):
        numbered = np.arange(24 * 24).reshape(24, 24, 1) // 100 % (number + 1)
        write_image(tmp_path / "out" / name, numbered.astype(np.uint8))
    project, loader = sessions.session.project, sessions.session.loader

    def load(name: str, count: int) -> None:
        files = {"inputs": [tmp_path / "in" / name], "targets": [tmp_path / "out" / name]}
        loader.load("training", files, add=True)
        sessions.until(lambda: len(project.matched.train) == count and project.dataset is not None)

    load("a.png", 1)
    files = [pair.target for pair in project.matched.train]
    project.set_specs(repaired(project.specs, changing("Learn outlines", "objects_outline", files)))
    sessions.until(lambda: project.dataset is not None)
    load("b.png", 2)
    seen, by_command = project.seen.values, look_for(project.contents).values
    assert np.array_equal(seen.values, by_command.values)


def test_label_maps_in_mixed_colours_end_in_softmax(sessions: Sessions, tmp_path: Path) -> None:
    write_pairs(tmp_path, NAMES)
    colours = np.array([(0, 0, 0), (200, 30, 30), (30, 200, 90)], np.uint8)
    for name in NAMES:
        write_image(tmp_path / "out" / name, np.repeat(colours, 8, axis=0)[:, None].repeat(24, 1))
    loader, project = sessions.session.loader, sessions.session.project
    loader.load("training", {"inputs": tmp_path / "in", "targets": tmp_path / "out"})
    sessions.until(lambda: project.dataset is not None)
    assert project.specs.model.final_activation == "softmax"
    model = project.sized(project.specs.model)
    assert (model.final_activation, model.target_channels) == ("softmax", 3)
    loader.load("training", {"targets": tmp_path / "in"})
    sessions.until(lambda: project.specs.model.final_activation == "automatic")


def test_the_first_data_do_not_fix_the_loss_for_those_that_follow(
    sessions: Sessions, tmp_path: Path
) -> None:
    write_pairs(tmp_path, NAMES)
    loader, project = sessions.session.loader, sessions.session.project
    loader.load("training", {"inputs": tmp_path / "in", "targets": tmp_path / "in"})
    sessions.until(lambda: project.specs.training.loss == "mae")
    loader.load("training", {"targets": tmp_path / "out"})
    sessions.until(lambda: project.specs.training.loss == "dice_crossentropy")
    assert project.specs.model == Project().specs.model
    project.set_section("training", replace(project.specs.training, loss="mse"))
    loader.load("training", {"targets": tmp_path / "in"})
    sessions.until(lambda: project.specs.model.normalization == "none")
    assert project.specs.training.loss == "mse"  # it was chosen


def test_a_folder_to_translate_is_remembered(sessions: Sessions, tmp_path: Path) -> None:
    write_pairs(tmp_path, NAMES)
    loader, viewer = sessions.session.loader, sessions.session.viewer
    loader.load("translated", {"inputs": tmp_path / "in"})
    sessions.until(lambda: len(viewer.to_translate) == 4)
    assert viewer.folder_to_translate == tmp_path / "in"
    loader.load("translated", {"inputs": [tmp_path / "in" / "p1.png"]})
    sessions.until(lambda: len(viewer.to_translate) == 1)
    assert viewer.folder_to_translate is None


def test_targets_to_evaluate_are_listed_in_the_background_and_what_is_left_out_is_told(
    sessions: Sessions, tmp_path: Path
) -> None:
    write_pairs(tmp_path, NAMES, [*NAMES[1:], "more.png"])
    session, found = sessions.session, []
    session.loader.load("translated", {"inputs": tmp_path / "in"})
    sessions.until(lambda: session.viewer.to_translate)
    session.loader.load_targets_to_evaluate(tmp_path / "out", lambda *both: found.append(both))
    assert session.loader.status and found == []
    sessions.until(lambda: found)
    ((pairs, problems),) = found
    assert [pair.input.name for pair in pairs] == NAMES[1:]
    assert [Path(problem.subject).name for problem in problems] == ["p0.png", "more.png"]
    session.loader.load_targets_to_evaluate(tmp_path / "none", lambda *both: found.append(both))
    sessions.until(sessions.problems)
    assert len(found) == 1


def test_of_several_series_the_chosen_one_is_loaded_in_order(
    sessions: Sessions, tmp_path: Path
) -> None:
    for uid, places in (("1.2.31", (5.0, -5.0, 0.0)), ("1.2.32", (1.0, 2.0))):
        for place in places:
            header = {
                "SeriesInstanceUID": uid,
                "SeriesDescription": f"Series {uid[-1]}",
                "PatientID": "p1",
                "ImagePositionPatient": [0, 0, place],
                "ImageOrientationPatient": [1, 0, 0, 0, 1, 0],
            }
            file = dataset(np.zeros((8, 8), np.uint16), **header)
            write(tmp_path / "scan" / f"{uid}at{place}.dcm", file)
    session = sessions.session
    session.loader.load("translated", {"inputs": tmp_path / "scan"})
    sessions.until(lambda: sessions.changes(SeveralSeriesFound))
    question = sessions.changes(SeveralSeriesFound)[0]
    assert sorted(one.description for one in question.series) == ["Series 1", "Series 2"]
    assert session.viewer.to_translate == []
    assert session.loader.status == ""
    question.go_on("1.2.31")
    sessions.until(lambda: session.viewer.to_translate)
    expected = [f"1.2.31at{place}.dcm" for place in (-5.0, 0.0, 5.0)]
    assert [path.name for path in session.viewer.to_translate] == expected


def test_opening_a_project_does_not_wait_for_its_names(sessions: Sessions, tmp_path: Path) -> None:
    write_pairs(tmp_path, NAMES)
    session = sessions.session
    session.loader.load("training", {"inputs": tmp_path / "in", "targets": tmp_path / "out"})
    sessions.until(lambda: session.project.matched.train)
    saved, broken = tmp_path / "project.json", tmp_path / "broken.json"
    session.project.save(saved)
    broken.write_text("{", encoding="utf-8")
    session.project.new()
    session.loader.open(broken)
    sessions.until(sessions.problems)
    assert "broken.json" in sessions.problems()[0]
    session.loader.open(saved)
    assert session.loader.status
    sessions.until(lambda: session.project.path == saved)
    assert len(session.project.matched.train) == 4
    assert session.loader.status == ""


def test_the_sample_trains_validates_and_leaves_a_person_out(
    sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = {f"person{k}": [(Path(f"i{k}.png"), Path(f"t{k}.png"))] * 2 for k in range(4)}
    drawn: list[Path] = []

    def write_sample(folder: Path, report: object) -> SimpleNamespace:
        drawn.append(folder)
        return SimpleNamespace(pairs=people)

    monkeypatch.setattr(sample, "write_sample", write_sample)
    loaded: list[tuple[str, Sources]] = []

    def load(part: str, sources: Sources, done: Callable[[], object] = lambda: None) -> None:
        loaded.append((part, sources))
        done()

    loader = sessions.session.loader
    monkeypatch.setattr(loader, "load", load)
    loader.load_sample()
    assert "sample" in loader.status
    sessions.until(lambda: len(loaded) == 2)
    assert drawn == [paths.user_folder() / "sample"]
    inputs = {part: [path.name for path in sources["inputs"]] for part, sources in loaded}
    assert inputs == {"validation": ["i2.png"] * 2, "training": ["i0.png"] * 2 + ["i1.png"] * 2}
    assert {path.name for path in loaded[0][1]["targets"]} == {"t2.png"}
    assert loader.status == ""


def test_the_drawing_of_the_sample_shows_its_progress(sessions: Sessions) -> None:
    loader = sessions.session.loader
    seen: list[tuple[str, float | None]] = []
    sessions.session.bus.subscribe(
        LoadingChanged, lambda _change: seen.append((loader.status, loader.part))
    )
    assert loader.part is None
    loader.load_sample()
    sessions.until(lambda: len(sessions.session.project.matched.train) == 120)
    parts = [part for _, part in seen if part is not None]
    assert parts == sorted(parts) and len(set(parts)) > 2
    assert any(words.startswith("Drawing the sample images: ") for words, _ in seen)
    assert loader.part is None


def test_a_project_that_another_window_has_open_is_refused_as_that_action(
    sessions: Sessions, tmp_path: Path
) -> None:
    file = tmp_path / "p.json"
    sessions.session.project.save(file)
    other = Sessions(tmp_path)
    other.session.loader.open(file)
    other.until(other.problems)
    (problem,) = other.changes(ProblemOccurred)
    assert problem.action == "Open project" and "another window" in problem.text
    other.session.close()


def test_translations_of_several_networks_keep_how_far_these_are_apart(
    sessions: Sessions, tmp_path: Path
) -> None:
    write_pairs(tmp_path, NAMES)
    table = "image,disagreement,measure,output\nx.png,0.5,SD,p2.png\ny.png,0.1,SD,p0.png\n"
    (tmp_path / "in" / "second_look.csv").write_text(table, encoding="utf-8")
    viewer = sessions.session.viewer
    sessions.session.loader.load("translated", {"inputs": tmp_path / "in"})
    sessions.until(lambda: len(viewer.to_translate) == 4)
    told = [viewer.marks.agreement_of(image) for image in viewer.to_translate]
    assert [one and str(one) for one in told] == [
        "networks apart 0.1", None, "networks apart 0.5", None
    ]  # fmt: skip
    sessions.session.loader.load("translated", {"inputs": [tmp_path / "out" / "p0.png"]})
    sessions.until(lambda: len(viewer.to_translate) == 1)
    assert viewer.marks.agreement_of(viewer.to_translate[0]) is None
