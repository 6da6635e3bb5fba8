"""The dialogs for training, a new model and translating."""

from __future__ import annotations

import dataclasses
import tkinter as tk
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from focus import focus
from starts import seen_of, spec_to, start_of

from deepimagetranslator.core.config.fields import fields_of
from deepimagetranslator.core.config.network_plan import count_parameters
from deepimagetranslator.core.config.presets import PRESETS
from deepimagetranslator.core.config.specs import ModelSpec, TrainingSpec, TranslationSpec
from deepimagetranslator.core.system import machine
from deepimagetranslator.gui.dialogs.model_dialog import ModelDialog
from deepimagetranslator.gui.dialogs.training_dialog import TrainingDialog
from deepimagetranslator.gui.dialogs.translation_dialog import TranslationDialog
from deepimagetranslator.gui.theme.theme import theme_of
from deepimagetranslator.gui.widgets.form import FormDialog

Pump = Callable[..., None]
RECOMMENDED = PRESETS["recommended"].training
MODEL = PRESETS["recommended"].model
SHAPES = ((480, 512, 3), (240, 256, 1))


def training(root: tk.Tk, spec: TrainingSpec | None = None, **rest: Any) -> TrainingDialog:
    return TrainingDialog(root, start_of(spec or TrainingSpec()), **rest)


def model(root: tk.Tk, spec: ModelSpec | None = None, **rest: Any) -> ModelDialog:
    return ModelDialog(root, start_of(spec or MODEL), TrainingSpec(), **rest)


def translation(root: tk.Tk, **rest: Any) -> TranslationDialog:
    choices: dict[str, Any] = {
        "current": Path("now.weights.h5"),
        "best": Path("best.weights.h5"),
        "epochs": {12: Path("12.weights.h5"), 3: Path("3.weights.h5")},
        "folder": Path("out"),
        "ask_folder": lambda: None,
    }
    return TranslationDialog(root, TranslationSpec(), **(choices | rest))


MAKERS: dict[str, tuple[Callable[[tk.Tk], Any], Any]] = {
    "training": (training, TrainingSpec),
    "model": (model, ModelSpec),
    "translation": (translation, TranslationSpec),
}


@pytest.fixture(params=MAKERS)
def made(request: pytest.FixtureRequest, root: tk.Tk) -> Iterator[tuple[Any, Any]]:
    make, spec_class = MAKERS[request.param]
    dialog = make(root)
    root.update()
    yield dialog, spec_class
    if dialog.winfo_exists():
        dialog.cancel()


def test_every_field_is_in_the_table(made: tuple[Any, Any]) -> None:
    dialog, spec_class = made
    names = {field.name for field in dataclasses.fields(spec_class)}
    assert set(dialog.form.controls) == names


@pytest.mark.parametrize("name", PRESETS)
def test_what_is_shown_is_read(made: tuple[Any, Any], name: str) -> None:
    dialog, spec_class = made
    sections = vars(PRESETS[name]).values()
    spec = next(spec for spec in sections if isinstance(spec, spec_class))
    dialog.form.show(spec)
    assert dialog.form.read() == spec


def test_each_number_is_checked_as_it_is_typed(made: tuple[Any, Any]) -> None:
    dialog, spec_class = made
    for info in fields_of(spec_class):
        if info.kind not in ("int", "float"):
            continue
        variable = dialog.form.fields.variables[info.name]
        before = variable.get()
        for wrong in ("3x", "", str(info.high * 2 + 1), "-1"):
            variable.set(wrong)
            problem = dialog.form.problems()[info.name]
            assert problem == f"{info.label} must be {info.bounds()}, not {quoted(info, wrong)}."
            assert dialog.ok_button.instate(["disabled"])
        variable.set(before)
        assert dialog.ok_button.instate(["!disabled"])


def quoted(info: Any, text: str) -> str:
    """As the message repeats it: a float that could be read is written as such."""
    try:
        return f"'{float(text)}'" if info.kind == "float" else f"'{text}'"
    except ValueError:
        return f"'{text}'"


