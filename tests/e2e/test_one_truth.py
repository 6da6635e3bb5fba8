"""The window and the command line do the same with the same folders."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from networks import write_network
from tk_safety import collector_in_this_thread, roots_ending_with_the_focus
from window import Window

from deepimagetranslator import cli
from deepimagetranslator.cli.check_commands import as_json
from deepimagetranslator.core.data.labels.palette import Palette
from deepimagetranslator.core.imaging.images import write_image
from deepimagetranslator.core.sample import write_sample
from deepimagetranslator.gui.dialogs.augmentation_dialog import AugmentationDialog
from deepimagetranslator.gui.dialogs.model_dialog import ModelDialog
from deepimagetranslator.gui.dialogs.split_dialog import SplitDialog
from deepimagetranslator.gui.dialogs.training_dialog import TrainingDialog
from deepimagetranslator.gui.dialogs.translation_dialog import TranslationDialog
from deepimagetranslator.gui.jobs.job_window import JobWindow
from deepimagetranslator.ml.devices import load_engine

SIDE = 32
TISSUES = Palette(((0, 0, 0), (0, 0, 255), (0, 255, 0), (255, 0, 0)), "uint8")


@dataclass(frozen=True)
class Case:
    """A set of images, and what a user does with it.

    Attributes:
        draw: writes training and validation pairs into a folder.
        loss: what it is to be learnt with.
        options: for ``new``.
        in_window: does the same in the window.
    """

    draw: Callable[[Path], None]
    loss: str
    options: tuple[str, ...] = ()
    in_window: Callable[[Window], None] = field(default=lambda _window: None)


# ---- the sets ------------------------------------------------------------------------------


def draw_ct(folder: Path) -> None:
    """Abdominal CT with tissue maps."""
    sample = write_sample(folder / "drawn", size=SIDE, people=[1, 2], slices=3)
    for part, person in (("train", "person01"), ("val", "person02")):
        for pair in sample.pairs[person]:
            for side, file in zip(("inputs", "targets"), pair, strict=True):
                place = folder / part / side / person / file.name
                place.parent.mkdir(parents=True, exist_ok=True)
                file.rename(place)


def draw_membranes(folder: Path) -> None:
    """Stacks as electron microscopes give them: dark lines, which the masks are of."""
    for number, part in enumerate(("train", "val")):
        rng = np.random.default_rng(number)
        masks = np.stack([_lines(rng) for _ in range(3)])
        noise = rng.normal(0, 20, masks.shape)
        pages = np.clip(np.where(masks > 0, 60, 160) + noise, 0, 255).astype(np.uint8)
        for side, stack in (("inputs", pages), ("targets", masks)):
            (folder / part / side).mkdir(parents=True)
            tifffile.imwrite(folder / part / side / "stack.tif", stack, photometric="minisblack")


def _lines(rng: np.random.Generator) -> np.ndarray:
    """The lines halfway between some points (height, width), 0 and 255."""
    points = rng.uniform(0, SIDE, (6, 2))
    places = np.stack(np.mgrid[:SIDE, :SIDE], axis=-1)[:, :, None]
    near = np.sort(np.linalg.norm(places - points, axis=-1), axis=-1)
    return (near[..., 1] - near[..., 0] < 2).astype(np.uint8) * np.uint8(255)


def draw_noisy(folder: Path) -> None:
    """Noisy images and what they were before, one subfolder a sample."""
    for part, samples in (("train", ("a", "b")), ("val", ("c",))):
        for sample in samples:
            for number in range(2):
                rng = np.random.default_rng([ord(sample), number])
                coarse = rng.uniform(40, 200, (SIDE // 8, SIDE // 8))
                clean = np.kron(coarse, np.ones((8, 8))) + np.arange(SIDE)[:, None] / 2
                noisy = np.clip(clean + rng.normal(0, 15, clean.shape), 0, 255)
                for side, image in (("inputs", noisy), ("targets", clean)):
                    file = folder / part / side / sample / f"field{number}.png"
                    write_image(file, image.astype(np.uint8)[..., None])


# ---- what a user does in the window --------------------------------------------------------


def add_noise(window: Window) -> None:
    window.choose("Train", "Data augmentation")
    dialog: Any = window.dialog(AugmentationDialog)
    for name in ("noise_input", "noise_validation"):
        dialog.controls[name].invoke()
    dialog.ok_button.invoke()


def choose_2021(window: Window) -> None:
    for menu, entry, kind in (
        ("Model", "Set model hyperparameters", TrainingDialog),
        ("Model", "New model", ModelDialog),
        ("Train", "Data augmentation", AugmentationDialog),
    ):
        window.choose(menu, entry)
        dialog: Any = window.dialog(kind)
        dialog.reset("2021")
        dialog.ok_button.invoke()
    window.until(lambda: window.session.model.weights)  # of the new model


NOISE = ("--set", "augmentation.noise_input=true", "--set", "augmentation.noise_validation=true")
CASES = {
    "CT maps": Case(draw_ct, "dice_crossentropy"),
    "membranes": Case(draw_membranes, "dice_crossentropy"),
    "denoising": Case(draw_noisy, "mae", NOISE, add_noise),
    "2021": Case(draw_ct, "binary_crossentropy", ("--preset", "2021"), choose_2021),
}


# ---- the two front ends --------------------------------------------------------------------


@pytest.fixture(scope="module")
def window(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Window]:
    """One window, with one engine, for all sets; each begins a new project."""
    load_engine()
    with pytest.MonkeyPatch.context() as patch, collector_in_this_thread():
        patch.setenv("DEEPIMAGETRANSLATOR_HOME", str(tmp_path_factory.mktemp("home")))
        with roots_ending_with_the_focus():
            window = Window()
            yield window
            window.close()


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Networks with random weights, by the kind of output."""
    folder = tmp_path_factory.mktemp("weights")
    sizes = {f"{side}_{size}": SIDE for side in ("input", "target") for size in ("height", "width")}
    classes = {"target_channels": 4, "final_activation": "softmax", "palette": TISSUES}
    return {
        "values": write_network(folder, "values", **sizes),
        "labels": write_network(folder, "labels", **sizes, **classes),
    }


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str]) -> Callable[..., dict[str, Any]]:
    """A command, in this process; what it tells with --json."""

    def call(*arguments: str | Path, status: int = 0) -> dict[str, Any]:
        capsys.readouterr()
        assert cli.main([*map(str, arguments), "--json"]) == status
        told: dict[str, Any] = json.loads(capsys.readouterr().out.splitlines()[-1])
        return told

    return call


