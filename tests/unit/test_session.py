"""Loading in the background, examining with progress and cancel, several DICOM series."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from dicom_samples import dataset, write
from sessions import Sessions, write_pairs

from deepimagetranslator.app import examination
from deepimagetranslator.app.loading import SeriesQuestion
from deepimagetranslator.app.splitting import NEIGHBOURS, SplitWay, preview_split
from deepimagetranslator.core.data.pairs import ImagePair
from deepimagetranslator.core.errors import UserError

NAMES = [f"p{k}.png" for k in range(4)]


@pytest.fixture
def sessions(tmp_path: Path) -> Iterator[Sessions]:
    sessions = Sessions(tmp_path)
    yield sessions
    sessions.session.close()


def test_loading_is_told_and_ends_in_a_data_set(sessions: Sessions, tmp_path: Path) -> None:
    write_pairs(tmp_path, NAMES)
    session, done = sessions.session, []
    sources = {"inputs": tmp_path / "in", "targets": tmp_path / "out"}
    session.load_from("training", sources, done=lambda: done.append(len(session.matched.train)))
    assert session.busy
    assert session.matched.train == ()
    sessions.until(lambda: session.dataset is not None)
    assert session.busy == ""
    assert done == [4]
    assert ("busy", None) in sessions.told
    assert session.part == "training"


def test_a_folder_without_images_is_one_sentence(sessions: Sessions, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    sessions.session.load_from("translated", {"inputs": tmp_path / "empty"})
    sessions.until(sessions.problems)
    assert "empty" in sessions.problems()[0]
    assert sessions.session.busy == ""
    assert sessions.session.to_translate == []


def test_values_as_targets_choose_their_loss(sessions: Sessions, tmp_path: Path) -> None:
    write_pairs(tmp_path, NAMES)
    sources = {"inputs": tmp_path / "out", "targets": tmp_path / "in"}
    sessions.session.load_from("training", sources)
    sessions.until(lambda: sessions.session.matched.train)
    assert sessions.session.specs.training.loss == "mae"


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
    session.load_from("translated", {"inputs": tmp_path / "scan"})
    sessions.until(lambda: any(topic == "series" for topic, _ in sessions.told))
    question = next(subject for topic, subject in sessions.told if topic == "series")
    assert isinstance(question, SeriesQuestion)
    assert sorted(one.description for one in question.series) == ["Series 1", "Series 2"]
    assert session.to_translate == []
    assert session.busy == ""
    question.go_on("1.2.31")
    sessions.until(lambda: session.to_translate)
    expected = [f"1.2.31at{place}.dcm" for place in (-5.0, 0.0, 5.0)]
    assert [path.name for path in session.to_translate] == expected


def test_opening_a_project_does_not_wait_for_its_names(sessions: Sessions, tmp_path: Path) -> None:
    write_pairs(tmp_path, NAMES)
    session = sessions.session
    session.load_from("training", {"inputs": tmp_path / "in", "targets": tmp_path / "out"})
    sessions.until(lambda: session.matched.train)
    saved, broken = tmp_path / "project.json", tmp_path / "broken.json"
    session.save_project(saved)
    broken.write_text("{", encoding="utf-8")
    session.new_project()
    session.open_in_background(broken)
    sessions.until(sessions.problems)
    assert "broken.json" in sessions.problems()[0]
    session.open_in_background(saved)
    assert session.busy
    sessions.until(lambda: session.path == saved)
    assert len(session.matched.train) == 4
    assert session.busy == ""


def test_reading_tells_how_far_it_is_and_stops(
    sessions: Sessions, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from deepimagetranslator.core.messages.events import FilesRead  # noqa: PLC0415

    real, ended = examination.examine, []

    def examine(specs: object, report: object, control: object, folder: object) -> object:
        for done in range(1, 4):
            report(FilesRead(done, 4))  # type: ignore[operator]
        control.cancel.wait(20)  # type: ignore[attr-defined]
        ended.append(True)
        control.raise_if_cancelled()  # type: ignore[attr-defined]
        return real(specs, report, control, folder)  # type: ignore[arg-type]

    monkeypatch.setattr(examination, "examine", examine)
    write_pairs(tmp_path, NAMES)
    session = sessions.session
    session.load_from("training", {"inputs": tmp_path / "in", "targets": tmp_path / "out"})
    sessions.until(lambda: session.examination.done == 3)
    assert session.examination.running
    sessions.until(lambda: ("examining", None) in sessions.told)
    session.stop_examining()
    assert not session.examination.running
    assert not session.examination.complete
    sessions.until(lambda: ended)
    sessions.session.tick()
    assert session.dataset is None
    assert sessions.problems() == []
    monkeypatch.setattr(examination, "examine", real)
    session.examine()
    sessions.until(lambda: session.examination.complete)
    assert session.dataset is not None


def pairs(names: list[str]) -> list[ImagePair]:
    return [ImagePair(Path("/data/in") / name, Path("/data/out") / name) for name in names]


def test_a_preview_shows_groups_and_counts() -> None:
    names = [f"person{p}_slice{s}.png" for p in range(4) for s in range(p + 1)]
    preview = preview_split(pairs(names), SplitWay(pattern="person([0-9])", fraction=0.3))
    assert [(name, count) for name, count, _ in preview.groups] == [
        ("0", 1),
        ("1", 2),
        ("2", 3),
        ("3", 4),
    ]
    assert preview.val == sum(count for _, count, validates in preview.groups if validates) == 3
    assert preview.train == 7
    assert preview.warning == preview.problem == ""


def test_image_by_image_is_never_silent() -> None:
    preview = preview_split(pairs(NAMES), SplitWay(by="image", fraction=0.25))
    assert (preview.train, preview.val) == (3, 1)
    assert preview.warning == NEIGHBOURS


@pytest.mark.parametrize(
    ("way", "word"),
    [
        (SplitWay(pattern="("), "regular expression"),
        (SplitWay(pattern="q"), "not found"),
        (SplitWay(fraction=0.0), "between 0 and 1"),
        (SplitWay(by="patient"), "does not say whose"),
    ],
)
def test_what_cannot_be_split_is_a_sentence(way: SplitWay, word: str) -> None:
    preview = preview_split(pairs(NAMES), way)
    assert word in preview.problem
    assert preview.groups == ()


def test_a_split_is_refused_without_pairs(sessions: Sessions) -> None:
    with pytest.raises(UserError):
        sessions.session.split_validation(SplitWay())
