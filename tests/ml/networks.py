"""Tiny networks in weights files: with random weights, or with weights set by hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from deepimagetranslator.core.config.specs import ModelSpec
from deepimagetranslator.core.data.domain.domain import Domain, Known
from deepimagetranslator.core.data.domain.reference import KINDS, reference_of
from deepimagetranslator.core.data.domain.sample import Sample, Seen
from deepimagetranslator.core.data.intensity.normalization import IntensityNormalization
from deepimagetranslator.core.data.labels.palette import Palette
from deepimagetranslator.core.imaging.pixels import resize
from deepimagetranslator.core.typing import Array
from deepimagetranslator.ml import weights
from deepimagetranslator.ml.marking import Marker
from deepimagetranslator.ml.network.embedding import outputs_of, with_embedding
from deepimagetranslator.ml.network.unet import build_unet, convolutions
from deepimagetranslator.ml.weights_card import WeightsCard

MODEL = ModelSpec(
    depth=2,
    base_filters=4,
    input_height=16,
    input_width=24,
    input_channels=1,
    target_height=16,
    target_width=24,
    target_channels=1,
    final_activation="sigmoid",
)
COLOURS = Palette(((0, 0, 0), (10, 20, 200), (255, 0, 0)), "uint8")


def write_network(
    folder: Path, name: str, constant: float | None = None, **choices: object
) -> Path:
    """Write a weights file; ``constant`` makes a network that predicts one value everywhere.

    Args:
        folder: where to.
        name: the file's, without its ending.
        constant: from 0 to 1.
        choices: fields of the card (scalings, palette) and of the model.
    """
    path = folder / f"{name}.weights.h5"
    card_fields = {
        "input_scaling",
        "target_scaling",
        "palette",
        "input_statistics",
    } & choices.keys()
    card = {key: choices.pop(key) for key in card_fields}
    spec = replace(MODEL, **choices)  # type: ignore[arg-type]
    model = build_unet(spec, seed=3)
    if constant is not None:
        last = convolutions(model)[-1]
        kernel, bias = last.get_weights()
        last.set_weights([kernel * 0, bias + np.log(constant / (1 - constant))])
    weights.save(model, path, WeightsCard(spec, **card))  # type: ignore[arg-type]
    return path


def write_knowing(folder: Path, images: Sequence[Array]) -> Path:
    """Write weights that know these images, uint8, and allow hardly more noise and brightness."""
    path = write_network(folder, "knowing")
    network, card = weights.load(path)
    limits = dict.fromkeys(KINDS, (-99.0, 99.0))
    limits |= {"noise": (-0.9, 0.9), "brightness": (-0.1, 0.1)}
    nothing = Sample(np.zeros(5), np.zeros(64), np.zeros(8))
    marker = Marker(replace(card, domain=Domain(Known(reference_of([nothing]), limits, 1), "")))
    samples = []
    for image in images:
        size = card.model.input_height, card.model.input_width
        x = card.input_scaling.to_unit(resize(image, *size))[np.newaxis]
        y, embedding = outputs_of(with_embedding(network), x)
        samples.append(marker.sample(Seen(x[0], y[0], embedding[0])))
    known = Known(reference_of([one for one in samples if one is not None]), limits, 3)
    weights.save(network, path, replace(card, domain=Domain(known, "")))
    return path


def write_identity(
    folder: Path,
    scaling: IntensityNormalization,
    size: tuple[int, int] = (16, 24),
    palette: Palette | None = None,
) -> Path:
    """Write the weights of a U-Net that gives back its input, set by hand."""
    height, width = size
    sizes = {"input_height": height, "input_width": width}
    sizes |= {"target_height": height, "target_width": width}
    spec = replace(MODEL, depth=1, final_activation="linear", **sizes)
    model = build_unet(spec, seed=3)
    for layer in convolutions(model):
        kernel, bias = (np.zeros_like(part) for part in layer.get_weights())
        kernel[kernel.shape[0] // 2, kernel.shape[1] // 2, 0, 0] = 1
        layer.set_weights([kernel, bias])
    path = folder / "identity.weights.h5"
    weights.save(model, path, WeightsCard(spec, scaling, scaling, palette=palette))
    return path


def files(folder: Path) -> list[str]:
    """The files below a folder, by their names."""
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())
