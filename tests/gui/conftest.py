"""A screen, a root and a way to wait: what every test of the window needs."""

from __future__ import annotations

import gc
import logging
import tkinter as tk
import traceback
from collections.abc import Callable, Iterator

import pytest
from waiting import wait_until

from deepimagetranslator.gui.theme.theme import Theme


@pytest.fixture(autouse=True)
def interpreters_die_here() -> Iterator[None]:
    """The collector runs in the main thread only: Tcl aborts if another ends an interpreter."""
    gc.collect()
    gc.freeze()  # what is there before the test need not be searched again and again
    gc.disable()
    yield
    gc.enable()
    gc.collect()


@pytest.fixture(autouse=True)
def roots_end_with_the_focus(monkeypatch: pytest.MonkeyPatch) -> None:
    """A root takes the focus before it ends, as Tk forgets it only then.

    Where nobody manages windows, a window has the focus while the pointer is in it. When it leaves,
    Tk keeps a reference to that window, even beyond its end, and the next root's ``focus_force``
    reads it and crashes (seen with Tk 8.6.13). The program itself has one root.
    """
    end = tk.Tk.destroy

    def destroy(root: tk.Tk) -> None:
        root.deiconify()  # an unseen window cannot take it
        root.focus_force()
        end(root)

    monkeypatch.setattr(tk.Tk, "destroy", destroy)


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
