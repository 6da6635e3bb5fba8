"""Weights files, which describe themselves: read and write.

A file has the content of Keras' ``save_weights`` and, as JSON, a card with the network, the
intensity normalization, the label colours and a summary of the training. Translation needs nothing
else. Files of the 2021 program can be read too.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import h5py
import keras
import numpy as np
from keras.src.saving import saving_lib

from deepimagetranslator.core.config.network_plan import count_parameters
from deepimagetranslator.core.config.specs import ModelSpec
from deepimagetranslator.core.data.domain.domain import Domain
from deepimagetranslator.core.errors import UserError
from deepimagetranslator.core.evaluation.calibration import Calibration
from deepimagetranslator.core.runs import state_file
from deepimagetranslator.core.system.atomic_write import write_bytes
from deepimagetranslator.core.system.system_path import exists, is_file
from deepimagetranslator.core.version import NewerVersionError, naming_newer_version
from deepimagetranslator.ml.memory_file import copied, file_for
from deepimagetranslator.ml.network.unet import build_unet, convolutions
from deepimagetranslator.ml.weights_2021 import is_2021_file, read_2021_file
from deepimagetranslator.ml.weights_card import WeightsCard
from deepimagetranslator.ml.weights_contents import AVERAGE, check_contents

SUFFIX = ".weights.h5"
_GROUP = "deepimagetranslator"
_CARD = f"{_GROUP}/card"
_STATE = f"{_GROUP}/state"

# Keras 3.15 caches the names of a layer's attributes under one key and looks them up under
# another. It therefore creates a layer for each one that it saves or loads, which takes half of
# the time.
if hasattr(saving_lib, "get_attr_skipset"):
    saving_lib.get_attr_skipset = cache(saving_lib.get_attr_skipset)


def save(
    model: keras.Model, path: Path, card: WeightsCard, state: Mapping[str, Any] | None = None
) -> None:
    """Write a model's weights with their card atomically; a compiled model's optimizer too.

    Args:
        model: any Keras model.
        path: must end in ``.weights.h5``.
        card: the description of the weights.
        state: the training state to resume from: JSON values and arrays by name.

    Raises:
        WriteError: the file cannot be written.
        MemoryError: there is no room for the file in memory.
    """
    write_bytes(path, file_content(model, card, state), durable=True)


def file_content(
    model: keras.Model, card: WeightsCard, state: Mapping[str, Any] | None = None
) -> memoryview:
    """The content of the weights file that ``save`` writes.

    Raises:
        MemoryError: there is no room for it in memory.
    """
    values = dict(state or {})
    arrays = {name: value for name, value in values.items() if isinstance(value, np.ndarray)}
    plain = {name: value for name, value in values.items() if name not in arrays}
    memory = file_for(model, arrays.values())
    model.save_weights(memory)
    with h5py.File(memory, "r+") as file:
        file[_CARD] = np.frombuffer(json.dumps(card.to_json()).encode(), np.uint8)
        group = file.create_group(_STATE)
        group["values"] = np.frombuffer(json.dumps(plain).encode(), np.uint8)
        for name, value in arrays.items():
            group[name] = value
    return memory.content


def keep_calibration(path: Path, calibration: Calibration) -> None:
    """Write the calibration of the confidence into the card of a weights file.

    Raises:
        UserError: the file has no card, as those of the 2021 program, or cannot be written.
        MemoryError: there is no room for it in memory.
    """
    card = replace(read_card(path), calibration=calibration)
    if state_file.read_head(path) is not None:
        raise UserError(
            f"{path.name} is what its run resumes from and is not changed; calibrate the best "
            "weights of the run."
        )
    write_bytes(path, _content_with(path, card), durable=True)


def content_with(path: Path, domain: Domain) -> memoryview:
    """The content of a weights file whose card says which images the weights suit.

    Raises:
        UserError: as ``read_card``, or the file has no card.
        MemoryError: there is no room for it in memory.
    """
    return _content_with(path, replace(read_card(path), domain=domain))


def _content_with(path: Path, card: WeightsCard) -> memoryview:
    """The content of a weights file with another card."""
    memory = copied(path)
    with h5py.File(memory, "r+") as file:
        if _CARD not in file:
            raise UserError(
                f"{path.name} was written by the 2021 program and holds no description; train for "
                "one epoch from it, and use the new weights."
            )
        del file[_CARD]
        file[_CARD] = np.frombuffer(json.dumps(card.to_json()).encode(), np.uint8)
    return memory.content


def read_card(path: Path) -> WeightsCard:
    """Read the card of a weights file, without building the network.

    Raises:
        UserError: the file cannot be read, is not a weights file, or has an unknown network.
    """
    with _open(path) as file:
        if _CARD in file:
            return WeightsCard.from_json(json.loads(bytes(file[_CARD][()])), path.name)
        if is_2021_file(file):
            return _card_2021(read_2021_file(file, path.name)[0])
    raise _foreign(path)


def read_state(path: Path) -> dict[str, Any]:
    """Read the training state that ``save`` stored: JSON values and arrays by name.

    Raises:
        UserError: the file has no training state.
    """
    with _open(path) as file:
        if _STATE not in file:
            raise UserError(f"{path.name} holds no training state; choose last{SUFFIX} of a run.")
        state = dict(json.loads(bytes(file[_STATE]["values"][()])))
        arrays = {k: np.asarray(v) for k, v in file[_STATE].items() if k != "values"}
        return state | arrays


def is_whole(path: Path) -> bool:
    """Whether a weights file can be read to its end; with a head, whether it is as written.

    Raises:
        NewerVersionError: it is not damaged, but of a newer version.
    """
    if not state_file.is_whole(path):
        return False
    try:
        with _open(path) as file:
            file.visititems(_read_array)
        read_card(path)
    except NewerVersionError:
        raise
    except UserError:
        return False
    return True


def _read_array(_: str, found: Any) -> None:
    if isinstance(found, h5py.Dataset):
        found[()]


def load(
    path: Path,
    precision: str = "float32",
    seed: int = 1,
    size: tuple[int, int] | None = None,
) -> tuple[keras.Model, WeightsCard]:
    """Build the network of a weights file and load its weights.

    Args:
        path: a file written by ``save`` or by the 2021 program.
        precision: the precision to compute in, see ``build_unet``.
        seed: the seed of dropout.
        size: (height, width) of the input in pixels, for a file without a fixed size.

    Returns:
        The model, not compiled, and the card with the sizes of the model.

    Raises:
        UserError: see ``read_card``; or the arrays do not fit the network.
    """
    card = read_card(path)
    spec = card.model if size is None else with_size(card.model, size)
    with naming_newer_version(path.name, card.program):
        if 4 * count_parameters(spec) > path.stat().st_size:  # before memory is taken for them
            raise UserError(_unfit(path))
        try:
            model = build_unet(spec, precision, seed)
        except UserError as error:
            raise UserError(f"{path.name} describes no possible network: {error}") from error
        load_into(model, path)
    return model, replace(card, model=spec)


def with_size(spec: ModelSpec, size: tuple[int, int]) -> ModelSpec:
    """The spec of a file without a fixed size with that of an image: (height, width) in pixels."""
    if spec.input_height:
        return spec
    height, width = size
    return replace(
        spec,
        input_height=height,
        input_width=width,
        target_height=spec.target_height or height,
        target_width=spec.target_width or width,
    )


def load_into(model: keras.Model, path: Path) -> None:
    """Load a file's weights into the network that it describes.

    A run's state holds the weights of its last step and, where a moving average is kept, that
    average: these are the weights, as in the best checkpoint.

    Raises:
        UserError: the arrays do not fit, or hold values that are not finite. The model may then be
            partly changed and must not be used.
    """
    with _open(path) as file:
        arrays = None if _CARD in file else read_2021_file(file, path.name)[1]
    if arrays is not None:
        for layer, kernel, bias in zip(
            convolutions(model), arrays[0::2], arrays[1::2], strict=True
        ):
            layer.set_weights([kernel, bias])
    else:
        try:
            with warnings.catch_warnings():
                # Keras only warns if the file has no arrays for a layer, and leaves it unchanged.
                warnings.filterwarnings("error", message="Skipping nested container")
                model.load_weights(path)
                _take_average(model, path)
        except Exception as error:  # Keras may raise any exception for damaged files
            raise UserError(_unfit(path)) from error
    if not all(np.isfinite(keras.ops.convert_to_numpy(x)).all() for x in model.weights):
        raise UserError(
            f"{path.name}: its weights hold values that are not finite (NaN or infinity), from "
            "which no image can be made; use another file, such as that of an earlier epoch."
        )


def _take_average(model: keras.Model, path: Path) -> None:
    """Assign the moving average of the weights if the file holds one.

    Raises:
        Exception: the file is damaged, or its arrays do not fit.
    """
    with _open(path) as file:
        state = file.get(_STATE, {})
        if f"{AVERAGE}0" in state:
            for number, variable in enumerate(model.trainable_variables):
                variable.assign(state[f"{AVERAGE}{number}"][()])


def _card_2021(spec: ModelSpec) -> WeightsCard:
    return WeightsCard(spec, preset="2021", program="DeepImageTranslator 1.0")


@contextmanager
def _open(path: Path) -> Any:
    if exists(path) and not is_file(path):  # opening a named pipe would block forever
        raise _foreign(path)
    try:
        with h5py.File(path, "r") as file:
            check_contents(file)
            yield file
    except FileNotFoundError:
        raise UserError(f"There is no weights file {path}; check the name.") from None
    except UserError:
        raise
    except Exception as error:  # h5py may raise any exception for damaged files
        raise _foreign(path) from error


def _unfit(path: Path) -> str:
    return (
        f"{path.name}: its arrays do not fit the network that it describes; the file is damaged, "
        "use another."
    )


def _foreign(path: Path) -> UserError:
    return UserError(
        f"{path.name} is not a weights file of this program or of the 2021 program (or it is "
        "damaged); choose a .weights.h5 or .hdf5 file that one of them wrote."
    )
