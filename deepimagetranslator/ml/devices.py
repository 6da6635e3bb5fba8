"""Processors, GPUs and precision: the only file that imports TensorFlow.

Call ``load_engine`` before any module that imports Keras; it suppresses the libraries' messages in
the terminal.
"""

from __future__ import annotations

import contextlib
import logging
import os
import platform
import sys
import time
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from deepimagetranslator.core.errors import UserError
from deepimagetranslator.ml.quiet_import import quiet_stderr, without_matplotlib


def load_engine(cpu_devices: int = 1, threads: int = 0) -> None:
    """Import Keras and its backend without output; takes some seconds the first time.

    Args:
        cpu_devices: if over 1, the processor is split into this many logical devices, and
            ``distribution`` splits batches over them. This tests training on several GPUs without
            any. Only with TensorFlow, and only before its first computation.
        threads: of a computation, so that its results do not depend on the number of cores; 0 for
            all cores. Only before the first computation.

    Raises:
        UserError: the backend cannot be imported; the message gives the likely reason.
    """
    os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    try:
        with quiet_stderr():
            import cv2  # noqa: PLC0415

            with without_matplotlib():
                import keras  # noqa: PLC0415

            keras.config.backend()
            _prepare_devices(cpu_devices, threads)
    except ImportError as error:
        raise UserError(
            f"The deep-learning library cannot be loaded ({error}). It needs a 64-bit processor "
            "with AVX; if there is one, reinstall the program."
        ) from error
    logging.getLogger("tensorflow").setLevel(logging.ERROR)
    cv2.setNumThreads(1)  # pairs are prepared in our own threads; OpenCV's would compete with them


def choose_precision(wanted: str) -> str:
    """The precision to compute in: "float32", "bfloat16" or "float16".

    Args:
        wanted: a ``TrainingSpec.precision``. "automatic" is float16 on a GPU, bfloat16 on a
            processor with instructions for it, else float32.
    """
    if wanted != "automatic":
        return wanted
    if gpu_names():
        return "float16"
    return "bfloat16" if _has_bfloat16() else "float32"


def distribution(batch_size: int) -> tuple[contextlib.AbstractContextManager[Any], str]:
    """Choose the devices over which each training step is split (data parallelism).

    With TensorFlow and several GPUs, each GPU has a copy of the network and a share of each batch.
    All copies make the same update as a single GPU would with the whole batch.

    Args:
        batch_size: images per step; no more devices than images are used.

    Returns:
        A context in which the network and its optimizer must be made and compiled (on one device
        it does nothing), and a sentence for the user, empty on one device.
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
    # Sum gradients on one device: copying networks of this size is fast, while the default
    # collective operations, once aborted by an error, fail until the process is restarted.
    sums = tf.distribute.ReductionToOneDevice()
    strategy = tf.distribute.MirroredStrategy(used, cross_device_ops=sums)
    return strategy.scope(), f"Each step is split over {what}."


def sharing() -> bool:
    """Whether the current computation is one device's share of a step, see ``distribution``."""
    if _backend() != "tensorflow":
        return False
    import tensorflow as tf  # noqa: PLC0415

    replica = tf.distribute.get_replica_context()
    return replica is not None and replica.num_replicas_in_sync > 1


def total(x: Any) -> Any:
    """The sum of a tensor over the devices that share a step; ``x`` itself on one device.

    Every device gets the sum; gradients flow back to the devices' own tensors.
    """
    if not sharing():
        return x
    import tensorflow as tf  # noqa: PLC0415

    return tf.distribute.get_replica_context().all_reduce("SUM", x)


def fuses_normalization() -> bool:
    """Whether the three functions below can be used: with TensorFlow on a processor."""
    return _backend() == "tensorflow" and not gpu_names()


def channel_moments(image: Any) -> tuple[Any, Any]:
    """Mean and variance of each channel, in one pass with sums in float32.

    Args:
        image: a batch of one, (1, height, width, channels) in any precision.

    Returns:
        Two float32 tensors of (channels,).
    """
    import tensorflow as tf  # noqa: PLC0415

    ones, zeros = tf.ones(image.shape[-1:]), tf.zeros(image.shape[-1:])
    found = tf.raw_ops.FusedBatchNormV3(
        x=image, scale=ones, offset=zeros, mean=[], variance=[], is_training=True
    )
    pixels = image.shape[1] * image.shape[2]
    # The operation gives the variance of a sample, over pixels - 1, for batch normalization.
    return found.batch_mean, found.batch_variance * (max(pixels - 1, 1) / pixels)


def normalize_channels(
    image: Any, mean: Any, variance: Any, gamma: Any, beta: Any, epsilon: float
) -> Any:
    """gamma * (image - mean) / sqrt(variance + epsilon) + beta, in one pass and rounded once.

    Args:
        image: (images, height, width, channels) in any precision, which the result has too.
        mean, variance, gamma, beta: float32 tensors of (channels,).
        epsilon: added to the variance.
    """
    import tensorflow as tf  # noqa: PLC0415

    return tf.raw_ops.FusedBatchNormV3(
        x=image,
        scale=gamma,
        offset=beta,
        mean=mean,
        variance=variance,
        epsilon=epsilon,
        is_training=False,
    ).y


