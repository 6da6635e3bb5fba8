"""The training monitor: it shows its state, and its buttons do what they are given."""

from __future__ import annotations

import gc
import subprocess
import sys
import threading
from pathlib import Path
from tkinter import ttk

import numpy as np
import pytest
from focus import focus
from PIL import Image

from deepimagetranslator.app.shown_classes import ShownClass
from deepimagetranslator.app.training.phase import Phase
from deepimagetranslator.app.training.state import MonitorState
from deepimagetranslator.core.messages import events
from deepimagetranslator.gui.monitor import charts, curves
from deepimagetranslator.gui.monitor.charts import charts_of
from deepimagetranslator.gui.monitor.curves import CurvesRenderer, CurvesRequest, number_between
from deepimagetranslator.gui.monitor.preview_strip import tiles_of
from deepimagetranslator.gui.monitor.training_monitor import (
    MonitorActions,
    TrainingMonitor,
    open_monitor,
)
from deepimagetranslator.gui.theme.palette import DARK, LIGHT
from deepimagetranslator.gui.theme.theme import theme_of
from deepimagetranslator.gui.viewer.pane_tools import ROLES

_KEPT: list[object] = []


@pytest.fixture(autouse=True)
def interpreters_die_here(request):
    """Tcl aborts if the collector ends an interpreter in a drawing thread; so hold the last one."""
    gc.collect()
    _KEPT.clear()
    if "root" in request.fixturenames:
        _KEPT.append(request.getfixturevalue("root").tk)


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def state(clock, tmp_path):
    state = MonitorState(clock)
    state.begin(tmp_path, 5)
    return state


@pytest.fixture
def calls():
    return []


@pytest.fixture
def actions(calls, tmp_path):
    def record(name):
        return lambda *args, **_options: calls.append((name, *args))

    names = ("finish", "stop", "force_stop", "load_best", "translate", "open_folder", "use_epoch")
    return MonitorActions(
        **{name: record(name) for name in names},
        resume=record("resume"),
        show_details=record("show_details"),
        ask_file=lambda *_options: tmp_path / "curves.svg",
        show_error=record("show_error"),
    )


@pytest.fixture
def monitor(root, state, actions, pump):
    monitor = open_monitor(root, state, actions)
    pump(root, monitor.winfo_viewable)
    yield monitor
    if monitor.winfo_exists():
        monitor.destroy()
    del monitor
    gc.collect()


def train_epoch(state, epoch, tmp_path, improved=True):
    state.handle(events.EpochStarted(epoch, 5, 10))
    state.handle(events.BatchEnded(epoch, 10, 10, 0.5, 60.0))
    value = 1 / epoch
    if improved:
        path = tmp_path / f"weights-improvement-{epoch:02d}-{value:.4f}.weights.h5"
        path.write_bytes(b"")
        state.handle(events.CheckpointSaved(str(path), epoch, value))
    values = {"epoch": epoch, "loss": value, "mse": 0.1, "val_loss": value, "val_mse": 0.2}
    state.handle(events.EpochEnded(epoch, 5, values, 20.0, epoch, value))
    state.add_preview(epoch, [np.full((32, 48, 3), 40 * epoch, np.uint8)] * 4)


def shown(monitor):
    """The names of the buttons that are there."""
    return {name for name, button in monitor.buttons.items() if button.winfo_ismapped()}


def enabled(button):
    return button.instate(["!disabled"])


def log_text(monitor):
    return monitor.log.text.get("1.0", "end-1c")


def test_shows_progress(root, monitor, state, pump):
    state.handle(events.EpochStarted(2, 5, 10))
    state.handle(events.BatchEnded(2, 4, 10, 0.25, 80.0))
    pump(root, lambda: monitor.head.headline.cget("text") == "Training, epoch 2 of 5")
    assert monitor.head.remark.cget("text") == "Loss 0.25 so far in this epoch."
    (overall, overall_words), (epoch, epoch_words) = monitor.head.bars
    assert (overall.cget("value"), epoch.cget("value")) == (pytest.approx(0.08), 0.4)
    assert (overall_words.cget("text"), epoch_words.cget("text")) == (
        "0 of 5 epochs",
        "4 of 10 steps",
    )
    facts = {label.cget("text"): value.cget("text") for label, value in monitor.head.facts}
    assert facts["Time left"] == "about 80 s" and facts["Best checkpoint"] == "–"
    assert shown(monitor) == {"finish", "stop", "close"}


