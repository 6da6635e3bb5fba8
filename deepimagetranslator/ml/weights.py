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
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

import h5py
import keras
import numpy as np
from keras.src.saving import saving_lib

from deepimagetranslator.core.checks.unlike_values import Trained
from deepimagetranslator.core.config import fields
from deepimagetranslator.core.config.network_plan import count_parameters, embedding_channels
from deepimagetranslator.core.config.specs import ModelSpec
from deepimagetranslator.core.data.domain.domain import UNKNOWN, Domain
from deepimagetranslator.core.data.input_statistics import InputStatistics
from deepimagetranslator.core.data.intensity.conversion import Conversion, input_to_target
from deepimagetranslator.core.data.intensity.normalization import BYTES, IntensityNormalization
from deepimagetranslator.core.data.labels.palette import Palette
from deepimagetranslator.core.errors import UserError, printable
from deepimagetranslator.core.evaluation.calibration import Calibration
from deepimagetranslator.core.imaging.reading import READING_VERSION
from deepimagetranslator.core.runs import state_file
from deepimagetranslator.core.system.atomic_write import write_bytes
from deepimagetranslator.core.system.system_path import exists, is_file
from deepimagetranslator.core.version import PROGRAM, NewerVersionError, naming_newer_version
from deepimagetranslator.ml.memory_file import copied, file_for
from deepimagetranslator.ml.network.unet import build_unet, convolutions, residuals
from deepimagetranslator.ml.weights_2021 import is_2021_file, read_2021_file
from deepimagetranslator.ml.weights_contents import AVERAGE, check_contents

SUFFIX = ".weights.h5"
FORMAT = 1
_GROUP = "deepimagetranslator"
_CARD = f"{_GROUP}/card"
_STATE = f"{_GROUP}/state"
_LONGEST_LINE = 2000  # characters of a line of the description; 32 named classes have fewer

# Keras 3.15 caches the names of a layer's attributes under one key and looks them up under
# another. It therefore creates a layer for each one that it saves or loads, which takes half of
# the time.
if hasattr(saving_lib, "get_attr_skipset"):
    saving_lib.get_attr_skipset = cache(saving_lib.get_attr_skipset)


@dataclass(frozen=True)
class WeightsCard:
    """The description inside a weights file.

    Attributes:
        model: the network; a size of 0 means that each image's own size is used.
        input_scaling, target_scaling: intensity normalization, from file values to 0..1.
        palette: the label colours if the targets were label maps, else None.
        preset: the preset that the project began with.
        training: a summary: loss, precision, epoch, val_loss, number of pairs, ...
        program: the program and version that wrote the file.
        large_images: how larger images were trained on, "resize" or "crop".
        input_statistics: the values of the training inputs; None if they were not measured, as by
            versions before 2.1.
        reading: the reading version of the training images, see ``core.imaging.reading``.
        calibration: of the confidence, see ``core.evaluation.calibration``; None if there is none.
        domain: which images the weights suit.
    """

    model: ModelSpec
    input_scaling: IntensityNormalization = BYTES
    target_scaling: IntensityNormalization = BYTES
    palette: Palette | None = None
    preset: str = ""
    training: Mapping[str, Any] = field(default_factory=dict)
    program: str = PROGRAM
    large_images: str = "resize"
    input_statistics: InputStatistics | None = None
    reading: int = READING_VERSION
    calibration: Calibration | None = None
    domain: Domain = UNKNOWN

    def to_json(self) -> dict[str, Any]:
        calibrated = self.calibration
        return {
            **({} if calibrated is None else {"calibration": calibrated.to_json()}),
            "format": FORMAT,
            "program": self.program,
            "preset": self.preset,
            "model": fields.to_json(self.model),
            "input_scaling": self.input_scaling.to_json(),
            "target_scaling": self.target_scaling.to_json(),
            "palette": None if self.palette is None else self.palette.to_json(),
            "large_images": self.large_images,
            "input_statistics": self.input_statistics and self.input_statistics.to_json(),
            "reading": self.reading,
            "training": dict(self.training),
        } | ({} if self.domain == UNKNOWN else {"domain": self.domain.to_json()})

    def lines(self) -> tuple[str, ...]:
        """The description for the user, one fact per line."""
        model = self.model

        def size(height: int, width: int, channels: int) -> str:
            pixels = f"{width} x {height} pixels" if height else "the images' own size"
            return f"{pixels}, {channels} channel{'s' * (channels > 1)}"

        extras = [f"{model.normalization} normalization"] if model.normalization != "none" else []
        extras += ["deep supervision"] if model.deep_supervision else []
        extras += ["residual output"] if model.residual else []
        found = [
            f"Written by {self.program}" + (self.preset and f", preset {self.preset}"),
            f"U-Net of {model.depth} blocks, {model.base_filters} channels in the first"
            + "".join(f", {extra}" for extra in extras),
            f"Input: {size(model.input_height, model.input_width, model.input_channels)}",
            f"Output: {size(model.target_height, model.target_width, model.target_channels)}",
            f"Values: input {_range(self.input_scaling)}, target {_range(self.target_scaling)}",
        ]
        if self.palette is not None:
            names = self.palette.names or [""] * len(self.palette.colours)
            classes = zip(self.palette.written or self.palette.colours, names, strict=True)
            found.append(f"Label colours: {', '.join(f'{c} {n}'.strip() for c, n in classes)}")
        if self.large_images == "crop":
            found.append("Trained on crops of larger images in full resolution")
        if self.calibration is not None:
            found.append(f"Confidence: calibrated on {self.calibration.images} images")
        found.append(self.domain.line)
        for name, value in self.training.items():
            shown = f"{value:.5g}" if isinstance(value, float) else value
            found.append(f"{name.replace('_', ' ')}: {shown}")
        return tuple(printable(line)[:_LONGEST_LINE] for line in found)

    @property
    def epoch(self) -> int:
        """The epoch of the training after which the file was written; 0 if it does not tell."""
        epoch = self.training.get("epoch")
        return epoch if isinstance(epoch, int) else 0

    @property
    def trained(self) -> Trained | None:
        """What to compare images with before a translation; None if the file does not tell."""
        if self.input_statistics is None:
            return None
        return Trained(self.input_scaling, self.input_statistics)

    @property
    def by_class(self) -> bool | None:
        """Whether channels of the output are classes that exclude each other (softmax); None if
        the outputs are values."""
        return None if self.palette is None else self.model.final_activation == "softmax"

    @property
    def input_to_target(self) -> Conversion | None:
        """From the inputs' normalization to that of the targets; None where they cannot be
        compared, as for label maps."""
        if self.palette is not None:
            return None
        return input_to_target(self.model, self.input_scaling, self.target_scaling)

    @classmethod
    def from_json(cls, data: Any, where: str) -> WeightsCard:
        """Make a card from JSON values.

        Raises:
            UserError: the values are not a card, or were written by a newer version.
        """
        try:
            newer = data["format"] > FORMAT
            model, palette = data["model"], data["palette"]
        except (KeyError, TypeError) as error:
            raise UserError(_damaged_card(where)) from error
        with naming_newer_version(where, data.get("program"), newer):
            return cls._of(data, model, palette, where)

    @classmethod
    def _of(cls, data: Mapping[str, Any], model: Any, palette: Any, where: str) -> WeightsCard:
        spec = fields.from_json(ModelSpec, model, where)
        statistics, measured = data.get("input_statistics"), None
        calibration = data.get("calibration")
        try:
            domain = Domain.from_json(data.get("domain"))
            if domain.known and domain.known.reference.channels != embedding_channels(spec):
                raise ValueError("embeddings of another network")
            if statistics is not None:
                measured = InputStatistics.from_json(statistics)
            return cls(
                model=spec,
                input_scaling=IntensityNormalization.from_json(data["input_scaling"]),
                target_scaling=IntensityNormalization.from_json(data["target_scaling"]),
                palette=None if palette is None else Palette.from_json(palette),
                large_images=_large_images(data.get("large_images", "resize")),
                preset=str(data["preset"]),
                training=dict(data["training"]),
                program=str(data["program"]),
                input_statistics=measured,
                reading=int(data.get("reading", 1)),  # version 2.0.0 wrote none
                calibration=None if calibration is None else Calibration.from_json(calibration),
                domain=domain,
            )
        except (UserError, KeyError, TypeError, ValueError) as error:
            raise UserError(_damaged_card(where)) from error


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


