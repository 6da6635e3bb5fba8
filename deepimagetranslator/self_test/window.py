"""Operates the real window with the real worker, from loading images to translating them."""

from __future__ import annotations

import time
import tkinter as tk
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from deepimagetranslator.app.project_state import ProjectState
from deepimagetranslator.app.views import TRAINING, TRANSLATED, VALIDATION
from deepimagetranslator.core.config.network_plan import convolution_shapes
from deepimagetranslator.core.config.presets import PRESETS
from deepimagetranslator.core.config.specs import TranslationSpec
from deepimagetranslator.core.imaging.images import read_image
from deepimagetranslator.core.runs.run_folder import RunFolder
from deepimagetranslator.core.sample import write_sample
from deepimagetranslator.gui.app import App
from deepimagetranslator.gui.system_dialogs import Boxes

_SECONDS = 240.0  # time limit of one step; loading TensorFlow takes longest
_PAUSE_MS = 20
_SHOWN = 0.7
_SIZE = 64

Step = tuple[str, Callable[[], object]]
"""A step's name, and a function that returns a true value once the step is done."""


def walk(folder: Path, say: Callable[[str], None]) -> dict[str, Any]:
    """Open the window, train, stop, resume, translate, evaluate, save, reopen, close.

    Args:
        folder: the folder for the test's files.
        say: called with a line for each completed step.

    Returns:
        The device and the versions.

    Raises:
        TimeoutError: a step took too long.
        Exception: the error of the first step that failed.
    """
    failed: list[str] = []
    app = App(boxes=no_boxes(failed))
    found: dict[str, Any] = {}
    ended: list[BaseException] = []
    steps = _steps(app, folder, found)
    waiting: Step = ("the window", lambda: True)
    since = time.monotonic()

    def go_on() -> None:
        nonlocal waiting, since
        try:
            if failed:
                raise RuntimeError(f"{waiting[0]}: {failed[0]}")
            if waiting[1]():
                say(f"{waiting[0]} ({time.monotonic() - since:.1f} s)")
                since = time.monotonic()
                waiting = next(steps)
            elif time.monotonic() - since > _SECONDS:
                raise TimeoutError(f"{waiting[0]}: not done after {_SECONDS:.0f} s")
            app.root.after(_PAUSE_MS, go_on)
        except StopIteration:
            app.close()
        except Exception as error:
            ended.append(error)
            app.close()

    app.root.after(_PAUSE_MS, go_on)
    app.run()
    if ended:
        raise ended[0]
    return found


def _steps(app: App, folder: Path, found: dict[str, Any]) -> Iterator[Step]:
    session, jobs, model = app.session, app.session.jobs, app.session.model
    state = session.project
    pairs = write_sample(folder / "sample", size=_SIZE, people=[1, 2], slices=3).pairs
    train, val = (_sides(pairs[person]) for person in ("person01", "person02"))
    load = session.loader.load
    load(VALIDATION, val, done=lambda: load(TRAINING, train))
    yield "sample images created, loaded and checked", lambda: state.dataset is not None
    _choose_small(state)
    yield "TensorFlow loaded", lambda: session.device
    found["device"] = session.device
    found["versions"] = dict(session.versions)
    yield from _dialogs(app)

    project = folder / "project.json"
    state.save(project)
    specs = state.specs
    jobs.train()
    app.window.actions.train.show_monitor()
    yield "first epoch trained", lambda: jobs.monitor.epochs_done >= 1
    jobs.finish_early()
    yield "training stopped", lambda: not jobs.kind
    run_dir = jobs.monitor.run_dir
    assert run_dir is not None
    done = jobs.monitor.epochs_done
    longer = replace(state.specs.training, epochs=done + 1)
    state.set_section("training", longer)
    jobs.train(run_dir, resume=True)
    yield "training resumed", lambda: not jobs.kind
    assert len(RunFolder(run_dir).read_history()) == done + 1, "the resumed epoch is missing"
    best = RunFolder(run_dir).best
    yield "best weights loaded", lambda: model.weights == best

    state.save(project)
    state.new()
    state.open(project)
    assert state.specs == replace(specs, training=longer), "the project has changed"
    yield "project saved and opened again", lambda: model.weights == best

    inputs = [pair[0] for pair in pairs["person02"]]
    load(TRANSLATED, {"inputs": inputs})
    yield "images loaded for translation", lambda: session.viewer.to_translate
    jobs.translate(best, folder / "translated", TranslationSpec())
    yield "images translated", lambda: not jobs.kind
    outputs = [read_image(path) for path in session.viewer.translated.values()]
    assert len(outputs) == len(inputs), f"{len(outputs)} of {len(inputs)} were translated"
    assert outputs[0].shape == (_SIZE, _SIZE, 3), f"translated to {outputs[0].shape}"
    jobs.evaluate(state.matched.val)
    yield "evaluated", lambda: not jobs.kind

    old = folder / "2021.hdf5"
    _write_weights_2021(old)
    model.load(old)
    yield "weights of the 2021 program loaded", lambda: model.weights == old