@pytest.mark.parametrize("palette", ["dark", "light"])
def test_nothing_is_clipped(made: tuple[Any, Any], palette: str) -> None:
    dialog, _ = made
    theme_of(dialog).apply(palette)
    dialog.update()
    for widget in every(dialog):
        if widget.winfo_ismapped() and widget.winfo_class() != "Canvas":
            assert widget.winfo_width() >= widget.winfo_reqwidth() - 1, widget
            assert widget.winfo_height() >= widget.winfo_reqheight() - 1, widget
    assert dialog.winfo_width() <= 1366
    assert dialog.winfo_height() <= 768 - 80


def test_no_two_letters_are_the_same(made: tuple[Any, Any]) -> None:
    dialog, _ = made
    letters = []
    for widget in every(dialog):
        options = widget.configure() or {}
        if "underline" in options and int(str(widget.cget("underline"))) >= 0:
            letters.append(str(widget.cget("text"))[int(str(widget.cget("underline")))].lower())
    assert len(letters) >= 4
    assert len(letters) == len(set(letters))


def test_training_twice_comes_to_the_front(root: tk.Tk) -> None:
    first = TrainingDialog.open(root, start_of(TrainingSpec()))
    first.form.fields.variables["epochs"].set("12")
    assert TrainingDialog.open(root, start_of(TrainingSpec())) is first
    assert first.form.fields.variables["epochs"].get() == "12"
    assert sum(isinstance(child, tk.Toplevel) for child in root.winfo_children()) == 1


def test_training_parameters_are_applied(root: tk.Tk) -> None:
    got: list[TrainingSpec] = []
    dialog = training(root, on_ok=spec_to(got))
    dialog.form.fields.variables["epochs"].set("12")
    dialog.form.fields.variables["loss"].set("mae")
    dialog.form.controls["metrics"].ticks["psnr"].invoke()
    dialog.ok_button.invoke()
    assert got == [TrainingSpec(epochs=12, loss="mae", metrics=("mse", "dice_score", "psnr"))]


LABELS = seen_of(np.eye(32, dtype=np.uint8).repeat(4, 0)[..., None] * np.uint8(255))
VALUES = seen_of(np.random.default_rng(1).integers(0, 256, (32, 32, 1), np.uint8))


def note_at(dialog: FormDialog[Any], name: str) -> str:
    """What stands under a field."""
    label = dialog.form.fields._messages[name]
    return label.text() if label.winfo_manager() else ""


def test_what_follows_from_the_targets_is_shown_so_until_it_is_chosen(root: tk.Tk) -> None:
    got: list[tuple[TrainingSpec, frozenset[str]]] = []
    dialog = TrainingDialog(
        root, start_of(RECOMMENDED, LABELS), on_ok=lambda *what: got.append(what)
    )
    automatic = "Automatic: Dice + cross-entropy, since the targets are label maps."
    assert note_at(dialog, "loss") == automatic
    metrics = "Automatic: MSE, Dice score, since the targets are label maps."
    assert note_at(dialog, "metrics") == metrics
    assert note_at(dialog, "optimizer") == ""
    dialog.form.fields.variables["epochs"].set("12")
    assert note_at(dialog, "loss") == automatic
    dialog.form.controls["loss"].set("Dice + cross-entropy")  # the same, but chosen now
    assert note_at(dialog, "loss") == ""
    dialog.reset(None)
    assert note_at(dialog, "loss") == automatic
    dialog.form.fields.variables["loss"].set("Dice")
    dialog.ok_button.invoke()
    assert got == [(dataclasses.replace(RECOMMENDED, loss="dice"), frozenset({"loss"}))]


def test_recommended_choices_are_those_for_the_targets(root: tk.Tk) -> None:
    got: list[tuple[ModelSpec, frozenset[str], str]] = []
    spec = ModelSpec(normalization="group", depth=3)
    dialog = ModelDialog(
        root, start_of(spec, VALUES), TrainingSpec(), on_ok=lambda *what: got.append(what)
    )
    assert note_at(dialog, "normalization") == ""
    dialog.reset("recommended")
    automatic = "Automatic: None, since the targets are images of many values."
    assert note_at(dialog, "normalization") == automatic
    assert note_at(dialog, "final_activation") == ""  # its value is "Automatic" already
    dialog.ok_button.invoke()
    expected = dataclasses.replace(MODEL, normalization="none", initialization="he_normal")
    assert got == [(expected, frozenset(), "resize")]


