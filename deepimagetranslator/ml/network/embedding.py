"""The embedding of an image: the mean activation of each channel of the deepest block."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from deepimagetranslator.ml.network.unet import FINAL

EMBEDDING = "embedding"
Floats = NDArray[np.float32]


def with_embedding(model: keras.Model) -> keras.Model:
    """A model that shares a U-Net's layers and also has the output "embedding".

    A network of one block is returned as it is: it has no deeper features than its output.
    """
    ups = [layer for layer in model.layers if isinstance(layer, keras.layers.UpSampling2D)]
    if not ups:
        return model
    deepest = min(ups, key=lambda layer: layer.output.shape[1])
    pooled = keras.layers.GlobalAveragePooling2D(dtype="float32", name=EMBEDDING)(deepest.input)
    outputs: Any = model.output
    final = outputs[FINAL] if isinstance(outputs, dict) else outputs
    return keras.Model(model.input, {FINAL: final, EMBEDDING: pooled}, name=model.name)


def outputs_of(model: keras.Model, x: Floats, one_by_one: bool = False) -> tuple[Floats, Floats]:
    """The final output (images, height, width, channels) of a batch, and its embeddings.

    The embeddings (images, channels) have no channels if the model has no such output. The output
    of deep supervision is left out.

    Args:
        model: a U-Net, or what ``with_embedding`` made of it.
        x: (images, height, width, channels).
        one_by_one: images are computed alone, for a network with fused normalization.
    """
    if one_by_one and len(x) > 1:
        finals, embeddings = zip(
            *(outputs_of(model, image[np.newaxis]) for image in x), strict=True
        )
        return np.concatenate(finals), np.concatenate(embeddings)
    y: Any = model.predict_on_batch(x)
    if not isinstance(y, dict):
        return np.asarray(y, np.float32), np.empty((len(x), 0), np.float32)
    final = np.asarray(y[FINAL], np.float32)
    if EMBEDDING not in y:
        return final, np.empty((len(x), 0), np.float32)
    return final, np.asarray(y[EMBEDDING], np.float32)
