"""The worker's log on a full disk."""

from __future__ import annotations

import errno
import io
import os
import sys
from typing import Any

import pytest

from deepimagetranslator import worker


class _Full(io.StringIO):
    def write(self, _text: str, /) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_log_that_cannot_be_written_hides_no_end_of_a_job(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sent: list[Any] = []

    class Connection:
        def send(self, message: tuple[int, Any]) -> None:
            sent.append(message[1])

    one = worker._Worker(Connection())  # type: ignore[arg-type]
    monkeypatch.setattr(one, "_result", lambda *_: 1 / 0)
    monkeypatch.setattr(sys, "stderr", _Full())
    request = type("Request", (), {"job": 1})()
    one._work(request)
    assert type(sent[-1]).__name__ == "JobFailed" and "ZeroDivisionError" in sent[-1].message