def test_time_goes_on_between_events(root, monitor, state, clock, pump):
    state.handle(events.EpochStarted(1, 5, 10))
    state.handle(events.BatchEnded(1, 4, 10, 0.25, 300.0))
    pump(root, lambda: monitor.head.facts[2][1].cget("text") == "about 5 min")
    clock.now += 60
    pump(root, lambda: monitor.head.facts[2][1].cget("text") == "about 4 min")


def test_curves_appear_and_move(root, monitor, state, tmp_path, pump):
    assert not enabled(monitor.curves.save_button)
    train_epoch(state, 1, tmp_path)
    pump(root, lambda: monitor.curves.picture is not None)
    first = monitor.curves.picture
    assert enabled(monitor.curves.save_button)
    train_epoch(state, 2, tmp_path)
    pump(root, lambda: monitor.curves.picture is not first)
    assert list(monitor.curves.choice.cget("values")) == ["All", "Loss", "MSE"]
    second = monitor.curves.picture
    monitor.curves.log_button.invoke()
    pump(root, lambda: monitor.curves.picture is not second)
    third = monitor.curves.picture
    monitor.curves.choice.current(2)
    monitor.curves.choice.event_generate("<<ComboboxSelected>>")
    pump(root, lambda: monitor.curves.picture is not third)
    fourth = monitor.curves.picture
    theme_of(root).apply("light")
    pump(root, lambda: monitor.curves.picture is not fourth)


def test_curves_are_saved_in_a_thread(root, monitor, state, tmp_path, pump):
    train_epoch(state, 1, tmp_path)
    pump(root, lambda: enabled(monitor.curves.save_button))
    monitor.curves.save_button.invoke()
    pump(root, lambda: "The curves were saved as" in log_text(monitor))
    assert (tmp_path / "curves.svg").read_text(encoding="utf-8").startswith("<?xml")


def test_a_file_that_cannot_be_written_is_told(root, state, calls, actions, tmp_path, pump):
    (tmp_path / "file").write_bytes(b"")
    asked = MonitorActions(**(vars(actions) | {"ask_file": lambda *_: tmp_path / "file" / "a.png"}))
    train_epoch(state, 1, tmp_path)
    monitor = open_monitor(root, state, asked)
    pump(root, lambda: enabled(monitor.curves.save_button))
    monitor.curves.save_button.invoke()
    pump(root, lambda: calls)
    assert calls[0][0] == "show_error" and "cannot be written" in calls[0][2]


def test_a_cancelled_file_picker_saves_nothing(root, state, actions, tmp_path, pump):
    train_epoch(state, 1, tmp_path)
    monitor = open_monitor(
        root, state, MonitorActions(**(vars(actions) | {"ask_file": lambda *_: None}))
    )
    pump(root, lambda: enabled(monitor.curves.save_button))
    threads = threading.active_count()
    monitor.curves.save_button.invoke()
    assert threading.active_count() == threads


def test_the_strip_follows_and_goes_back(root, monitor, state, calls, tmp_path, pump):
    strip = monitor.strip
    assert strip.epoch is None and not enabled(strip.use_button)
    assert strip.slider.instate(["disabled"])
    train_epoch(state, 1, tmp_path)
    pump(root, lambda: strip.epoch == 1)
    assert strip.slider.instate(["disabled"])
    train_epoch(state, 2, tmp_path, improved=False)
    train_epoch(state, 3, tmp_path)
    pump(root, lambda: strip.epoch == 3)
    assert strip.caption.cget("text") == "epoch 3, the best so far"
    assert strip.slider.get() == 2
    focus(strip.slider)
    strip.slider.event_generate("<Left>")
    pump(root, lambda: strip.epoch == 2)
    assert not enabled(strip.use_button) and "no checkpoint" in strip.hint.cget("text")
    strip.slider.event_generate("<Left>")
    pump(root, lambda: strip.epoch == 1)
    strip.use_button.invoke()
    assert calls == [("use_epoch", 1, tmp_path / "weights-improvement-01-1.0000.weights.h5")]
    train_epoch(state, 4, tmp_path)
    pump(root, lambda: strip.slider.cget("to") == 3)
    assert strip.epoch == 1, "moved back, it stays"
    strip.slider.set(3)
    train_epoch(state, 5, tmp_path)
    pump(root, lambda: strip.epoch == 5)