def test_choices_as_in_2021_are_chosen(root: tk.Tk) -> None:
    got: list[tuple[TrainingSpec, frozenset[str]]] = []
    dialog = TrainingDialog(
        root, start_of(TrainingSpec(), LABELS), on_ok=lambda *what: got.append(what)
    )
    dialog.reset("2021")
    assert note_at(dialog, "loss") == ""
    dialog.ok_button.invoke()
    ((spec, chosen),) = got
    assert spec == PRESETS["2021"].training and "loss" in chosen and "seed" not in chosen


def test_a_model_is_created_or_not(root: tk.Tk) -> None:
    got: list[object] = []
    shapes = {"first_pair_shapes": SHAPES, "on_ok": lambda *what: got.append(what)}
    four = dataclasses.replace(MODEL, depth=4)
    model(root, four, **shapes).ok_button.invoke()
    assert got == [(four, frozenset({"depth"}), "resize")]
    model(root, **shapes).cancel_button.invoke()
    assert len(got) == 1


def test_a_models_sizes_are_those_of_the_images(root: tk.Tk) -> None:
    chosen = ModelSpec(input_height=64, input_width=32)
    dialog = model(root, chosen, first_pair_shapes=SHAPES)
    spec = dialog.value()
    assert spec is not None
    assert (spec.input_height, spec.input_width, spec.input_channels) == (64, 32, 3)
    assert (spec.target_height, spec.target_width, spec.target_channels) == (240, 256, 1)
    dialog.reset("2021")
    spec = dialog.value()
    assert spec is not None
    assert (spec.input_height, spec.input_channels, spec.target_channels) == (480, 3, 3)


def test_crops_have_sizes_of_their_own(root: tk.Tk) -> None:
    """Sizes that nobody chose follow the choice for larger images; chosen ones stay."""
    made: list[tuple[ModelSpec, frozenset[str], str]] = []
    dialog = model(root, first_pair_shapes=SHAPES, on_ok=lambda *what: made.append(what))
    choice = dialog.data_form.fields.variables["large_images"]
    shown = choice.get()
    choice.set("crop")
    spec = dialog.value()
    assert spec is not None
    assert (spec.input_height, spec.input_width, spec.input_channels) == (480, 480, 3)
    assert (spec.target_height, spec.target_width, spec.target_channels) == (240, 240, 1)
    choice.set(shown)
    spec = dialog.value()
    assert spec is not None and (spec.input_height, spec.input_width) == (480, 512)
    choice.set("crop")
    dialog.form.fields.variables["input_width"].set("128")
    choice.set(shown)
    spec = dialog.value()
    assert spec is not None and (spec.input_height, spec.input_width) == (480, 128)
    choice.set("crop")
    dialog.ok_button.invoke()
    narrow = dataclasses.replace(MODEL, input_width=128)
    assert made == [(narrow, frozenset({"input_width"}), "crop")]


def test_classes_are_counted_later(root: tk.Tk) -> None:
    loss = TrainingSpec(loss="categorical_crossentropy")
    dialog = ModelDialog(root, start_of(ModelSpec()), loss, SHAPES)
    spec = dialog.value()
    assert spec is not None
    assert (spec.target_height, spec.target_channels) == (240, 0)


def test_the_drawing_follows_what_is_typed(root: tk.Tk) -> None:
    dialog = model(root, first_pair_shapes=SHAPES)
    dialog.form.fields.variables["depth"].set("3")
    dialog.form.fields.variables["base_filters"].set("8")
    words = dialog.drawing.texts()
    assert {"Input 512 × 480 × 3", "Output 256 × 240 × 1"} == set(words[:2])
    assert words[2:] == [
        "512 × 480 to 256 × 240 × 8",
        "256 × 240 to 128 × 120 × 16",
        "128 × 120 to 64 × 60 × 32",
    ]
    spec = dialog.value()
    assert spec is not None
    assert dialog.parameters.cget("text") == f"{count_parameters(spec):,} parameters"
    dialog.form.fields.variables["deep_supervision"].set("true")
    assert dialog.drawing.texts()[-1] == "Second output"
    dialog.form.fields.variables["depth"].set("x")
    assert len(dialog.drawing.texts()) == 6


