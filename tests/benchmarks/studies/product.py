"""Runs the product's own commands until the time given for them is over."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

CHECKOUT = Path(__file__).resolve().parents[3]
DATA = CHECKOUT.parent / "shared" / "data"

_SOME_SKIPPED, _CANCELLED = 3, 130
_LONGEST_END = 120.0


class OutOfTime(Exception):
    """The budget is used up; what is done stays, and the next call goes on."""


@dataclass(frozen=True)
class Product:
    """The program as a user has it in a terminal.

    Attributes:
        ends: when a command is stopped as by Ctrl+C, on the clock of ``time.monotonic``.
        quick: everything as small as possible, to try it.
    """

    ends: float
    quick: bool = False

    @property
    def size(self) -> int:
        """Height and width of the network's images in pixels."""
        return 64 if self.quick else 256

    def __call__(self, *words: str | Path) -> dict[str, Any]:
        """Run a command; its messages go to stderr.

        Returns:
            What it prints with ``--json``.

        Raises:
            OutOfTime: it was stopped.
            SystemExit: it failed.
        """
        given = [str(word) for word in words]
        if time.monotonic() >= self.ends:
            raise OutOfTime
        shown = textwrap.shorten(" ".join(given), 300, placeholder=" ...")
        print("$ dit", shown, file=sys.stderr, flush=True)
        command = [sys.executable, "-m", "deepimagetranslator", *given, "--json"]
        environment = {**os.environ, "PYTHONPATH": str(CHECKOUT)}
        with subprocess.Popen(
            command, env=environment, stdout=subprocess.PIPE, text=True, encoding="utf-8"
        ) as child:
            stopped = False
            try:
                out, _ = child.communicate(timeout=self.ends - time.monotonic())
            except subprocess.TimeoutExpired:
                stopped = True
                out = _stopped(child)
        if stopped or child.returncode == _CANCELLED:
            raise OutOfTime
        result: dict[str, Any] = json.loads(out.splitlines()[-1]) if out.strip() else {}
        if child.returncode not in (0, _SOME_SKIPPED):
            sys.exit(f"{' '.join(given[:2])}: {result.get('error', 'it failed')}")
        return result


def _stopped(child: subprocess.Popen[str]) -> str:
    """Stop a command as Ctrl+C does; a training then resumes after its last whole epoch."""
    child.send_signal(signal.SIGINT)
    try:
        return child.communicate(timeout=_LONGEST_END)[0]
    except subprocess.TimeoutExpired:
        child.kill()
        return child.communicate()[0]