def test_the_strip_is_resized_as_a_new_training_begins(root, monitor, state, tmp_path, pump):
    train_epoch(state, 1, tmp_path)
    pump(root, lambda: monitor.strip.epoch == 1)
    state.begin(tmp_path, 5)
    # Before the monitor has looked at its state again.
    monitor.strip.canvas.event_generate("<Configure>", width=300, height=200)
    pump(root, lambda: monitor.strip.epoch is None)


def test_the_strip_shows_inputs_and_targets_too(root, monitor, state, tmp_path, pump):
    grey = np.full((32, 48), 99, np.uint8)
    state.set_preview_references([grey] * 4, [np.dstack([grey] * 3)] * 4)
    train_epoch(state, 1, tmp_path)

    def texts():
        canvas = monitor.strip.canvas
        return [
            canvas.itemcget(item, "text")
            for item in canvas.find_all()
            if canvas.type(item) == "text"
        ]

    pump(root, lambda: texts() == ["Input", "Predicted", "Target"])
    state.begin(tmp_path, 5)
    pump(root, lambda: len(texts()) == 1 and "appear here" in texts()[0])


def test_finish_and_stop(root, monitor, state, calls, clock, pump):
    state.handle(events.EpochStarted(1, 5, 10))
    pump(root, lambda: enabled(monitor.buttons["finish"]))
    monitor.buttons["finish"].invoke()
    assert calls == [("finish",)] and state.phase is Phase.FINISHING
    pump(root, lambda: not enabled(monitor.buttons["finish"]))
    stop = monitor.buttons["stop"]
    stop.invoke()
    assert calls[1:] == [("stop",)] and state.phase is Phase.STOPPING
    pump(root, lambda: stop.cget("text") == "Stopping...")
    assert not enabled(stop)
    clock.now += 10
    pump(root, lambda: stop.cget("text") == "Force stop")
    stop.invoke()
    assert calls[2:] == [("force_stop",)]
    state.handle(events.WorkerDied(-9, ""))
    pump(root, lambda: shown(monitor) == {"open_folder", "close"})


def test_at_the_end(root, monitor, state, calls, tmp_path, pump):
    train_epoch(state, 1, tmp_path)
    state.handle(events.JobFinished({"best_weights": str(tmp_path / "best.weights.h5")}))
    pump(root, lambda: shown(monitor) == {"load_best", "translate", "open_folder", "close"})
    assert str(tmp_path) in monitor.head.remark.cget("text")
    for name in ("load_best", "translate", "open_folder"):
        monitor.buttons[name].invoke()
    assert calls == [("load_best",), ("translate",), ("open_folder",)]


def test_after_a_failure(root, monitor, state, calls, tmp_path, pump):
    train_epoch(state, 1, tmp_path)
    state.handle(events.JobFailed("user", "The disk is full.", "trace"))
    pump(root, lambda: {"details", "resume"} <= shown(monitor))
    assert monitor.head.remark.cget("text") == "The disk is full."
    assert str(monitor.head.remark.cget("style")) == "Error.TLabel"
    monitor.buttons["details"].invoke()
    monitor.buttons["resume"].invoke()
    assert calls == [("show_details",), ("resume",)]
    state.begin(tmp_path, 5)
    pump(root, lambda: shown(monitor) == {"finish", "stop", "close"})


def test_without_resume_and_details_there_are_no_such_buttons(root, state, actions, tmp_path, pump):
    train_epoch(state, 1, tmp_path)
    state.handle(events.JobFailed("user", "The disk is full.", "trace"))
    bare = MonitorActions(**(vars(actions) | {"resume": None, "show_details": None}))
    monitor = open_monitor(root, state, bare)
    pump(root, lambda: "load_best" in shown(monitor))
    assert not {"details", "resume"} & shown(monitor)
    assert not monitor.head.remedies.winfo_ismapped(), "an empty frame keeps its room"


def test_the_log_grows_and_starts_anew(root, monitor, state, tmp_path, pump):
    state.add_log("First.")
    pump(root, lambda: "First." in log_text(monitor))
    state.add_log("Second.")
    pump(root, lambda: log_text(monitor).count("\n") == 1)
    assert "First." in log_text(monitor) and log_text(monitor).endswith("\tSecond.")
    state.begin(tmp_path, 5)
    pump(root, lambda: log_text(monitor) == "")
    for name in ("Third.", "Fourth.", "Fifth."):
        state.add_log(name)
    pump(root, lambda: "Fifth." in log_text(monitor))
    state.begin(tmp_path, 5)
    for name in ("a", "b", "c", "d"):
        state.add_log(name)
    pump(root, lambda: log_text(monitor).endswith("\td"))
    assert "Third." not in log_text(monitor)


