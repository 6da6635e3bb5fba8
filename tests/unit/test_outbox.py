import multiprocessing
import time
from pathlib import Path

import numpy as np
import pytest
from waiting import wait_until

from deepimagetranslator.app.engine.outbox import Outbox
from deepimagetranslator.core.messages.requests import CancelJob, PreviewTranslation

LARGE = np.zeros((2048, 2048, 1), np.uint8)
"""More than a pipe holds."""


def preview(number: int, *, keep: bool = False) -> PreviewTranslation:
    return PreviewTranslation(number, Path("weights.h5"), LARGE, "image.png", keep)


def test_a_full_pipe_holds_nobody_up_and_only_the_newest_preview_waits() -> None:
    ours, theirs = multiprocessing.Pipe()
    outbox = Outbox(ours)
    outbox.put(preview(1))
    wait_until(theirs.poll)  # it is being sent: nothing replaces it any more
    outbox.put(preview(2))
    outbox.put(preview(3, keep=True))
    outbox.put(CancelJob(7))
    outbox.put(preview(4))
    outbox.close()
    # Nobody has read until here: had anything waited for room in the pipe, it would wait still.
    found = [theirs.recv() for _ in range(4)]
    assert [getattr(request, "number", request) for request in found] == [1, 3, CancelJob(7), 4]
    with pytest.raises(EOFError):
        theirs.recv()


def test_what_the_worker_said_last_can_be_read_after_it_went() -> None:
    ours, theirs = multiprocessing.Pipe()
    theirs.send("last words")
    theirs.close()
    outbox = Outbox(ours)
    for _ in range(3):
        outbox.put(CancelJob(1))
        time.sleep(0.01)
    assert ours.recv() == "last words"
