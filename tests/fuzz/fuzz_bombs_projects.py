"""Project files that nest without end, are too long, or hold impossible numbers and letters."""

from __future__ import annotations

from fuzz_registry import Bombs

BOMBS = Bombs("projects")


def _nested(depth: int) -> bytes:
    return b"[" * depth + b"]" * depth


def _model(name: bytes, value: bytes) -> bytes:
    return b'{"format": 1, "model": {"%s": %s}}' % (name, value)


def _data(content: bytes) -> bytes:
    return b'{"format": 1, "data": {%s}}' % content


BOMBS.content("deep.json", lambda: b"[" * 3_000_000)
BOMBS.content("deep run.json", lambda: b'{"format": 1, "run": ' + _nested(900) + b"}")
for _depth in (300, 950, *range(976, 996)):
    BOMBS.content(f"deep {_depth}.json", lambda depth=_depth: _model(b"depth", _nested(depth)))  # type: ignore[misc]
BOMBS.content("number.json", lambda: b'{"format": ' + b"9" * 300_000 + b"}")
BOMBS.content("large number.json", lambda: _model(b"depth", b"9" * 4200))
BOMBS.content("float.json", lambda: _model(b"dropout", b"9" * 4200))
BOMBS.content("negative.json", lambda: b'{"format": -' + b"9" * 4000 + b"}")
BOMBS.content("wide.json", lambda: _data(b"".join(b'"%d": 1, ' % n for n in range(300_000))))
BOMBS.content("many paths.json", lambda: _data(b'"train_inputs": [%s"a"]' % (b'"a",' * 390_000)))
BOMBS.content("more paths.json", lambda: _data(b'"train_inputs": [%s"a"]' % (b'"a",' * 9_000_000)))
BOMBS.content("text.json", lambda: b'{"format": 1, "preset": "' + b"a" * 60_000_000 + b'"}')
BOMBS.content("keys.json", lambda: b'{"format": 1, ' + b'"run": {}, ' * 300_000 + b'"run": {}}')
BOMBS.content("wide characters.json", lambda: '{"format": 1}'.encode("utf-16"))
BOMBS.content("mark.json", lambda: '{"format": 1}'.encode("utf-8-sig"))
BOMBS.content("latin.json", lambda: b'{"format": 1, "preset": "\xff\xfe"}')
BOMBS.content("half.json", lambda: _data(b'"train_inputs": ["\\udfff\\u0000"]'))
BOMBS.content("unknown.json", lambda: _model(b"\\ud800\\n\\u2028", b"1"))
BOMBS.content("value.json", lambda: _model(b"depth", b'"\\ud800\\n\\u2028\\u0007"'))
