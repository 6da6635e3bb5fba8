"""Values and window: the dialog, its histogram, and windows in the viewer."""

from __future__ import annotations

import re
import tkinter as tk
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from focus import focus
from real_images import small
from window import Window as MainWindow

from deepimagetranslator.core.config.specs import DataSpec
from deepimagetranslator.core.data.intensity.normalization import IntensityNormalization
from deepimagetranslator.core.data.intensity.windows import PRESETS, Window
from deepimagetranslator.core.data.pairs import ImagePair
from deepimagetranslator.core.imaging.files import list_images
from deepimagetranslator.core.imaging.image_ref import ImageRef
from deepimagetranslator.core.imaging.images import write_image
from deepimagetranslator.gui.dialogs.intensity.intensity_dialog import ValuesDialog, with_values
from deepimagetranslator.gui.viewer.pane_group import PaneGroup
from deepimagetranslator.gui.viewer.shading import to_rgb
from deepimagetranslator.gui.viewer.window_menu import build_window_menu

Pump = Callable[..., None]
ABDOMEN = PRESETS["abdomen"][1]
HEAD = np.random.default_rng(1).integers(0, 2000, (40, 50, 1)).astype(np.uint16)
MASK = (HEAD > 1000).astype(np.uint8) * 255
CT = DataSpec(input_scaling="window", input_low=-160.0, input_high=240.0, input_offset=-1024.0)


@pytest.fixture
def pairs(tmp_path: Path) -> list[ImagePair]:
    """Two pairs of Hounsfield units + 1024 in 16 bits, and masks."""
    found = []
    for number in range(2):
        pair = ImagePair(
            ImageRef(tmp_path / f"{number}.png"), ImageRef(tmp_path / f"{number}_mask.png")
        )
        write_image(pair.input.file, HEAD)
        write_image(pair.target.file, MASK)
        found.append(pair)
    return found


@pytest.fixture
def opened(root: tk.Tk, pump: Pump, pairs: list[ImagePair]) -> Callable[..., ValuesDialog]:
    """Opens the dialog and waits until the values are read."""

    def open_it(spec: DataSpec = CT, **options: object) -> ValuesDialog:
        dialog = ValuesDialog(root, spec, pairs, lambda: (HEAD, MASK), **options)  # type: ignore[arg-type]
        pump(root, lambda: dialog.reader.ranges is not None and dialog.preview.image is not None)
        return dialog

    return open_it


def numbers(dialog: ValuesDialog) -> dict[str, str]:
    return {name: text.get() for name, text in dialog.texts.items()}


def enabled(dialog: ValuesDialog) -> set[str]:
    return {name for name, entry in dialog.entries.items() if not entry.instate(["disabled"])}


def ok_enabled(dialog: ValuesDialog) -> bool:
    return not dialog.ok_button.instate(["disabled"])


def drag(dialog: ValuesDialog, start: float, end: float) -> None:
    """Drag with the mouse in the histogram from one value to another."""
    view, y = dialog.histogram, 40
    for event, value in (("Button-1", start), ("B1-Motion", end), ("ButtonRelease-1", end)):
        view.event_generate(f"<{event}>", x=round(view.x_of(value)), y=y)
    view.update()


@pytest.mark.parametrize(
    "spec",
    [
        DataSpec(),
        CT,
        DataSpec(input_scaling="percentiles", percentile=3.5),
        DataSpec(input_scaling="image", target_scaling="data"),
        DataSpec(target_scaling="window", target_low=0.25, target_high=0.5, target_offset=2.0),
    ],
)
def test_what_is_shown_is_read_back(opened: Callable[..., ValuesDialog], spec: DataSpec) -> None:
    results: list[DataSpec] = []
    dialog = opened(spec, on_ok=results.append)
    for side in ("target", "input"):
        dialog.show_side(side)
    dialog.ok_button.invoke()
    assert results == [spec]


def test_everything_follows_the_window(opened: Callable[..., ValuesDialog]) -> None:
    dialog = opened()
    assert numbers(dialog) | {"percentile": "0.5"} == {
        "low": "-160",
        "high": "240",
        "centre": "40",
        "width": "400",
        "offset": "-1024",
        "percentile": "0.5",
    }
    assert enabled(dialog) == {"low", "high", "centre", "width", "offset"}
    assert dialog.histogram.limits == (-160, 240)
    assert dialog.preset.get().startswith("Abdomen")
    assert dialog.preview.levels == (864, 1264)
    below, above = (HEAD < 864).mean(), (HEAD > 1264).mean()
    told = dialog.meaning.cget("text")
    assert "-160 and less become 0, 240 and more become 1" in told
    parts = [float(part) for part in re.findall(r"([\d.]+)\s%", told)]
    assert parts == pytest.approx([below * 100, above * 100], abs=3)


