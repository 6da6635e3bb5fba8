"""What a command of the program said."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

COUNTS = ("to_label", "draft", "done")


@dataclass
class Told:
    """What a command said: its exit status, stdout and stderr."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        return json.loads(self.out.rstrip("\n").splitlines()[-1])

    @property
    def counts(self) -> list[int]:
        """The images to label, the drafts and the done images, of a label command."""
        return [self.json[name] for name in COUNTS]
