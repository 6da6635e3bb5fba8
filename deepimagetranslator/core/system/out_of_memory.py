"""Recognizes that memory was short, in whatever form the system and the libraries say it."""

from __future__ import annotations

import errno
import re

from deepimagetranslator.core.errors import UserError

_WORDS = re.compile(
    r"\bOOM when allocating|out of memory|bad_alloc|can't start new thread|pthread_create failed|"
    r"cannot allocate memory|failed to allocate|unable to allocate|insufficient memory|"
    r"resource exhausted|Status: 1, message: could not create",
    re.IGNORECASE,
)
"""Of TensorFlow, the C++ library, Python's threads, the C library, CUDA, NumPy and OpenCV. The last
is oneDNN's, whose status 1 means out of memory (dnnl_status_t)."""


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error, or one that it was caused by, says that memory was short."""
    seen: set[int] = set()
    following: BaseException | None = error
    while following is not None and id(following) not in seen:
        if isinstance(following, UserError):
            return False
        if _is_one(following):
            return True
        seen.add(id(following))
        following = following.__cause__ or following.__context__
    return False


def tells_of_memory(text: str) -> bool:
    """Whether a log says that memory was short; a library may print it and end the process."""
    return bool(_WORDS.search(text))


def out_of_memory() -> UserError:
    """The error for work whose need of memory is not known."""
    return UserError(
        "There is not enough memory for this. Close other programs, use fewer or smaller images, "
        "or raise the limit of memory or threads that is set for this program."
    )


def _is_one(error: BaseException) -> bool:
    names = {kind.__name__ for kind in type(error).__mro__}
    if isinstance(error, MemoryError) or "ResourceExhaustedError" in names:
        return True
    if isinstance(error, OSError) and error.errno == errno.ENOMEM:
        return True
    return isinstance(error, Exception) and tells_of_memory(str(error))
