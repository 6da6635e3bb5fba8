"""Settings files with odd values in every place: the window must open with defaults."""

from __future__ import annotations

import json
from typing import Any

from fuzz_bombs_anywhere import ANYWHERE
from fuzz_registry import Bombs

BOMBS = Bombs("settings")
_NAMES = ("palette", "geometry", "monitor geometry", "image list", "folder a", "recent", "unknown")
_WRONG: dict[str, Any] = {
    "null": None,
    "number": 1e308,
    "list": [[None, 3]],
    "object": {"a": 1},
    "long": "a" * 5000,
    "long path": "x" * 300,
    "deep path": "a/" * 3000,
    "half": "\ud800",
    "zero": "a\0b",
    "up": "../" * 50,
}


def _content(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass")


for _what, _value in _WRONG.items():
    BOMBS.content(f"whole {_what}.json", lambda value=_value: _content(value))  # type: ignore[misc]
    for _name in _NAMES:
        BOMBS.content(
            f"{_name} {_what}.json",
            lambda name=_name, value=_value: _content({name: value}),  # type: ignore[misc]
        )
    BOMBS.content(
        f"recent {_what}s.json",
        lambda value=_value: _content({"recent": [value] * 9}),  # type: ignore[misc]
    )
BOMBS.content("many recent.json", lambda: _content({"recent": ["a"] * 300_000}))
BOMBS.content("deep.json", lambda: b"[" * 300_000)
BOMBS.content("digits.json", lambda: b"9" * 9000)
BOMBS.content("latin.json", lambda: b'{"palette": "\xff"}')
BOMBS.content("screen.json", lambda: _content({"geometry": "99999x99999+99999+99999"}))
BOMBS |= {name: make for name, make in ANYWHERE["projects"].items() if name != "forbidden.json"}