def test_the_keyboard(root, monitor, state, calls, pump):
    state.handle(events.EpochStarted(1, 5, 10))
    pump(root, lambda: enabled(monitor.buttons["finish"]))
    focus(monitor)
    monitor.event_generate("<Alt-b>")
    root.update()
    assert calls == [], "a button that is not shown is not pressed"
    monitor.event_generate("<Alt-f>")
    monitor.event_generate("<Alt-s>")
    pump(root, lambda: calls == [("finish",), ("stop",)])
    focus(monitor.log.text)
    monitor.log.text.event_generate("<Tab>")
    pump(root, lambda: root.focus_get() is not monitor.log.text)
    monitor.event_generate("<Escape>")
    assert not monitor.winfo_exists()


def test_closed_and_reopened_it_shows_the_same(root, monitor, state, actions, tmp_path, pump):
    train_epoch(state, 1, tmp_path)
    pump(root, lambda: monitor.strip.epoch == 1)
    before = log_text(monitor)
    monitor.destroy()
    train_epoch(state, 2, tmp_path)
    again = open_monitor(root, state, actions)
    pump(root, lambda: again.strip.epoch == 2)
    assert again is not monitor
    assert log_text(again).startswith(before) and "Epoch 2 of 5" in log_text(again)


def test_opened_twice_it_comes_to_the_front(root, monitor, state, actions):
    assert open_monitor(root, state, actions) is monitor


def test_a_small_window_has_tabs(root, monitor, state, tmp_path, pump):
    train_epoch(state, 1, tmp_path)
    pump(root, lambda: monitor.middle.compact is False and monitor.log.text.winfo_ismapped())
    monitor.geometry("780x520")
    pump(root, lambda: monitor.middle.compact and monitor.curves.canvas.winfo_ismapped())
    assert not monitor.log.text.winfo_ismapped()
    monitor.geometry("1100x720")
    pump(root, lambda: monitor.log.text.winfo_ismapped() and monitor.strip.canvas.winfo_ismapped())


@pytest.mark.parametrize("scaling", [1.0, 1.5, 2.0])
def test_no_head_or_button_is_clipped(root, state, actions, tmp_path, pump, scaling):
    theme = theme_of(root)
    theme.scaling = scaling
    theme._size_fonts()
    theme.apply("dark")
    train_epoch(state, 1, tmp_path)
    state.handle(events.JobFailed("user", "The disk is full. " * 20, "trace"))
    monitor = open_monitor(root, state, actions)
    pump(root, lambda: "load_best" in shown(monitor))
    root.update()
    for widget in [*monitor.buttons.values(), *(w for pair in monitor.head.bars for w in pair)]:
        if widget.winfo_ismapped():
            bar = isinstance(widget, ttk.Progressbar)
            assert bar or widget.winfo_width() >= widget.winfo_reqwidth()
            right = widget.winfo_rootx() + widget.winfo_width()
            assert right <= monitor.winfo_rootx() + monitor.winfo_width()
            bottom = widget.winfo_rooty() + widget.winfo_height()
            assert bottom <= monitor.winfo_rooty() + monitor.winfo_height()


def request_of(state, **changes):
    options = {"width": 400, "height": 300, "scaling": 1.0, "palette": DARK, "best_epoch": 2}
    return CurvesRequest(charts_of(state), **(options | changes))


def test_a_picture_of_the_curves(state, tmp_path):
    for epoch in (1, 2, 3):
        train_epoch(state, epoch, tmp_path)
    dark, light = (curves.render(request_of(state, palette=palette)) for palette in (DARK, LIGHT))
    assert dark.size == light.size == (400, 300) and dark.mode == "RGB"
    assert dark.getpixel((0, 0)) == (0x4F, 0x4F, 0x4F)
    assert light.getpixel((0, 0)) == (0xF2, 0xF2, 0xF2)
    assert tuple(bytes.fromhex(DARK.series[0][1:])) in {c for _, c in dark.getcolors(2**17)}
    assert curves.render(request_of(state, logarithmic=True)).tobytes() != dark.tobytes()
    assert curves.render(request_of(state)).tobytes() == dark.tobytes()


