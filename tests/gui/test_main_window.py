"""The main window: the 2021 program's menus, the left column, keys, what the panes show."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from real_images import small
from waiting import PATIENCE
from window import Window, open_menu

from deepimagetranslator.core.augmentation.sampling import PairReader, PairSampler
from deepimagetranslator.core.config.project import Project, load_project, save_project
from deepimagetranslator.core.imaging.files import list_images
from deepimagetranslator.core.imaging.images import read_image, write_image
from deepimagetranslator.core.runs.run_folder import RunFolder
from deepimagetranslator.core.sample import write_sample
from deepimagetranslator.gui.data_check.check_window import CheckWindow
from deepimagetranslator.gui.dialogs.split_dialog import SplitDialog
from deepimagetranslator.gui.dialogs.translation_dialog import TranslationDialog
from deepimagetranslator.gui.monitor.training_monitor import TrainingMonitor

MENUS_2021 = {
    "File": [
        "Load training images",
        "Load training targets",
        "Load validation images",
        "Load validation targets",
    ],
    "Model": [
        "Set model hyperparameters",
        "New model",
        "Load model weights",
        "Save current model weights",
    ],
    "Train": ["Data augmentation", "Train model"],
    "Translate": ["Load images for translation", "Save translated images"],
}


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[tuple[Path, Path]]]:
    folder = tmp_path_factory.mktemp("sample")
    pairs = write_sample(folder, size=48, people=[1, 2], slices=3).pairs
    return {name: list(files) for name, files in pairs.items()}


def load_training(window: Window, pairs: list[tuple[Path, Path]]) -> None:
    window.answers.files = [[pair[0] for pair in pairs], [pair[1] for pair in pairs]]
    window.choose("File", "Load training images")
    window.choose("File", "Load training targets")
    window.until(lambda: window.session.project.dataset is not None)


@pytest.mark.parametrize("menu", MENUS_2021)
def test_the_2021_entries_come_first_in_their_order(window: Window, menu: str) -> None:
    known = MENUS_2021[menu]
    assert [entry for entry in window.entries(menu) if entry in known] == known
    assert window.entries(menu)[: len(known)] == known


def test_every_menu_and_entry_has_a_mnemonic_of_its_own(window: Window) -> None:
    bar = window.root.nametowidget(window.root.cget("menu"))
    for menu in (bar, *window.app.window.menus.values()):
        letters = []
        if menu is window.app.window.menus["Recent projects"]:
            continue
        for i in range((menu.index("end") or 0) + 1):
            if menu.type(i) in ("separator", "tearoff") or menu.entrycget(i, "state") == "disabled":
                continue
            place = int(menu.entrycget(i, "underline"))
            assert place >= 0, menu.entrycget(i, "label")
            letters.append(str(menu.entrycget(i, "label"))[place].lower())
        assert len(set(letters)) == len(letters), letters


def test_many_files_are_loaded_and_paired(
    window: Window, sample: dict[str, list[tuple[Path, Path]]]
) -> None:
    load_training(window, sample["person01"])
    assert len(window.session.project.matched.train) == 3
    first = sample["person01"][0]
    window.until(lambda: np.array_equal(window.shown("image"), read_image(first[0])))
    assert np.array_equal(window.shown("target"), read_image(first[1]))


def test_training_images_are_shown_as_training_draws_them(
    window: Window, sample: dict[str, list[tuple[Path, Path]]]
) -> None:
    load_training(window, sample["person01"])
    dataset = window.session.project.dataset
    assert dataset is not None
    specs = window.session.project.specs
    sampler = PairSampler(
        PairReader(dataset, 0), dataset.train, specs.augmentation, specs.training.seed
    )
    x, y = sampler.sample(1, 0)
    window.app.window.augment_tick.invoke()
    window.until(lambda: np.array_equal(window.shown("image"), dataset.input_scaling.from_unit(x)))
    assert np.array_equal(window.shown("target"), dataset.target_image(y))


def test_the_augmentation_preview_is_the_training_s_draw(
    window: Window, sample: dict[str, list[tuple[Path, Path]]]
) -> None:
    load_training(window, sample["person01"])
    dataset = window.session.project.dataset
    assert dataset is not None
    spec = replace(window.session.project.specs.augmentation, noise_input=True, elastic_input=True)
    seed = window.session.project.specs.training.seed
    sampler = PairSampler(PairReader(dataset, 0), dataset.train, spec, seed)
    for number in (1, 4):
        preview = window.app.window.actions.train.sample_preview(spec, number)
        x, y = sampler.sample(number, 0)
        assert preview[0].tobytes() == dataset.input_scaling.from_unit(x).tobytes()
        assert preview[1] is not None
        assert preview[1].tobytes() == dataset.target_image(y).tobytes()


def test_sample_images_are_drawn_and_loaded(window: Window) -> None:
    window.choose("File", "Load sample images")
    window.until(lambda: window.session.project.dataset is not None)
    matched = window.session.project.matched
    assert (len(matched.train), len(matched.val)) == (120, 30)
    people = [{pair.input.name[:8] for pair in part} for part in (matched.train, matched.val)]
    assert people[0].isdisjoint(people[1])


def test_a_missing_partner_is_named_in_the_status_bar(
    window: Window, sample: dict[str, list[tuple[Path, Path]]]
) -> None:
    pairs = sample["person01"]
    window.answers.files = [[pair[0] for pair in pairs], [pair[1] for pair in pairs[:-1]]]
    window.choose("File", "Load training images")
    window.choose("File", "Load training targets")
    window.until(lambda: pairs[-1][0].name in window.app.window.status.get())


def test_the_windows_places_survive(
    window: Window, sample: dict[str, list[tuple[Path, Path]]]
) -> None:
    window.choose("Train", "Show monitor")
    monitor = window.dialog(TrainingMonitor)
    monitor.geometry("900x600+40+30")
    window.until(
        lambda: window.app.window.actions.places.places.get("monitor geometry", "")[:7] == "900x600"
    )
    settings = window.app.settings
    window.app.close()
    assert settings.get("monitor geometry").startswith("900x600")
    assert "x" in settings.get("geometry")


def test_keys_step_through_the_images_and_wrap(
    window: Window, sample: dict[str, list[tuple[Path, Path]]]
) -> None:
    load_training(window, sample["person01"])
    positions = window.session.viewer.positions
    for key, place in (("Right", 1), ("Right", 2), ("Right", 0), ("Left", 2), ("Home", 0)):
        window.key(key)
        window.until(lambda place=place: positions["training"] == place)
    window.key("End")
    window.until(lambda: positions["training"] == 2)


def test_the_buttons_choose_the_set(
    window: Window, sample: dict[str, list[tuple[Path, Path]]]
) -> None:
    load_training(window, sample["person01"])
    window.answers.files = [[pair[0] for pair in sample["person02"]]]
    window.choose("Translate", "Load images for translation")
    window.until(lambda: window.session.viewer.part == "translated")
    for part in ("training", "validation", "translated"):
        window.app.window.part_buttons[part].invoke()
        assert window.session.viewer.part == part
    window.app.window.next_button.invoke()
    assert window.session.viewer.positions["translated"] == 1
    window.app.window.previous_button.invoke()
    assert window.session.viewer.positions["translated"] == 0


def test_a_wrong_file_is_one_sentence(window: Window, tmp_path: Path) -> None:
    bad = tmp_path / "bad.png"
    bad.write_bytes(b"no image")
    window.answers.files = [[bad]]
    window.choose("File", "Load training images")
    window.until(lambda: "bad.png" in window.app.window.status.get())
    window.choose("Train", "Train model")
    assert window.answers.failed  # there is no target yet
    window.answers.files = [[bad]]
    window.choose("File", "Load training targets")
    window.until(lambda: window.session.project.reader.complete)
    window.choose("Train", "Train model")
    check = window.dialog(CheckWindow)
    assert "bad.png" in check.findings.findings[0].message
    assert check.buttons["train"].instate(["disabled"])
    assert not window.session.jobs.kind
    window.session.project.read_files()
    window.until(lambda: window.session.project.reader.complete)
    check.destroy()
    window.choose("Train", "Train model")  # all findings were seen; they stand in the way still
    window.dialog(CheckWindow)
    assert not window.session.jobs.kind


def runs_with(window: Window, project: Path, file: str, count: int = 3) -> list[Path]:
    """Save the project; that file in all of its run folders but the last."""
    window.session.project.save(project)
    runs = [window.session.project.runs_home / str(number) for number in range(count)]
    for run in runs:
        run.mkdir(parents=True)
    for run in runs[:-1]:
        RunFolder(run).write_state(b"weights", 1)
        RunFolder(run).last.rename(run / file)
    return runs


def test_the_last_training_that_can_be_resumed_is(
    window: Window, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = runs_with(window, tmp_path / "project.json", "last.weights.h5")
    resumed: list[tuple[Path, bool]] = []
    monkeypatch.setattr(
        window.session.jobs, "train", lambda run, resume: resumed.append((run, resume))
    )
    window.choose("Train", "Resume the last training")
    assert resumed == [(runs[1], True)]
    for run in runs[:-1]:
        (run / "last.weights.h5").unlink()
    save_project(replace(Project(), run={"reading": 1}), runs[2] / "project.json")
    window.choose("Train", "Resume the last training")
    assert resumed[1:] == [(runs[2], True)], "without a complete epoch: as the command begins it"


def test_the_best_epoch_to_translate_with_is_the_last_training_s(
    window: Window, sample: dict[str, list[tuple[Path, Path]]], tmp_path: Path
) -> None:
    runs = runs_with(window, tmp_path / "project.json", "best.weights.h5")
    window.answers.files = [[pair[0] for pair in sample["person01"]]]
    window.choose("Translate", "Load images for translation")
    window.until(lambda: window.session.viewer.to_translate)
    window.choose("Translate", "Translate and save...")
    dialog = window.dialog(TranslationDialog)
    assert isinstance(dialog, TranslationDialog)
    dialog.weights.set("Best epoch")
    choice = dialog.value()
    assert choice is not None and choice.weights == runs[1] / "best.weights.h5"


def test_a_project_is_saved_and_opened_again(
    window: Window, sample: dict[str, list[tuple[Path, Path]]], tmp_path: Path
) -> None:
    load_training(window, sample["person01"])
    path = tmp_path / "my project.json"
    window.answers.paths = [path, path]
    window.key("Control-s")
    window.until(path.exists)
    assert not window.session.project.changed
    window.choose("File", "New project")
    assert window.session.project.matched.train == ()
    window.choose("File", "Open project...")
    window.until(lambda: len(window.session.project.matched.train) == 3)
    assert window.session.settings.recent == [path]


@pytest.mark.parametrize("entry", ["New project", "Exit"])
def test_unsaved_changes_are_saved_dropped_or_kept(
    window: Window,
    sample: dict[str, list[tuple[Path, Path]]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    entry: str,
) -> None:
    closed: list[bool] = []
    monkeypatch.setattr(window.app, "close", lambda: closed.append(True))
    load_training(window, sample["person01"])
    project, answers = window.session.project, window.answers

    def gone() -> bool:
        return bool(closed) if entry == "Exit" else not project.matched.train

    answers.choice = 2  # Cancel
    window.choose("File", entry)
    assert not gone() and project.changed
    answers.choice, answers.paths = 0, [None]  # Save, but then no file is named
    window.choose("File", entry)
    assert not gone() and project.changed
    answers.paths = [tmp_path / "p.json"]
    window.choose("File", entry)
    assert gone() and len(load_project(tmp_path / "p.json").specs.data.train_inputs) == 3
    assert len(answers.asked) == 3 and "Save the changes of the new project" in answers.asked[0]
    monkeypatch.undo()


def test_changes_that_need_not_be_saved_are_dropped(
    window: Window, sample: dict[str, list[tuple[Path, Path]]]
) -> None:
    load_training(window, sample["person01"])
    window.answers.choice = 1
    window.choose("File", "New project")
    assert window.session.project.matched.train == ()


def folders_of(sample: dict[str, list[tuple[Path, Path]]], person: str) -> list[Path | None]:
    return [file.parent for file in sample[person][0]]


@pytest.mark.parametrize(("answer", "count"), [(0, 6), (1, 3), (2, 3)])
def test_a_second_folder_pair_is_added_or_replaces_the_first(
    window: Window, sample: dict[str, list[tuple[Path, Path]]], answer: int, count: int
) -> None:
    project = window.session.project
    window.answers.paths = folders_of(sample, "person01")
    window.choose("File", "Load folder pair...")
    window.until(lambda: project.dataset is not None)
    assert window.answers.asked == []
    window.answers.paths, window.answers.choice = folders_of(sample, "person02"), answer
    window.choose("File", "Load folder pair...")
    assert "3 training images are loaded" in window.answers.asked[0]
    window.until(lambda: not window.session.loader.status and project.dataset is not None)
    people = {pair.input.file.parent.parent.name for pair in project.matched.train}
    assert len(project.matched.train) == count and project.matched.problems == ()
    assert people == {0: {"person01", "person02"}, 1: {"person02"}, 2: {"person01"}}[answer]


def test_a_tree_of_persons_loads_in_one_step_and_asks_who_validates(
    window: Window, sample: dict[str, list[tuple[Path, Path]]]
) -> None:
    root = sample["person01"][0][0].parent.parent.parent
    window.answers.paths = [root]
    window.choose("File", "Load persons...")
    project = window.session.project
    window.until(lambda: project.matched.train)
    dialog = window.dialog(SplitDialog)
    assert isinstance(dialog, SplitDialog)
    window.until(lambda: dialog.preview)
    assert sorted(dialog.lines.values()) == ["person01", "person02"]
    dialog.ok_button.invoke()
    assert (len(project.matched.train), len(project.matched.val)) == (3, 3)


def test_the_finding_without_validation_has_a_button_that_splits(
    window: Window, sample: dict[str, list[tuple[Path, Path]]]
) -> None:
    load_training(window, sample["person01"] + sample["person02"])
    window.until(lambda: window.session.project.reader.complete)
    window.choose("Data", "Check data...")
    check = window.dialog(CheckWindow)
    assert isinstance(check, CheckWindow)
    kinds = [problem.kind for problem in check.findings.findings]
    check.findings.table.selection_set(str(kinds.index("no_validation")))
    check.update()
    assert check.findings.repair_button.winfo_ismapped()
    check.findings.repair_button.invoke()
    dialog = window.dialog(SplitDialog)
    assert isinstance(dialog, SplitDialog)
    window.until(lambda: dialog.preview)
    dialog.ok_button.invoke()
    assert len(window.session.project.matched.val) == 3
    window.until(lambda: window.session.project.reader.complete)
    assert "no_validation" not in [problem.kind for problem in check.findings.findings]


def test_validation_is_split_by_person(
    window: Window, sample: dict[str, list[tuple[Path, Path]]]
) -> None:
    load_training(window, sample["person01"] + sample["person02"])
    window.choose("Data", "Split validation from training...")
    dialog = window.dialog(SplitDialog)
    dialog.percent.set("50")
    window.until(lambda: dialog.preview is not None)
    dialog.ok_button.invoke()
    assert "3 training and 3 validation pairs" in window.answers.told[0]
    matched = window.session.project.matched
    people = [
        {pair.input.file.parent.parent.name for pair in part}
        for part in (matched.train, matched.val)
    ]
    assert sorted(map(tuple, people)) == [("person01",), ("person02",)]


def test_one_side_alone_is_shown(window: Window, tmp_path: Path) -> None:
    image = np.full((20, 30, 1), 200, np.uint8)
    write_image(tmp_path / "a.png", image)
    window.answers.files = [[tmp_path / "a.png"]]
    window.choose("File", "Load validation targets")
    window.until(lambda: np.array_equal(window.shown("target"), image))
    assert window.shown("image") is None


def test_the_window_fits_a_small_screen(
    window: Window, sample: dict[str, list[tuple[Path, Path]]]
) -> None:
    window.root.geometry("1366x700")
    window.root.update()
    main = window.app.window
    assert main.start.winfo_height() > 5 and main.start.winfo_rootx() > 0
    load_training(window, sample["person01"])
    window.until(main.scrubber.winfo_viewable)
    for widget in (main.panes, main.scrubber, main.images):
        assert widget.winfo_rootx() + widget.winfo_width() <= window.root.winfo_rootx() + 1366
        assert widget.winfo_height() > 5


def test_an_action_that_fails_is_named(window: Window) -> None:
    window.choose("Data", "Split validation from training...")
    window.choose("Model", "Describe weights")
    assert window.answers.titles == [
        "Split validation from training failed",
        "Describe weights failed",
    ]


def test_entries_that_end_a_job_are_grey_without_one(window: Window) -> None:
    jobs, menu = window.session.jobs, window.app.window.menus["Train"]

    def states() -> list[str]:
        open_menu(window.app.window, "Train")
        return [str(menu.entrycget(e, "state")) for e in ("Finish after this epoch", "Stop")]

    assert states() == ["disabled", "disabled"]
    jobs.kind = "translation"
    assert states() == ["disabled", "normal"]
    jobs.kind = "training"
    jobs.monitor.begin()
    assert states() == ["normal", "normal"]
    jobs.monitor.request_finish()
    assert states() == ["disabled", "normal"]
    jobs.kind = ""
    assert states() == ["disabled", "disabled"]


def test_a_callback_that_breaks_is_told_in_one_sentence(
    window: Window, caplog: pytest.LogCaptureFixture
) -> None:
    def breaks() -> None:
        raise RuntimeError("planted")

    window.root.after(0, breaks)
    window.until(lambda: window.answers.failed)
    assert "planted" in window.answers.failed[0]
    assert "Traceback" not in window.answers.failed[0]
    assert "planted" in caplog.text


def run_script(code: str, folder: Path) -> str:
    """What a script that makes a window of its own prints."""
    script = folder / "window_only.py"
    script.write_text(code, encoding="utf-8")
    result = subprocess.run(
        [sys.executable, str(script)],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        env={**os.environ, "DEEPIMAGETRANSLATOR_HOME": str(folder)},
        check=False,
    )
    return result.stdout.strip() or result.stderr


def test_the_window_s_process_never_imports_the_engine(tmp_path: Path) -> None:
    code = """
