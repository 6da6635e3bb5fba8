"""Too little memory becomes a sentence that says which setting to lower to what value."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from deepimagetranslator.core.config.memory_plan import SURE
from deepimagetranslator.core.errors import UserError
from deepimagetranslator.core.system.machine import free_memory_bytes
from deepimagetranslator.core.system.out_of_memory import is_out_of_memory, out_of_memory
from deepimagetranslator.ml import devices

Short = Callable[[int], UserError]
"""Makes the error from the free bytes, 0 if unknown."""


def require_memory(needed: int, short: Short) -> None:
    """Refuse work that needs clearly more memory than is free, unless a GPU does it.

    Libraries do not always raise an error for lack of memory: some end the process.

    Args:
        needed: the estimated bytes.
        short: makes the error for the user.

    Raises:
        UserError: there is not enough memory.
    """
    free = _free()
    if free and SURE * needed > free:
        raise short(free)


@contextmanager
def enough_memory(short: Short = lambda _free: out_of_memory()) -> Iterator[None]:
    """Convert an error for lack of memory inside the block to a message for the user.

    Args:
        short: makes the error for the user.

    Raises:
        UserError: there is not enough memory.
    """
    free = _free()
    try:
        yield
    except Exception as error:
        if is_out_of_memory(error):
            raise short(free) from error
        raise


def _free() -> int:
    """The free bytes with swap space; 0 if unknown, as on a GPU."""
    return 0 if devices.gpu_names() else free_memory_bytes(swap=True)
