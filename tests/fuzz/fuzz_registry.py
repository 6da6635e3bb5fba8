"""Files that are made to harm, by name, with the reader of fuzz_child.py that they are for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

Make = Callable[[Path], object]


class Bombs(dict[str, Make]):
    """What makes each file, by its name.

    Attributes:
        reader: which reader of fuzz_child.py reads them.
    """

    def __init__(self, reader: str) -> None:
        super().__init__()
        self.reader = reader

    def content(self, name: str, content: Callable[[], bytes]) -> None:
        """A file of these bytes."""
        self[name] = lambda path: path.write_bytes(content())

    def file(self, name: str) -> Callable[[Make], Make]:
        """What the function makes at a path."""

        def add(make: Make) -> Make:
            self[name] = make
            return make

        return add