def test_a_residual_output_is_drawn_where_it_can_be_had(root: tk.Tk) -> None:
    dialog = model(root, first_pair_shapes=(SHAPES[0], SHAPES[0]))
    assert "added" not in dialog.drawing.texts()
    variables = dialog.form.fields.variables
    variables["residual"].set("true")
    assert "added" in dialog.drawing.texts()
    variables["target_channels"].set("1")
    assert dialog.value() is None
    assert "equal numbers of channels" in dialog.form.problems()["residual"]


@pytest.mark.parametrize("depth", range(1, 13))
@pytest.mark.parametrize("deep_supervision", [False, True])
def test_words_in_the_drawing_do_not_meet(root: tk.Tk, depth: int, deep_supervision: bool) -> None:
    if deep_supervision and depth < 3:
        return
    sizes = (4096, 4096, 3, 2048, 2048, 3)
    spec = ModelSpec(depth, 4, deep_supervision, "none", *sizes, residual=True)
    dialog = model(root, spec)
    root.update()
    drawing = dialog.drawing
    boxes = [drawing.bbox(item) for item in drawing.find_withtag("words")]
    for index, (left, top, right, bottom) in enumerate(boxes):
        assert left >= 0
        assert right <= drawing.winfo_width()
        assert bottom <= drawing.winfo_height()
        for other in boxes[index + 1 :]:
            apart = right <= other[0] or other[2] <= left or bottom <= other[1] or other[3] <= top
            assert apart, (depth, boxes)


def test_a_network_that_does_not_fit_is_warned_of(root: tk.Tk) -> None:
    dialog = model(root, first_pair_shapes=SHAPES, memory=2**40)
    assert dialog.warning.text() == ""
    dialog.cancel()
    dialog = model(root, first_pair_shapes=SHAPES, memory=2**20)
    assert dialog.warning.text().startswith("This would not fit in memory, which is 1 MiB: choose")
    assert dialog.ok_button.instate(["!disabled"])


@pytest.mark.parametrize(
    ("typed", "field", "words"),
    [
        ({"depth": "2", "deep_supervision": "true"}, "deep_supervision", "needs a depth of 3"),
        ({"input_width": "64", "input_height": "0"}, "input_height", "Give both the input's"),
        ({"target_width": "64", "target_height": "0"}, "target_height", "Give both the target's"),
        ({"depth": "9", "input_width": "64", "input_height": "64"}, "depth", "at most 7, not 9"),
        ({"depth": "12", "base_filters": "1024"}, "base_filters", "more than 65536 channels"),
    ],
)
def test_fields_of_a_model_that_do_not_go_together(
    root: tk.Tk, typed: dict[str, str], field: str, words: str
) -> None:
    dialog = model(root)
    for name, text in typed.items():
        dialog.form.fields.variables[name].set(text)
    assert words in dialog.form.problems()[field]
    assert dialog.ok_button.instate(["disabled"])


def test_translating_gives_weights_folder_and_spec(root: tk.Tk) -> None:
    started: list[object] = []
    dialog = translation(root, on_ok=lambda *what: started.append(what))
    assert dialog.weights_box.cget("values") == (
        "Current model",
        "Best epoch",
        "Epoch 3",
        "Epoch 12",
    )
    dialog.weights.set("Epoch 12")
    dialog.form.fields.variables["overwrite"].set("true")
    dialog.ok_button.invoke()
    expected = (Path("12.weights.h5"), Path("out"), TranslationSpec(overwrite=True))
    assert started == [expected]


def test_networks_of_a_study_translate_together(root: tk.Tk) -> None:
    files = (Path("a.weights.h5"), Path("b.weights.h5"))
    dialog = translation(root, together={"2 networks of augmentation-on": files})
    confidence = dialog.form.controls["confidence"]
    dialog.form.fields.variables["confidence"].set("true")
    assert confidence.instate(["!disabled"])
    dialog.weights.set("2 networks of augmentation-on")
    assert confidence.instate(["disabled"])
    choice = dialog.value()
    assert choice is not None and choice.weights == files and not choice.spec.confidence
    dialog.weights.set("Best epoch")
    assert confidence.instate(["!disabled"])
    dialog.cancel()
    alone = translation(root, current=None, best=None, epochs={}, together={"2 networks": files})
    assert alone.value() is not None and alone.weights.get() == "2 networks"