def load(window: Window, folder: Path) -> None:
    """Load training and validation pairs, and wait until all is known about them."""
    window.answers.paths = [folder / "train" / "inputs", folder / "train" / "targets"]
    window.choose("File", "Load folder pair...")
    project = window.session.project
    window.until(lambda: project.matched.train and project.reader.complete)
    for side, words in (("inputs", "images"), ("targets", "targets")):
        files = sorted(path for path in (folder / "val" / side).rglob("*") if path.is_file())
        window.answers.files = [files]
        window.choose("File", f"Load validation {words}")
        window.until(lambda side=side: getattr(project.specs.data, f"val_{side}"))
    settle(window)


def settle(window: Window) -> None:
    """Wait until files have been read and nothing more will change by itself."""
    project = window.session.project
    window.until(lambda: not window.session.background.busy and project.reader.complete)


@contextmanager
def job(window: Window) -> Iterator[Any]:
    """The window of the job that was begun, at its end."""
    window.until(lambda: any(isinstance(w, JobWindow) for w in window.root.winfo_children()))
    found: Any = window.dialog(JobWindow)
    window.until(lambda: not window.session.jobs.kind)
    yield found
    found.destroy()


def files_below(folder: Path) -> dict[str, bytes]:
    """Names and contents."""
    found = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}


# ---- the tests -----------------------------------------------------------------------------


@pytest.mark.parametrize("name", CASES)
def test_the_same_folders_make_the_same_project(
    name: str, window: Window, call: Callable[..., dict[str, Any]], tmp_path: Path
) -> None:
    case = CASES[name]
    case.draw(tmp_path)
    sides = [
        word
        for part in ("train", "val")
        for side in ("inputs", "targets")
        for word in (f"--{part}-{side}", tmp_path / part / side)
    ]
    call("new", tmp_path / "command.json", *sides, *case.options)
    told = call("check", tmp_path / "command.json")

    window.choose("File", "New project")
    load(window, tmp_path)
    case.in_window(window)
    settle(window)
    window.answers.paths = [tmp_path / "window.json"]
    window.choose("File", "Save project as...")

    by_command, by_window = (
        json.loads((tmp_path / f"{way}.json").read_text("utf-8")) for way in ("command", "window")
    )
    assert by_window == by_command
    assert by_command["training"]["loss"] == case.loss
    assert by_command["preset"] == ("2021" if name == "2021" else "recommended")
    assert [as_json(problem) for problem in window.session.project.problems] == told["problems"]
    assert (
        len(window.session.project.matched.train)
        == told["train_pairs"]
        == len(by_command["data"]["train_inputs"])
    )
    assert window.answers.failed == []