def test_odd_histories_can_be_drawn(tmp_path):
    state = MonitorState()
    assert curves.render(request_of(state)).size == (400, 300)
    history = [{"epoch": 1.0, "loss": 0.0, "val_loss": float("nan")}]
    state.begin(tmp_path, 1, history=history)
    curves.render(request_of(state, logarithmic=True, best_epoch=None))
    names = {f"m{i}": -1e-7 * i for i in range(12)}
    state.begin(tmp_path, 1, history=[{"epoch": 1.0, "loss": 1e9} | names])
    assert curves.render(request_of(state, width=1, height=1)).size


def test_curves_are_written_on_white(state, tmp_path):
    train_epoch(state, 1, tmp_path)
    curves.write_curves(request_of(state), tmp_path / "a.png")
    with Image.open(tmp_path / "a.png") as picture:
        assert picture.getpixel((0, 0))[:3] == (255, 255, 255)
        assert round(picture.info["dpi"][0]) == 200


def test_the_latest_request_wins(state, tmp_path):
    train_epoch(state, 1, tmp_path)
    begun, go_on, drawn = threading.Event(), threading.Event(), []

    def slow(request):
        begun.set()
        assert go_on.wait(10)
        drawn.append(request.width)
        return Image.new("RGB", (request.width, 1))

    renderer = CurvesRenderer(slow)
    renderer.ask(request_of(state, width=201))
    assert begun.wait(10)
    renderer.ask(request_of(state, width=202))
    renderer.ask(request_of(state, width=203))
    go_on.set()
    thread = renderer._thread
    while len(drawn) < 2:
        thread.join(0.01)
    renderer.close()
    thread.join(10)
    assert drawn == [201, 203] and not thread.is_alive()
    assert renderer.take().width == 203 and renderer.take() is None
    renderer.ask(request_of(state))


def test_matplotlib_comes_with_the_first_picture_only():
    code = (
        "import sys; import deepimagetranslator.gui.monitor.training_monitor; "
        "names = {'matplotlib', 'keras', 'tensorflow'}; sys.exit(len(names & set(sys.modules)))"
    )
    root = Path(__file__).parents[2]
    assert subprocess.run([sys.executable, "-c", code], check=False, cwd=root).returncode == 0


def test_the_constructor_never_waits(root, state, actions):
    monitor = TrainingMonitor(root, state, actions)
    assert monitor.winfo_exists()
    monitor.destroy()


def test_neighbouring_ticks_of_a_curve_are_told_apart() -> None:
    for low, high in ((0.252, 0.2552), (1.4, 1.6), (0.0, 1e-4), (99.9990, 99.9999), (-0.2, 0.1)):
        ticks = [low + part * (high - low) / 6 for part in range(7)]
        assert len({number_between(tick, low, high) for tick in ticks}) == 7


# ---- curves by class, large images ---------------------------------------------------------


def epochs_with_dice(state, **values):
    row = {"loss": 1.0, "mse": 0.1, "dice_crossentropy": 0.4, "learning_rate": 0.1}
    row |= {f"{prefix}{name}": value for name, value in values.items() for prefix in ("", "val_")}
    state.begin(state.run_dir, 5, history=[{"epoch": 1.0, **row}, {"epoch": 2.0, **row}])


def test_the_classes_share_one_chart_in_their_colours(state):
    epochs_with_dice(state, dice_red=0.8, dice_green=0.6, dice_blue=0.7)
    assert charts.chart_names(state) == [
        "loss",
        "dice_score",
        "mse",
        "dice_crossentropy",
        "learning_rate",
    ]
    (chart,) = charts_of(state, "dice_score")
    assert chart.title == "Dice"
    assert [(line.name, line.colour) for line in chart.lines] == [
        ("red", ""),
        ("green", ""),
        ("blue", ""),
    ]
    state.classes = {
        "red": ShownClass("subcutaneous fat", "#ff0000", ()),
        "blue": ShownClass("lean tissue", "#0000ff", ()),
    }
    (chart,) = charts_of(state, "dice_score")
    assert [(line.name, line.colour) for line in chart.lines] == [
        ("subcutaneous fat", "#ff0000"),
        ("lean tissue", "#0000ff"),
    ], "the background is left out"
    assert chart.lines[1].training == chart.lines[1].validation == ((1, 0.7), (2, 0.7))
    picture = curves.render(request_of(state))
    red = bytes.fromhex(curves.readable("#ff0000", DARK.field, DARK.text)[1:])
    assert tuple(red) in {colour for _, colour in picture.getcolors(2**17)}


