"""Settings files that no version wrote, by name."""

from __future__ import annotations

import json

LONG = "x" * 5000
ODD_VALUES = (
    "nope", "", "axb+1+1", "99999x99999+0+0", "0x0+0+0", "-5x-5+0+0", "1e9x2+0+0", "٣x٣+0+0",
    "800x600", "800x600+999999999999+0", LONG, "a\0b", "\ud800", "/root/../../etc/passwd", "on\n",
    "{}", "%s%n", "::tk::exit", "[exit]", "$x", 5, -1.5, True, None, [], {}, [["a"]], {"a": "b"},
)  # fmt: skip
NAMES = ("palette", "geometry", "monitor geometry", "image list", "recent", "recent studies",
         "folder project")  # fmt: skip
ODD_TEXTS = {
    "empty": b"",
    "no JSON": b"palette=dark",
    "cut": b'{"palette": "li',
    "binary": bytes(range(256)),
    "UTF-16": '{"palette": "light"}'.encode("utf-16"),
    "a list": b"[1, 2]",
    "a number": b"1e999",
    "deep": b"[" * 100_000,
    "long number": b'{"palette": ' + b"9" * 6000 + b"}",
    "NaN": b'{"palette": NaN, "geometry": Infinity}',
    "twice": b'{"palette": "light", "palette": "nope"}',
    "large": json.dumps({"palette": "light", "a": "x" * 2**21}).encode(),
    "many recent": json.dumps({"recent": [f"/no/{n}" for n in range(20_000)]}).encode(),
    "long recent": json.dumps({"recent": [LONG, "a\0b", "\ud800", "", "."]}).encode(),
    "many names": json.dumps({f"folder {n}": LONG for n in range(99)}).encode(),
}
ODD_FILES: dict[str, bytes] = ODD_TEXTS | {
    f"{name} = {value!r:.24}": json.dumps({name: value}).encode()
    for number, value in enumerate(ODD_VALUES)
    for name in (NAMES[number % len(NAMES)], NAMES[(number + 1) % len(NAMES)])
}