def _sides(pairs: Sequence[tuple[Path, Path]]) -> dict[str, list[Path]]:
    return {"inputs": [pair[0] for pair in pairs], "targets": [pair[1] for pair in pairs]}


def _choose_small(project: ProjectState) -> None:
    specs = project.specs
    project.set_section("model", replace(specs.model, depth=3, base_filters=4))
    project.set_section("training", replace(specs.training, epochs=2, batch_size=2))


def _write_weights_2021(file: Path) -> None:
    """Write random weights of a one-block network in the 2021 program's file layout."""
    shapes = convolution_shapes(replace(PRESETS["2021"].model, depth=1, base_filters=4))
    random = np.random.default_rng(1)
    with h5py.File(file, "w") as hdf5:
        hdf5.attrs["layer_names"] = [f"conv2d_{number}" for number in range(len(shapes))]
        for name, shape in zip(hdf5.attrs["layer_names"], shapes, strict=True):
            layer = hdf5.create_group(name)
            layer.attrs["weight_names"] = ["kernel:0", "bias:0"]
            layer["kernel:0"] = random.normal(0, 0.1, shape).astype(np.float32)
            layer["bias:0"] = np.zeros(shape[3], np.float32)


def _dialogs(app: App) -> Iterator[Step]:
    """Open and close each dialog, so that its lazy imports are tested."""
    actions = app.window.actions
    for name, command in (
        ("hyperparameters", actions.model.set_training),
        ("new model", actions.model.new_model),
        ("augmentation", actions.train.set_augmentation),
        ("values", actions.data.set_values),
        ("label colours", actions.data.set_labels),
        ("data check", actions.data.check_data),
        ("validation split", actions.data.split_validation),
        ("guide", actions.help.show_guide),
    ):
        before = _windows(app)
        command()
        yield f"dialog {name}", lambda before=before: _windows(app) - before  # type: ignore[misc]
        shown = time.monotonic()  # gives the dialog's threads time to finish
        yield "  drawn", lambda shown=shown: time.monotonic() - shown > _SHOWN  # type: ignore[misc]
        for window in _windows(app) - before:
            app.root.nametowidget(window).destroy()
    dropping = "can" if app.window.takes_drops else "cannot"
    yield f"files {dropping} be dropped onto the window", lambda: True


def _windows(app: App) -> set[str]:
    """The names of the windows that are open and drawn."""
    app.root.update_idletasks()
    return {
        str(child)
        for child in app.root.winfo_children()
        if isinstance(child, tk.Toplevel) and child.winfo_viewable()
    }


def no_boxes(failed: list[str]) -> Boxes:
    """Boxes that answer themselves and append errors to ``failed``."""

    def no_files(*_: object) -> Sequence[Path]:
        return ()

    def fail(title: str, text: str, details: str) -> None:
        failed.append(f"{title}: {text} {details}")

    return Boxes(
        open_files=no_files,
        open_file=lambda *_: None,
        folder=lambda *_: None,
        save_file=lambda *_: None,
        yes=lambda *_: True,
        choose=lambda *_: 0,
        inform=lambda *_: None,
        fail=fail,
        colour=lambda *_: None,
    )