def test_values_in_a_unit_are_called_by_it(root: tk.Tk, pump: Pump) -> None:
    slices = list_images(small("ct_dicom/crlm_1006"))[:2]
    pairs = [ImagePair(image, image) for image in slices]
    dialog = ValuesDialog(root, DataSpec(), pairs, lambda: (None, None))
    pump(root, lambda: dialog.reader.ranges is not None)
    assert dialog.meaning.cget("text").startswith("Values in CT, HU: ")
    dialog.destroy()


def test_centre_and_width_and_limits_keep_step(opened: Callable[..., ValuesDialog]) -> None:
    dialog = opened()
    dialog.texts["centre"].set("-600")
    assert (numbers(dialog)["low"], numbers(dialog)["high"]) == ("-800", "-400")
    dialog.texts["width"].set("1500")
    assert dialog.histogram.limits == (-1350, 150)
    assert dialog.preset.get().startswith("Lung")
    dialog.texts["low"].set("-1200")
    assert (numbers(dialog)["centre"], numbers(dialog)["width"]) == ("-525", "1350")
    assert dialog.preset.get() == "Own limits"
    assert dialog.value() == replace(CT, input_low=-1200.0, input_high=150.0)


@pytest.mark.parametrize(
    ("name", "text", "word"),
    [("low", "3x", "3x"), ("width", "0", "width"), ("low", "300", "300"), ("offset", "", "offset")],
)
def test_wrong_numbers_are_named_and_mended(
    opened: Callable[..., ValuesDialog], name: str, text: str, word: str
) -> None:
    dialog = opened()
    before = dialog.texts[name].get()
    dialog.texts[name].set(text)
    assert word in dialog.message.text()
    assert not ok_enabled(dialog) and dialog.value() is None
    assert dialog.entries[name].instate(["invalid"])
    dialog.texts[name].set(before)
    assert ok_enabled(dialog) and dialog.value() == CT
    dialog.texts[name].set(text)
    dialog.reset_button.invoke()
    assert dialog.value() == DataSpec() and ok_enabled(dialog)


def test_only_what_changes_something_can_be_typed(opened: Callable[..., ValuesDialog]) -> None:
    dialog = opened(DataSpec())
    by_choice = {
        "automatic": {"offset"},
        "type": set(),
        "data": {"offset"},
        "percentiles": {"percentile", "offset"},
        "window": {"low", "high", "centre", "width", "offset"},
        "image": set(),
    }
    for choice, names in by_choice.items():
        dialog.choose(choice)
        assert enabled(dialog) == names, choice
    dialog.show_side("target")
    assert enabled(dialog) == set(), "8-bit masks are divided by 255"
    assert "Each image" not in " ".join(dialog.choice.cget("values"))


def test_a_window_begins_where_the_range_was(opened: Callable[..., ValuesDialog]) -> None:
    dialog = opened(replace(DataSpec(), input_offset=-1024.0))
    least, most = float(HEAD.min()) - 1024, float(HEAD.max()) - 1024
    assert dialog.histogram.limits == (least, most)
    assert float(numbers(dialog)["high"]) == most
    dialog.choose("window")
    assert (dialog.spec.input_low, dialog.spec.input_high) == (least, most)
    dialog.choose("image")
    assert dialog.histogram.limits is None
    assert dialog.preview.levels == (HEAD.min(), HEAD.max())


def test_lines_are_dragged(opened: Callable[..., ValuesDialog]) -> None:
    dialog = opened(replace(DataSpec(), input_offset=-1024.0))
    least = dialog.histogram.limits[0]  # type: ignore[index]
    drag(dialog, dialog.histogram.limits[1], 300)  # type: ignore[index]
    assert dialog.spec.input_scaling == "window"
    assert dialog.spec.input_low == least
    assert dialog.spec.input_high == pytest.approx(300, abs=5)
    drag(dialog, least, -200)
    assert dialog.spec.input_low == pytest.approx(-200, abs=5)
    drag(dialog, dialog.spec.input_low, 900)
    assert dialog.spec.input_low < dialog.spec.input_high, "lines do not pass each other"
    assert ok_enabled(dialog)
    before = dialog.spec
    drag(dialog, -700, 0)
    assert dialog.spec == before, "nothing is dragged beside the lines"