def normalization_gradients(
    upstream: Any, image: Any, mean: Any, variance: Any, gamma: Any, epsilon: float
) -> tuple[Any, Any, Any]:
    """Gradients of ``normalize_channels`` by image, gamma and beta, with constant moments.

    Args:
        upstream: the gradient by its result.
        image, mean, variance, gamma, epsilon: its arguments.
    """
    import tensorflow as tf  # noqa: PLC0415

    found = tf.raw_ops.FusedBatchNormGradV3(
        y_backprop=upstream,
        x=image,
        scale=gamma,
        reserve_space_1=mean,
        reserve_space_2=variance,
        reserve_space_3=tf.zeros((0,)),
        epsilon=epsilon,
        is_training=False,
    )
    return found.x_backprop, found.scale_backprop, found.offset_backprop


@contextlib.contextmanager
def gradients_forgotten() -> Iterator[None]:
    """Forget at the end the gradients that TensorFlow has registered inside the block.

    It registers one for each traced operation that brings its own, for good, and each holds the
    whole graph of its training step: 10 MiB for a small network.
    """
    if _backend() != "tensorflow":
        yield
        return
    from tensorflow.python.framework import ops  # noqa: PLC0415

    registered: dict[str, Any] = getattr(ops.gradient_registry, "_registry", {})
    before = set(registered)
    try:
        yield
    finally:
        for name in set(registered) - before:
            if name.startswith("CustomGradient-"):
                del registered[name]


def feed(batches: Any, single: bool = False) -> Any:
    """Wrap a ``keras.utils.PyDataset`` for ``fit``, which then takes its batches in order.

    Without this Keras uses tf.data's autotuning, whose thread sleeps longer the longer an epoch
    lasts. In about every second epoch the next one would wait for it, up to the duration of an
    epoch. Here one batch is prefetched and nothing is tuned.

    Each batch is copied. TensorFlow takes a generator's arrays without copying them, and where
    several devices share a batch it may write its own results over them, while the arrays here are
    used again: those of the validation in each epoch.

    Args:
        batches: all arrays have the shapes of the first batch, except for the number of images.
        single: every batch is a single image, and the network may be traced for that.
    """
    if _backend() != "tensorflow":
        return batches
    import tensorflow as tf  # noqa: PLC0415

    signature = tf.nest.map_structure(
        lambda array: tf.TensorSpec((1 if single else None, *array.shape[1:]), array.dtype),
        batches[0],
    )
    count = len(batches)
    dataset = tf.data.Dataset.from_generator(
        lambda: (tf.nest.map_structure(np.copy, batches[index]) for index in range(count)),
        output_signature=signature,
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
    """A description of the device, for instance "CPU, 8 cores, bfloat16"."""
    gpus = gpu_names()
    where = f"GPU, {', '.join(gpus)}" if gpus else f"CPU, {os.cpu_count()} cores"
    return f"{where}, {choose_precision('automatic')}"


def unused_gpu() -> str:
    """Why an available GPU is not used, as a sentence; empty if it is used or there is none."""
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
    """Versions of Python, the system and the packages that results depend on, by name."""
    from importlib.metadata import PackageNotFoundError, version  # noqa: PLC0415

    found = {"python": platform.python_version(), "system": platform.platform()}
    names = ("deepimagetranslator", "tensorflow", "keras", "numpy", "pillow")
    for name in (*names, "opencv-python-headless", "Augmentor", "h5py"):
        with contextlib.suppress(PackageNotFoundError):
            found[name] = version(name)
    return found


def _backend() -> str:
    return os.environ.get("KERAS_BACKEND", "tensorflow")


def _prepare_devices(cpu_devices: int, threads: int) -> None:
    """Configure the backend's devices; this must come before its first computation."""
    if _backend() == "torch" and threads:
        import torch  # noqa: PLC0415

        torch.set_num_threads(threads)
    if _backend() != "tensorflow":
        return
    import tensorflow as tf  # noqa: PLC0415

    threading = tf.config.threading
    if threads and (threading.get_intra_op_parallelism_threads() or os.cpu_count()) != threads:
        try:
            threading.set_intra_op_parallelism_threads(threads)
        except RuntimeError as error:
            raise UserError(
                f"This process has begun to compute with another number of threads than {threads}; "
                "start the program again."
            ) from error
    for gpu in tf.config.list_physical_devices("GPU"):
        with contextlib.suppress(RuntimeError):  # already in use: its settings stay
            tf.config.experimental.set_memory_growth(gpu, True)
    if cpu_devices > 1:
        tf.config.set_logical_device_configuration(
            tf.config.list_physical_devices("CPU")[0],
            [tf.config.LogicalDeviceConfiguration()] * cpu_devices,
        )


@lru_cache(maxsize=1)
def _has_bfloat16() -> bool:
    """Whether the processor has instructions for matrix products in bfloat16."""
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        text = cpuinfo.read_text(encoding="utf-8", errors="replace")
        return "avx512_bf16" in text or "amx_bf16" in text
    return _matmul_seconds("bfloat16") < 0.8 * _matmul_seconds("float32")


def _matmul_seconds(dtype: str) -> float:
    """The shortest of five 1024 x 1024 matrix products, in seconds.

    It is used on systems that do not list the processor's features.
    """
    import keras  # noqa: PLC0415

    a: Any = keras.ops.cast(keras.random.normal((1024, 1024), seed=1), dtype)
    times = []
    for _ in range(6):
        start = time.perf_counter()
        keras.ops.convert_to_numpy(keras.ops.sum(keras.ops.matmul(a, a)))
        times.append(time.perf_counter() - start)
    return min(times[1:])
