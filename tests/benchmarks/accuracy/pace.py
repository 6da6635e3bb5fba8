"""How long a variant's training step takes, as a multiple of the baseline's.

Both train at the same time, by turns: a block of steps of the one while the other waits. The
median over blocks of the ratio is taken; a ratio within ``SAME`` of 1 counts as 1, since other
work on the machine makes it that uncertain.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

CHILD = Path(__file__).with_name("one_training.py")
STEPS = 5
WARM_UP, BLOCKS = 2, 14
SAME = 0.05


class Walker:
    """A training that waits after each block of steps."""

    def __init__(self, task: Mapping[str, Any], environment: Mapping[str, str]) -> None:
        command = [sys.executable, str(CHILD), json.dumps({**task, "pace": STEPS})]
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=dict(environment),
        )
        self._wait()

    def block(self) -> float:
        """Seconds of the next block of steps."""
        assert self.process.stdin is not None
        start = time.monotonic()
        self.process.stdin.write("next\n")
        self.process.stdin.flush()
        self._wait()
        return time.monotonic() - start

    def _wait(self) -> None:
        assert self.process.stdout is not None
        if self.process.stdout.readline().strip() != "block":
            raise RuntimeError("A training ended before its pace was measured.")

    def close(self) -> None:
        """End the training."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait()


def ratio(tasks: Sequence[Mapping[str, Any]], environments: Sequence[Mapping[str, str]]) -> float:
    """The step's time of the second task as a multiple of the first's."""
    with ExitStack() as stack:
        walkers = []
        for task, environment in zip(tasks, environments, strict=True):
            walkers.append(Walker(task, environment))
            stack.callback(walkers[-1].close)
        blocks = [[walker.block() for walker in walkers] for _ in range(WARM_UP + BLOCKS)]
    return statistics.median(second / first for first, second in blocks[WARM_UP:])


def counted(measured: float) -> float:
    """The ratio by which steps are reduced."""
    return 1.0 if abs(measured - 1) <= SAME else measured
