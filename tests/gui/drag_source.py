"""A small window from which files are dragged: python drag_source.py X Y FILE...

It stands for the system's file manager in test_dropping.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from tkinterdnd2 import COPY, DND_FILES, TkinterDnD


def main() -> None:
    """Show the window at a place of the screen; a drag that begins in it offers the files."""
    x, y, *files = sys.argv[1:]
    uris = tuple(Path(file).as_uri() for file in files)
    root: Any = TkinterDnD.Tk()
    # Tk sends data of other types than STRING as numbers; file managers send bytes.
    root.tk.eval("proc ::tkdnd::xdnd::getFormatForType {type} { return STRING }")
    root.overrideredirect(True)
    root.geometry(f"80x60+{x}+{y}")
    root.drag_source_register(1, DND_FILES)
    root.dnd_bind("<<DragInitCmd>>", lambda _event: (COPY, DND_FILES, uris))
    root.update()
    print("ready", flush=True)
    root.mainloop()


if __name__ == "__main__":
    main()
