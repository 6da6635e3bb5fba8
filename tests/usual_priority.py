"""The engine's process for tests, at the same priority as the tests."""

from __future__ import annotations

from typing import Any


def worker_main(connection: Any, log_path: str) -> None:
    """As the client's own entry, but the process does not give way to others.

    The program lowers the engine's priority to keep the window quick. On a machine that is busy
    with other work, the engine then gets one hundredth of a processor, and a test takes hours.
    """
    from deepimagetranslator import worker  # noqa: PLC0415

    worker._lower_priority = lambda: None
    worker.main(connection, log_path)