def test_lines_are_moved_by_keys(opened: Callable[..., ValuesDialog]) -> None:
    dialog = opened()
    focus(dialog.histogram)

    def press(*keys: str) -> tuple[float, float]:
        for key in keys:
            dialog.histogram.event_generate(f"<{key}>")
        return dialog.spec.input_low, dialog.spec.input_high

    assert press("Right", "Right", "Left") == (-159, 240)
    assert press("Shift-Left") == (-169, 240)
    assert press("Up", "Right") == (-169, 241)
    assert press("Down", "Shift-Right") == (-159, 241)
    whole = dialog.histogram.view
    press("plus", "plus")
    low, high = dialog.histogram.view
    assert high - low < (whole[1] - whole[0]) / 2
    dialog.texts["low"].set("-150")
    assert dialog.histogram.view == (low, high), "the zoom stays"
    press("minus", "minus", "minus")
    assert dialog.histogram.view == pytest.approx(whole)


def test_a_preset_is_chosen_and_a_missing_offset_is_named(
    opened: Callable[..., ValuesDialog],
) -> None:
    dialog = opened(DataSpec())
    dialog.preset.current(list(PRESETS).index("abdomen"))
    dialog.preset.event_generate("<<ComboboxSelected>>")
    assert (dialog.spec.input_low, dialog.spec.input_high) == (ABDOMEN.low, ABDOMEN.high)
    assert "-1024" in dialog.message.text() and ok_enabled(dialog)
    dialog.texts["offset"].set("-1024")
    assert dialog.message.text() == ""
    assert dialog.value() == CT


def test_without_images_a_window_can_still_be_chosen(root: tk.Tk, pump: Pump) -> None:
    got: list[DataSpec] = []
    dialog = ValuesDialog(root, DataSpec(), (), lambda: (None, None), got.append)
    pump(root, lambda: not dialog.reader.busy)
    dialog.set_limits(0.0, 80.0)
    assert dialog.value() == DataSpec(input_scaling="window", input_low=0.0, input_high=80.0)
    dialog.cancel()
    assert got == []


def test_new_files_are_kept_when_the_dialog_is_accepted() -> None:
    files = DataSpec(train_inputs=("new.png",), pairing="order")
    assert with_values(files, CT) == replace(CT, train_inputs=("new.png",), pairing="order")


# ---- the viewer ------------------------------------------------------------------------------


@pytest.fixture
def panes(root: tk.Tk) -> PaneGroup:
    group = PaneGroup(root)
    group.pack(fill="both", expand=True)
    root.geometry("900x400")
    root.update()
    return group


def shown(panes: PaneGroup, role: str) -> tuple[float, float]:
    window = panes.shown_window(role)
    return window.low, window.high


def test_deep_images_are_shown_as_the_network_sees_them(panes: PaneGroup) -> None:
    inputs = IntensityNormalization("window", -160.0, 240.0, "uint16", -1024.0)
    panes.set_normalizations(inputs, IntensityNormalization("type", 0, 255, "uint8"))
    panes.show("image", HEAD)
    panes.show("target", MASK)
    panes.update()
    image = panes.panes["image"]
    assert image.levels == (864, 1264)
    assert "shown -160 to 240" in image.details.cget("text")
    levels = np.round(inputs.to_unit(HEAD) * 255)
    assert abs(to_rgb(HEAD, image.levels)[..., :1] - levels).max() <= 1
    assert panes.panes["target"].levels == (0, 255)
    float_head = HEAD.astype(np.float32) - 1024
    panes.show("image", float_head)
    assert panes.panes["image"].levels == (-160, 240), "real units need no offset"
    panes.show("image", MASK)
    assert panes.panes["image"].levels == (0, 255), "8-bit images are shown as ever"


def test_values_under_the_pointer_are_in_the_units_of_the_window(root: tk.Tk) -> None:
    told: list[str] = []
    panes = PaneGroup(root, on_pointer=told.append)
    panes.set_normalizations(
        IntensityNormalization("window", -160.0, 240.0, "uint16", -1024.0), None
    )
    panes.show("image", np.full((4, 4, 1), 1064, np.uint16))
    panes._on_pointer("image", (0.5, 0.5))
    assert told[-1].endswith("image 40")


