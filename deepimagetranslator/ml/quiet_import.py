"""Import Keras and TensorFlow without what they print and do not need."""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
from collections.abc import Iterator


@contextlib.contextmanager
def without_matplotlib() -> Iterator[None]:
    """Import Keras without Matplotlib, which it needs only for image galleries.

    This saves a tenth of the import time.
    """
    if "matplotlib" in sys.modules:
        yield
        return
    sys.modules["matplotlib"] = None  # type: ignore[assignment]  # so that importing it fails
    try:
        yield
    finally:
        del sys.modules["matplotlib"]


@contextlib.contextmanager
def quiet_stderr() -> Iterator[None]:
    """Hold back what C++ libraries print to stderr on import; show it only if the import fails."""
    try:
        target = sys.stderr.fileno()
    except (AttributeError, OSError, ValueError):  # a window program, or a test's own stderr
        yield
        return
    sys.stderr.flush()
    saved = os.dup(target)
    with tempfile.TemporaryFile() as kept:
        os.dup2(kept.fileno(), target)
        try:
            yield
        except BaseException:
            kept.seek(0)
            os.write(saved, kept.read())
            raise
        finally:
            os.dup2(saved, target)
            os.close(saved)
