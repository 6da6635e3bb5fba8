"""A screen, a root and a way to wait: what every test of the window needs."""

from __future__ import annotations

import gc
import logging
import tkinter as tk
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tk_safety import collector_in_this_thread, roots_ending_with_the_focus
from waiting import wait_until
from window import Window

from deepimagetranslator.gui.theme.theme import Theme


@pytest.fixture(autouse=True)
def interpreters_die_here() -> Iterator[None]:
    """See ``collector_in_this_thread``."""
    with collector_in_this_thread():
        yield


@pytest.fixture(autouse=True)
def roots_end_with_the_focus() -> Iterator[None]:
    """See ``roots_ending_with_the_focus``."""
    with roots_ending_with_the_focus():
        yield


class _Errors(logging.Handler):
    def __init__(self, found: list[str]) -> None:
        super().__init__(logging.ERROR)
        self.found = found

    def emit(self, record: logging.LogRecord) -> None:
        self.found.append(self.format(record))


@pytest.fixture
def bare_root() -> Iterator[tk.Tk]:
    """A root without a theme; the test fails if a callback raised or an error was logged."""
    errors: list[str] = []
    handler = _Errors(errors)
    logging.getLogger().addHandler(handler)
    window = tk.Tk()
    window.report_callback_exception = lambda *error: errors.append(
        "".join(traceback.format_exception(*error))
    )
    window.update()
    try:
        yield window
    finally:
        logging.getLogger().removeHandler(handler)
        if window.tk.eval("info commands .") == ".":
            # Tcl complains on stderr when a theme's pending news reach a destroyed root.
            window.update_idletasks()
            window.destroy()
        del window
        # Tk objects must die in the thread that made them.
        gc.collect()
    assert not errors, "\n".join(errors)


@pytest.fixture
def root(bare_root: tk.Tk) -> tk.Tk:
    """As ``bare_root``, with the dark theme at 100 per cent."""
    Theme(bare_root, "dark", 1.0)
    bare_root.deiconify()
    bare_root.update()
    return bare_root


def pump(root: tk.Misc, until: Callable[[], object]) -> None:
    """Let the window work until the condition holds."""
    wait_until(until, root.update)


@pytest.fixture(name="pump")
def pump_fixture() -> Callable[..., None]:
    """The function ``pump``, for tests that cannot import this file."""
    return pump


@pytest.fixture
def window(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Window]:
    """The whole window with an engine, and a home of its own."""
    monkeypatch.setenv("DEEPIMAGETRANSLATOR_HOME", str(tmp_path / "home"))
    window = Window()
    yield window
    window.close()