def test_the_right_button_drags_the_window_of_like_panes(panes: PaneGroup) -> None:
    scaling = IntensityNormalization("window", 1000.0, 1400.0, "uint16")
    panes.set_normalizations(scaling, scaling)
    for role in ("image", "target", "prediction"):
        panes.show(role, HEAD)
    canvas = panes.panes["target"].canvas
    canvas.event_generate("<Button-3>", x=50, y=50)
    canvas.event_generate("<B3-Motion>", x=50, y=80)
    assert panes.shown_window("target").centre > 1200, "down is darker"
    assert panes.shown_window("target").width == pytest.approx(400)
    canvas.event_generate("<B3-Motion>", x=90, y=80)
    assert panes.shown_window("target").width > 400, "to the right is wider"
    assert shown(panes, "image") == shown(panes, "target") == shown(panes, "prediction")
    panes.show("image", HEAD + 1)
    assert shown(panes, "image") == shown(panes, "target"), "it stays for the next image"
    panes.show_window("training")
    assert shown(panes, "image") == (1000, 1400)
    panes.show("image", MASK)
    panes.panes["image"].canvas.event_generate("<Button-3>", x=50, y=50)
    panes.panes["image"].canvas.event_generate("<B3-Motion>", x=90, y=80)
    assert shown(panes, "image") == (0, 255), "8-bit images have no window"


def test_the_menu_changes_what_is_shown_only(root: tk.Tk, panes: PaneGroup) -> None:
    asked: list[str] = []
    menu = build_window_menu(tk.Menu(root), panes, lambda: asked.append("values"))
    last = menu.index("end")
    assert last is not None
    labels = {menu.entrycget(i, "label"): i for i in range(last + 1) if menu.type(i) != "separator"}
    lung = next(index for label, index in labels.items() if label.startswith("Lung"))

    def state(index: int) -> str:
        root.tk.call(menu.cget("postcommand"))
        return str(menu.entrycget(index, "state"))

    panes.show("image", MASK)
    assert state(lung) == "disabled"
    panes.set_normalizations(IntensityNormalization("data", 0.0, 4000.0, "uint16", -1024.0), None)
    panes.show("image", HEAD)
    assert state(lung) == "normal"
    assert shown(panes, "image") == (0, 4000)
    menu.invoke(lung)
    assert shown(panes, "image") == pytest.approx((-1350, 150))
    menu.invoke(labels["Each image's own range"])
    assert panes.window == "own"
    assert shown(panes, "image") == pytest.approx((-1024, 975), abs=20)
    menu.invoke(labels["As in training"])
    assert shown(panes, "image") == (0, 4000)
    menu.invoke(labels["Values and window..."])
    assert asked == ["values"]
    assert Window.between(*shown(panes, "image")) == Window(2000, 4000)


def test_the_window_takes_the_values_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pairs: list[ImagePair]
) -> None:
    monkeypatch.setenv("DEEPIMAGETRANSLATOR_HOME", str(tmp_path / "home"))
    main = MainWindow()
    session, image = main.session, main.app.window.panes.panes["image"]
    session.viewer.augmented = False
    sources = {"inputs": [p.input for p in pairs], "targets": [p.target for p in pairs]}
    session.loader.load("training", sources)
    main.until(lambda: session.project.dataset is not None)
    main.until(lambda: image.levels == (HEAD.min(), HEAD.max()))
    main.choose("Window", "Values and window...")
    dialog = main.dialog(ValuesDialog)
    assert isinstance(dialog, ValuesDialog)
    main.until(lambda: dialog.preview.image is not None and dialog.reader.ranges is not None)
    dialog.texts["offset"].set("-1024")
    dialog.set_limits(ABDOMEN.low, ABDOMEN.high)
    dialog.ok_button.invoke()
    assert session.project.specs.data == with_values(session.project.specs.data, CT)
    main.until(lambda: session.project.dataset is not None and image.levels == (864, 1264))
    assert session.project.dataset is not None
    scaling = IntensityNormalization("window", -160.0, 240.0, "uint16", -1024.0)
    assert session.project.dataset.input_scaling == scaling
    session.model.normalizations = (replace(scaling, low=-1000.0), None)
    session.loader.load("translated", {"inputs": [pairs[0].input]})
    main.until(lambda: image.levels == (24, 1264))
    main.close()
