"""The helpers of the window's and of the engine's tests serve these tests too."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path += [str(Path(__file__).parents[1] / name) for name in ("gui", "ml")]
