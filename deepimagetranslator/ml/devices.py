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

from deepimagetranslator.core.errors import UserError


def load_engine(cpu_devices: int = 1) -> None:
    """Import Keras with its backend, silently; takes some seconds the first time.

    Args:
        cpu_devices: more than one makes that many devices out of the processor, over which
            ``distribution`` then splits a batch: to try several GPUs where there is none. Only
            with TensorFlow, and only before it has computed anything.

    Raises:
        UserError: the backend cannot be imported, with the likely reason.
    """
    os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    try:
        with _quiet_stderr():
            import cv2  # noqa: PLC0415

            with _without_matplotlib():
                import keras  # noqa: PLC0415

            keras.config.backend()
            _prepare_devices(cpu_devices)
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


def distribution(batch_size: int) -> tuple[contextlib.AbstractContextManager[Any], str]:
    """Over which devices the steps of a training are split.

    With TensorFlow and several GPUs every GPU has a copy of the network and a share of each
    batch, and all take the same step: the one that a single GPU would take with the whole batch.

    Args:
        batch_size: images per step in all; more devices than images are never used.

    Returns:
        A context in which the network, its optimizer and ``compile`` must be made, which does
        nothing on one device; and a sentence for the user, empty if there is only one.
    """
    nothing = contextlib.nullcontext()
    if _backend() != "tensorflow":
        return nothing, ""
    import tensorflow as tf  # noqa: PLC0415

    kind = "GPU" if tf.config.list_logical_devices("GPU") else "CPU"
    there = [device.name for device in tf.config.list_logical_devices(kind)]
    used = there[:batch_size]
    if len(there) == 1:
        return nothing, ""
    what = f"{len(there)} {kind}s"
    if len(used) < len(there):
        what = f"{len(used)} of {what}; a batch size of {len(there)} or more would use all"
    if len(used) == 1:
        return nothing, f"Batch size 1 uses {what}."
    # Sums over one device: a network of this size is copied in moments, while the default's
    # collectives, once aborted by any error, fail until the process is started anew.
    sums = tf.distribute.ReductionToOneDevice()
    strategy = tf.distribute.MirroredStrategy(used, cross_device_ops=sums)
    return strategy.scope(), f"Each step is split over {what}."


def sharing() -> bool:
    """Whether what is computed now is one device's share of a step, see ``distribution``."""
    if _backend() != "tensorflow":
        return False
    import tensorflow as tf  # noqa: PLC0415

    replica = tf.distribute.get_replica_context()
    return replica is not None and replica.num_replicas_in_sync > 1


def total(x: Any) -> Any:
    """The sum of a tensor over the devices that share a step; ``x`` itself where there is one.

    Every device gets the sum, and gradients flow back to each one's part of it.
    """
    if not sharing():
        return x
    import tensorflow as tf  # noqa: PLC0415

    return tf.distribute.get_replica_context().all_reduce("SUM", x)


def feed(batches: Any) -> Any:
    """What ``fit`` is given to take the batches of a ``keras.utils.PyDataset`` in their order.

    Keras itself would let tf.data tune how many batches it fetches ahead; its tuner sleeps longer
    the longer an epoch lasts, and in every second epoch or so the next one waits until it wakes:
    up to as long again as the epoch took. Here one batch is fetched ahead, and nothing is tuned.

    Args:
        batches: their arrays all have the shapes of the first one's, but for the number of images.
    """
    if _backend() != "tensorflow":
        return batches
    import tensorflow as tf  # noqa: PLC0415

    signature = tf.nest.map_structure(
        lambda array: tf.TensorSpec((None, *array.shape[1:]), array.dtype), batches[0]
    )
    count = len(batches)
    dataset = tf.data.Dataset.from_generator(
        lambda: (batches[index] for index in range(count)), output_signature=signature
    )
    options = tf.data.Options()
    options.autotune.enabled = False
    dataset = dataset.apply(tf.data.experimental.assert_cardinality(count))
    return dataset.prefetch(1).with_options(options)


def gpu_names() -> list[str]:
    """The names of the GPUs that the backend uses; empty on a CPU."""
    backend = _backend()
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


def _backend() -> str:
    return os.environ.get("KERAS_BACKEND", "tensorflow")


def _prepare_devices(cpu_devices: int) -> None:
    """What TensorFlow wants to know of its devices before its first computation."""
    if _backend() != "tensorflow":
        return
    import tensorflow as tf  # noqa: PLC0415

    for gpu in tf.config.list_physical_devices("GPU"):
        with contextlib.suppress(RuntimeError):  # in use already: it keeps what it has
            tf.config.experimental.set_memory_growth(gpu, True)
    if cpu_devices > 1:
        tf.config.set_logical_device_configuration(
            tf.config.list_physical_devices("CPU")[0],
            [tf.config.LogicalDeviceConfiguration()] * cpu_devices,
        )


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
def _without_matplotlib() -> Iterator[None]:
    """Keras imports it at its start, a tenth of that, for galleries that nobody here asks for."""
    if "matplotlib" in sys.modules:
        yield
        return
    sys.modules["matplotlib"] = None  # type: ignore[assignment]  # so that importing it fails
    try:
        yield
    finally:
        del sys.modules["matplotlib"]


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