def test_the_same_tree_of_persons_makes_the_same_project(
    window: Window, call: Callable[..., dict[str, Any]], tmp_path: Path
) -> None:
    write_sample(tmp_path / "tree", size=SIDE, people=[1, 2, 3], slices=2)
    project = window.session.project
    call("new", tmp_path / "c.json", "--persons", tmp_path / "tree", "--val-persons", "person02")

    window.choose("File", "New project")
    window.answers.paths = [tmp_path / "tree"]
    window.choose("File", "Load persons...")
    window.until(lambda: project.matched.train)
    dialog = window.dialog(SplitDialog)
    assert isinstance(dialog, SplitDialog)
    window.until(lambda: dialog.preview)
    for item, name in list(dialog.lines.items()):
        if (dialog.table.set(item, "part") == "validation") != (name == "person02"):
            dialog.toggle(item)
            window.until(lambda: dialog.preview)
    dialog.ok_button.invoke()
    settle(window)
    window.answers.paths = [tmp_path / "w.json"]
    window.choose("File", "Save project as...")

    by_command, by_window = (
        json.loads((tmp_path / name).read_text("utf-8")) for name in ("c.json", "w.json")
    )
    assert by_window == by_command
    assert by_command["data"]["persons"] == [f"tree/person0{k}" for k in (1, 2, 3)]
    assert {text[:13] for text in by_command["data"]["val_inputs"]} == {"tree/person02"}
    assert window.answers.failed == []


@pytest.mark.parametrize(
    ("name", "kind"), [("CT maps", "labels"), ("membranes", "values"), ("denoising", "values")]
)
def test_the_same_weights_make_the_same_files_and_tables(
    name: str,
    kind: str,
    window: Window,
    weights: dict[str, Path],
    call: Callable[..., dict[str, Any]],
    tmp_path: Path,
) -> None:
    CASES[name].draw(tmp_path)
    inputs, targets = (tmp_path / "train" / side for side in ("inputs", "targets"))
    one_too_many = targets / "more.png"
    by_command, by_window = tmp_path / "by command", tmp_path / "by window"
    call("translate", "--weights", weights[kind], "--output", by_command, inputs)
    write_image(one_too_many, np.zeros((SIDE, SIDE, 1), np.uint8))
    sides = ("--weights", weights[kind], "--inputs", inputs, "--targets", targets)
    told = call("evaluate", *sides, "--output", tmp_path / "table", status=3)

    window.choose("File", "New project")
    window.answers.paths = [weights[kind]]
    window.choose("Model", "Load model weights")
    window.until(lambda: window.session.model.weights == weights[kind])
    window.answers.paths = [inputs]
    window.choose("Translate", "Load folder for translation...")
    window.until(lambda: window.session.viewer.folder_to_translate == inputs)
    window.choose("Translate", "Translate and save...")
    dialog: Any = window.dialog(TranslationDialog)
    assert dialog.folder.get() == str(inputs.with_name("inputs-translated"))
    dialog.folder.set(str(by_window))
    dialog.ok_button.invoke()
    with job(window):
        assert files_below(by_window) == files_below(by_command)
    assert len(files_below(by_window)) == (1 if name == "membranes" else len(told_images(inputs)))

    window.answers.paths = [targets]
    window.choose("Evaluate", "Evaluate translated images with targets...")
    with job(window) as shown:
        assert one_too_many.name in shown._detail.cget("text")
        window.until(lambda: shown.measures)
        shown._ask_file = lambda *_: tmp_path / "window.csv"
        shown.save()
    table = (tmp_path / "table" / "evaluation.csv").read_text("utf-8")
    assert (tmp_path / "window.csv").read_text("utf-8") == table
    assert [one_too_many.name in problem for problem in told["problems"]] == [True]
    assert window.answers.failed == []


def told_images(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]