def test_translating_into_another_folder(root: tk.Tk) -> None:
    answers = iter([None, Path("elsewhere")])
    dialog = translation(root, ask_folder=lambda: next(answers))
    dialog.folder_button.invoke()
    assert dialog.folder.get() == "out"
    dialog.folder_button.invoke()
    assert dialog.folder.get() == "elsewhere"
    dialog.folder.set(" ")
    assert dialog.folder_message.text() == "Choose a folder for the translated images."
    assert dialog.ok_button.instate(["disabled"])


def test_translating_without_weights(root: tk.Tk) -> None:
    dialog = translation(root, current=None, best=None, epochs={})
    assert "no weights yet" in dialog.weights_message.text()
    assert dialog.value() is None
    dialog.cancel()
    assert translation(root, current=None).value() is not None


def test_label_maps_have_a_value_type_of_their_own(root: tk.Tk) -> None:
    dialog = translation(root)
    variables = dialog.form.fields.variables
    control = dialog.form.controls["value_type"]
    variables["value_type"].set("16-bit")
    assert control.instate(["!disabled"])
    variables["output"].set("Classes")
    assert control.instate(["disabled"])
    choice = dialog.value()
    assert choice is not None
    assert choice.spec == TranslationSpec(output="classes", value_type="automatic")
    variables["output"].set("Values")
    assert control.instate(["!disabled"])


def test_a_format_that_cannot_hold_the_values_is_said_at_once(root: tk.Tk) -> None:
    dialog = translation(root)
    dialog.form.fields.variables["value_type"].set("Float")
    dialog.form.fields.variables["file_format"].set("PNG")
    assert "PNG cannot hold" in dialog.form.problems()["value_type"]
    assert dialog.ok_button.instate(["disabled"])
    dialog.form.fields.variables["file_format"].set("TIF")
    assert dialog.ok_button.instate(["!disabled"])


def test_memory_in_words() -> None:
    assert machine.bytes_in_words(420 * 2**20) == "420 MiB"
    assert machine.bytes_in_words(int(1.26 * 2**30)) == "1.3 GiB"
    assert machine.memory_bytes() > 2**28


def every(widget: tk.Misc) -> list[Any]:
    return [widget] + [w for child in widget.winfo_children() for w in every(child)]


@pytest.mark.parametrize("below", ["", "deeper/still"])
def test_an_output_folder_that_is_a_file_is_refused_beside_the_field(
    root: tk.Tk, tmp_path: Path, below: str
) -> None:
    (tmp_path / "scan.png").write_bytes(b"")
    dialog = translation(root, folder=tmp_path / "new" / "folder")
    assert dialog.ok_button.instate(["!disabled"])
    dialog.folder.set(str(tmp_path / "scan.png" / below))
    assert "scan.png is a file, not a folder" in dialog.folder_message.text()
    assert dialog.ok_button.instate(["disabled"]) and dialog.value() is None
    dialog.folder.set(str(tmp_path))
    assert dialog.folder_message.text() == ""
    assert dialog.ok_button.instate(["!disabled"])
    dialog.cancel()


@pytest.mark.parametrize("kind", MAKERS)
def test_a_dialog_fits_a_small_screen_and_the_tab_key_reaches_all_of_it(
    root: tk.Tk, pump: Callable[..., None], monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setattr(tk.Misc, "winfo_screenwidth", lambda _self: 800)
    monkeypatch.setattr(tk.Misc, "winfo_screenheight", lambda _self: 600)
    dialog = MAKERS[kind][0](root)
    pump(root, lambda: dialog.winfo_viewable() and dialog.winfo_width() > 1)
    root.update()
    assert dialog.winfo_width() <= 800 and dialog.winfo_height() <= 560
    canvas = dialog.body.master.master
    seen, widget, reached = 0, dialog.tk_focusNext(), set()
    while widget is not None and widget not in reached:
        reached.add(widget)
        focus(widget)
        root.update()
        if str(widget).startswith(str(dialog.body)):
            left = widget.winfo_rootx() - canvas.winfo_rootx()
            top = widget.winfo_rooty() - canvas.winfo_rooty()
            assert left >= 0 and left + widget.winfo_width() <= canvas.winfo_width(), widget
            assert top >= 0 and top + widget.winfo_height() <= canvas.winfo_height(), widget
            seen += 1
        widget = widget.tk_focusNext()
    assert seen > 3
    dialog.destroy()