def transfer(source: keras.Model, destination: keras.Model) -> list[str]:
    """Copy the weights of one U-Net into another, which may differ in its output layers.

    Returns:
        The names of the layers that keep their initial weights: output layers with another number
        of target channels, and those that the source lacks; all output layers if only one of the
        networks has a residual output.

    Raises:
        UserError: other layers differ.
    """
    givers, takers = (
        {
            is_output: [x for x in _trained(model) if _is_output(x) == is_output]
            for is_output in (False, True)
        }
        for model in (source, destination)
    )
    if [_shapes(x) for x in givers[False]] != [_shapes(x) for x in takers[False]]:
        raise UserError(
            "The weights belong to another network: depth, channels of the first convolution, "
            "input channels and normalization must be the same. Change the model to fit, or "
            "train from the beginning."
        )
    if bool(residuals(source)) != bool(residuals(destination)):
        givers[True] = []
    renewed = [layer.name for layer in takers[True][len(givers[True]) :]]
    for giver, taker in zip(
        givers[False] + givers[True], takers[False] + takers[True], strict=False
    ):
        if _shapes(giver) != _shapes(taker):
            renewed.append(taker.name)
            continue
        for old, new in zip(giver.trainable_variables, taker.trainable_variables, strict=True):
            new.assign(old)
    return renewed


def _trained(model: keras.Model) -> list[Any]:
    """The layers with weights in the order in which they were made."""
    found = [layer for layer in model.layers if layer.trainable_variables]
    return sorted(found, key=_made)


def _made(layer: Any) -> tuple[str, int]:
    """Kind and number of a layer; Keras counts all layers of a process, so 10 comes after 9."""
    kind, _, number = layer.name.rpartition("_")
    return (kind, int(number)) if number.isdigit() else (layer.name, 0)


def _is_output(layer: Any) -> bool:
    return getattr(layer, "kernel_size", None) == (1, 1)


def _shapes(layer: Any) -> list[tuple[int, ...]]:
    return [tuple(variable.shape) for variable in layer.trainable_variables]


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


def _range(scaling: IntensityNormalization) -> str:
    """The file values that become 0 and 1, as text for the user."""
    if scaling.kind == "image":
        return "each image's own range"
    offset = f" (after adding {scaling.offset:g})" if scaling.offset else ""
    return f"{scaling.low:g} to {scaling.high:g}{offset}"


def _large_images(value: Any) -> str:
    if value not in ("resize", "crop"):
        raise ValueError("no way to treat larger images")
    return str(value)


def _damaged_card(where: str) -> str:
    return f"{where}: the description inside the weights file is damaged; use another file."


def _foreign(path: Path) -> UserError:
    return UserError(
        f"{path.name} is not a weights file of this program or of the 2021 program (or it is "
        "damaged); choose a .weights.h5 or .hdf5 file that one of them wrote."
    )
