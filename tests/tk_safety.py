"""What keeps Tk alive while tests end windows."""

from __future__ import annotations

import gc
import tkinter as tk
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def collector_in_this_thread() -> Iterator[None]:
    """The collector runs in the main thread only: Tcl aborts if another ends an interpreter."""
    gc.collect()
    gc.freeze()  # what is there before the test need not be searched again and again
    gc.disable()
    yield
    gc.enable()
    gc.collect()


@contextmanager
def roots_ending_with_the_focus() -> Iterator[None]:
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

    setattr(tk.Tk, "destroy", destroy)  # noqa: B010
    yield
    setattr(tk.Tk, "destroy", end)  # noqa: B010