import sys
from deepimagetranslator.gui.app import App
if __name__ == "__main__":
    app = App(scaling=1.0)
    app.root.update()
    heavy = {"tensorflow", "keras", "matplotlib", "Augmentor", "scipy", "h5py"} & set(sys.modules)
    heavy |= {"pydicom", "nibabel", "tifffile", "imagecodecs"} & set(sys.modules)
    app.close()
    print(sorted(heavy))
"""
    assert run_script(code, tmp_path) == "[]"


def test_its_least_size_leaves_room_for_a_title_bar(tmp_path: Path) -> None:
    """As on a screen of 768 lines at 200 per cent, where the status bar was below the screen."""
    code = """
from deepimagetranslator.gui.app import App
if __name__ == "__main__":
    app = App(scaling=8.0)
    screen = app.root.winfo_screenwidth(), app.root.winfo_screenheight()
    print(*(least < 0.95 * size for least, size in zip(app.root.minsize(), screen)))
    app.close()
"""
    assert run_script(code, tmp_path) == "True True"


def test_the_data_menu_follows_the_file_menu(window: Window) -> None:
    bar = window.root.nametowidget(window.root.cget("menu"))
    assert [bar.entrycget(i, "label") for i in range(2)] == ["File", "Data"]
    assert window.entries("Data") == [
        "Check data...",
        "Values and window...",
        "Label colours...",
        "Split validation from training...",
        "Load images to label...",
        "Paint labels",
    ]


def test_a_folder_that_cannot_be_read_is_told_and_the_next_one_loads(
    window: Window, sample: dict[str, list[tuple[Path, Path]]], tmp_path: Path
) -> None:
    (tmp_path / "nothing").mkdir()
    folder = sample["person01"][0][0].parent
    window.answers.paths = [tmp_path / "nothing", folder]
    window.choose("Translate", "Load folder for translation...")
    window.until(lambda: window.answers.failed)
    assert "nothing" in window.answers.failed[0]
    assert window.answers.titles == ["Load images for translation failed"]
    window.choose("Translate", "Load folder for translation...")
    window.until(lambda: len(window.session.viewer.to_translate) == 3)


def test_an_unreadable_file_among_others_is_named_and_the_others_are_shown(
    window: Window, sample: dict[str, list[tuple[Path, Path]]], tmp_path: Path
) -> None:
    good = sample["person01"][0][0]
    empty = tmp_path / "a_empty.png"
    empty.write_bytes(b"")
    (tmp_path / "b_good.png").write_bytes(good.read_bytes())
    window.answers.paths = [tmp_path]
    window.choose("Translate", "Load folder for translation...")
    window.until(lambda: "a_empty.png" in window.app.window.status.get())
    window.key("Right")
    window.until(lambda: np.array_equal(window.shown("image"), read_image(good)))


# ---- files of scanners -----------------------------------------------------------------------


def test_values_in_a_unit_are_called_by_it(window: Window) -> None:
    slices = [image.file for image in list_images(small("ct_dicom/crlm_1006"))]
    load_training(window, [(path, path) for path in slices])
    window.until(lambda: window.shown("target") is not None)
    pane = window.app.window.panes.panes["image"]
    window.until(lambda: "CT, HU" in pane.details.cget("text"))
    assert "float" not in pane.details.cget("text")


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such names")
def test_names_that_are_no_utf8_are_shown_saved_and_opened_again(
    window: Window, tmp_path: Path
) -> None:
    pairs = []
    for number, name in enumerate((b"caf\xe9.png", b"\xff.png", b"a.png")):
        image = np.full((32, 32), 40 * number, np.uint8) + np.arange(32, dtype=np.uint8)
        both = tuple(tmp_path / side / os.fsdecode(name) for side in ("images", "targets"))
        for path in both:
            write_image(path, image)
        pairs.append(both)
    load_training(window, pairs)
    window.until(lambda: window.shown("image") is not None)
    assert "caf" in window.app.window.panes.panes["image"].name.cget("text")
    window.answers.paths = [tmp_path / os.fsdecode(b"\xe9tude.json")]
    window.choose("File", "Save project")
    assert window.session.project.path is not None
    opened = load_project(window.session.project.path)
    assert opened.specs.data.train_inputs == tuple(str(image) for image, _ in pairs)