@pytest.mark.parametrize("palette", [DARK, LIGHT])
@pytest.mark.parametrize("colour", ["#0000ff", "#000000", "#ffff00", "#ffffff", "#808080"])
def test_curves_in_the_colours_of_classes_can_be_seen(palette, colour):
    shown = curves.readable(colour, palette.field, palette.text)
    low, high = sorted(map(curves._luminance, (shown, palette.field)))
    assert (high + 0.05) / (low + 0.05) >= 3


def test_few_large_images_are_preferred_to_many_small_ones():
    few = tiles_of((3, 4), 1.0, (480, 290), 6, 70, 15, 130)
    assert (few.images, few.in_columns) == (2, True) and few.side > 100
    many = tiles_of((3, 4), 1.0, (1000, 600), 6, 70, 15, 130)
    assert many.images == 4 and many.side > 150
    assert tiles_of((3, 1), 2.0, (480, 290), 6, 70, 15, 130).images == 1


def test_a_click_enlarges_an_image_and_the_epochs_go_on(root, monitor, state, tmp_path, pump):
    grey = np.full((32, 48), 99, np.uint8)
    state.set_preview_references([grey + i for i in range(4)], [np.dstack([grey] * 3)] * 4)
    strip = monitor.strip
    assert not enabled(strip.enlarge_button)
    train_epoch(state, 1, tmp_path)
    pump(root, lambda: strip._tiles)
    box, number = strip._tiles[1]
    assert number == 1
    strip.canvas.event_generate("<Button-1>", x=box[0] + 2, y=box[1] + 2)
    window = strip.enlarged
    pump(root, window.winfo_viewable)
    assert window.number == 1
    assert [window.panes.image(role).max() for role in ROLES] == [100, 99, 40]
    train_epoch(state, 2, tmp_path)
    pump(root, lambda: window.panes.image("prediction").max() == 80)
    assert window.number == 1
    assert window.title() == "Validation images"
    state.validated = False
    window.steps[1].invoke()
    assert window.title().startswith("Training images")
    assert window.panes.image("image").max() == 101
    for expected in (102, 99):
        window.step(1)
        assert window.panes.image("image").max() == expected
    window.event_generate("<Escape>")
    window.destroy()
    strip.enlarge_button.invoke()
    assert strip.enlarged is not window and strip.enlarged.number == 0


def test_label_maps_keep_their_colours_when_they_are_reduced(state):
    state.name_classes({"red": ShownClass("red", "#ff0000", ())})
    large = np.zeros((1500, 1000, 3), np.uint8)
    large[:, 501:, 0] = 255
    state.add_preview(1, [large])
    assert set(np.unique(state.previews.epochs[1][0])) == {0, 255}


def test_the_enlarged_image_s_zoom_is_shown(root, monitor, state, tmp_path, pump):
    state.set_preview_references([np.full((32, 48), 99, np.uint8)], [np.zeros((32, 48), np.uint8)])
    train_epoch(state, 1, tmp_path)
    pump(root, lambda: monitor.strip._tiles)
    monitor.strip.enlarge()
    window = monitor.strip.enlarged
    pump(root, window.winfo_viewable)
    pump(root, lambda: int(str(window.panes.tools.percent.cget("text")).rstrip(" %")) > 100)
    assert not any(map(enabled, window.steps)), "there is one image"


def test_charts_in_a_low_window_keep_a_readable_height():
    """As in the tabs of the monitor at 200 per cent on a screen of 768 lines."""
    scaling = 2.0
    drawn = (charts.Chart("Loss", (charts.Line(((1.0, 0.9), (2.0, 0.4))),)),) * 3
    size = int(620 * scaling), int(88 * scaling)
    figure = curves._figure(CurvesRequest(drawn, *size, scaling, DARK, False, 2))
    heights = [axis.get_position().height * size[1] for axis in figure.axes]
    assert min(heights) >= 25 * scaling


@pytest.mark.parametrize(("value", "drawn"), [(0.5, True), (1.0, True), (9.0, False)])
def test_the_inputs_are_a_line_or_words_if_far_from_the_curves(value, drawn):
    line = charts.Line(((1.0, 0.9), (2.0, 0.4)), ((1.0, 0.8), (2.0, 0.5)))
    request = CurvesRequest((charts.Chart("Loss", (line,), value),), 400, 300, 1.0, DARK)
    (axis,) = (figure := curves._figure(request)).axes
    low, high = axis.get_ylim()
    assert (low <= value <= high) == drawn
    legend = [text.get_text() for text in figure.legends[0].get_texts()]
    assert (curves.INPUT_ITSELF in legend) == drawn
    assert any(f"{value:g}" in text.get_text() for text in axis.texts) != drawn
