"""Processors, GPUs and precision: the one file that knows TensorFlow.

Call ``load_engine`` before anything that imports Keras: it keeps the libraries' own messages
off the terminal.
"""

from __future__ import annotations

import contextlib
import logging
import os
import platform
import sys
import tempfile
import time
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

from deepimagetranslator.core.problem import UserError


def load_engine() -> None:
    """Import Keras with its backend, silently; takes some seconds the first time.

    Raises:
        UserError: the backend cannot be imported, with the likely reason.
    """
    os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    try:
        with _quiet_stderr():
            import cv2  # noqa: PLC0415
            import keras  # noqa: PLC0415

            keras.config.backend()
            _let_gpu_memory_grow()
    except ImportError as error:
        raise UserError(
            f"The deep-learning engine cannot be loaded ({error}). It needs a 64-bit processor "
            "with AVX; otherwise install the program anew."
        ) from error
    logging.getLogger("tensorflow").setLevel(logging.ERROR)
    cv2.setNumThreads(1)  # pairs are made in threads of our own; OpenCV's would only compete


def choose_precision(wanted: str) -> str:
    """The precision to compute in: "float32", "bfloat16" or "float16".

    Args:
        wanted: a ``TrainingSpec.precision``; "automatic" takes float16 on a GPU, bfloat16 on a
            processor with instructions for it, else float32.
    """
    if wanted != "automatic":
        return wanted
    if gpu_names():
        return "float16"
    return "bfloat16" if _has_bfloat16() else "float32"


def gpu_names() -> list[str]:
    """The names of the GPUs that the backend uses; empty on a CPU."""
    backend = os.environ.get("KERAS_BACKEND", "tensorflow")
    if backend == "torch":
        import torch  # noqa: PLC0415

        return [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())]
    if backend != "tensorflow":
        return []
    import tensorflow as tf  # noqa: PLC0415

    gpus = tf.config.list_physical_devices("GPU")
    return [
        tf.config.experimental.get_device_details(gpu).get("device_name", "GPU") for gpu in gpus
    ]


def describe_device() -> str:
    """The device in words, for instance "CPU, 8 cores, bfloat16"."""
    gpus = gpu_names()
    where = f"GPU, {', '.join(gpus)}" if gpus else f"CPU, {os.cpu_count()} cores"
    return f"{where}, {choose_precision('automatic')}"


def unused_gpu() -> str:
    """Why a GPU that is there is not used, a sentence; empty if there is none, or it is used."""
    if sys.platform == "win32" and not gpu_names():
        import ctypes  # noqa: PLC0415

        with contextlib.suppress(OSError):
            ctypes.WinDLL("nvcuda.dll")  # of NVIDIA's driver
            return (
                "This computer has an NVIDIA GPU, but TensorFlow uses none on native Windows; "
                "install the program in WSL2, or run it from source with Keras' PyTorch backend "
                "(the README says how)."
            )
    return ""


def versions() -> dict[str, str]:
    """Versions of what a result depends on, by name."""
    from importlib.metadata import PackageNotFoundError, version  # noqa: PLC0415

    found = {"python": platform.python_version(), "system": platform.platform()}
    names = ("deepimagetranslator", "tensorflow", "keras", "numpy", "pillow")
    for name in (*names, "opencv-python-headless", "Augmentor", "h5py"):
        with contextlib.suppress(PackageNotFoundError):
            found[name] = version(name)
    return found


def _let_gpu_memory_grow() -> None:
    if os.environ["KERAS_BACKEND"] != "tensorflow":
        return
    import tensorflow as tf  # noqa: PLC0415

    for gpu in tf.config.list_physical_devices("GPU"):
        with contextlib.suppress(RuntimeError):  # in use already: it keeps what it has
            tf.config.experimental.set_memory_growth(gpu, True)


@lru_cache(maxsize=1)
def _has_bfloat16() -> bool:
    """Whether the processor multiplies matrices in bfloat16 by its own instructions."""
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        text = cpuinfo.read_text(encoding="utf-8", errors="replace")
        return "avx512_bf16" in text or "amx_bf16" in text
    return _matmul_seconds("bfloat16") < 0.8 * _matmul_seconds("float32")


def _matmul_seconds(dtype: str) -> float:
    """The best of five products of two 1024 x 1024 matrices, for systems that name no features."""
    import keras  # noqa: PLC0415

    a: Any = keras.ops.cast(keras.random.normal((1024, 1024), seed=1), dtype)
    times = []
    for _ in range(6):
        start = time.perf_counter()
        keras.ops.convert_to_numpy(keras.ops.sum(keras.ops.matmul(a, a)))
        times.append(time.perf_counter() - start)
    return min(times[1:])


@contextlib.contextmanager
def _quiet_stderr() -> Iterator[None]:
    """Keep what C++ libraries print on stderr at their start; show it if the import fails."""
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
