"""No box opens behind a window, whichever window the user is in and whoever manages windows.

A box behind another window still holds the keyboard and the mouse: the program seems to hang.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from screens import WINDOW_MANAGERS, screen
from waiting import PATIENCE


@pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="other systems have one window manager"
)
@pytest.mark.parametrize("manager", WINDOW_MANAGERS)
def test_every_box_is_seen_and_can_be_answered(manager: str) -> None:
    with screen(manager) as display:
        child = subprocess.run(
            [sys.executable, str(Path(__file__).with_name("boxes_child.py"))],
            env=os.environ | {"DISPLAY": display},
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
    assert child.returncode == 0, child.stderr
    found: dict[str, bool] = json.loads(child.stdout)
    assert len(found) == 14
    assert [case for case, shown in found.items() if not shown] == []
