"""The networks of a weights file in memory, one for each image size."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path

import keras

from deepimagetranslator.core.config.network_plan import predict_memory_bytes
from deepimagetranslator.core.errors import UserError
from deepimagetranslator.core.system.machine import bytes_in_words
from deepimagetranslator.ml import weights
from deepimagetranslator.ml.memory import require_memory
from deepimagetranslator.ml.network.embedding import with_embedding
from deepimagetranslator.ml.weights_card import WeightsCard

NETWORKS_KEPT = 4


@dataclass(frozen=True)
class _Loaded:
    """A network, and the model that shares its layers and predicts."""

    network: keras.Model
    predictor: keras.Model


class LoadedNetworks:
    """Builds a network for each image size that is asked for, and keeps the last few.

    Args:
        path: the weights file.
        card: its card.
        precision: the precision to compute in, see ``build_unet``.
    """

    def __init__(self, path: Path, card: WeightsCard, precision: str) -> None:
        self._path, self._card, self._precision = path, card, precision
        self._loaded: OrderedDict[tuple[int, int], _Loaded] = OrderedDict()

    def __len__(self) -> int:
        return len(self._loaded)

    def predictor(self, size: tuple[int, int]) -> keras.Model:
        """The model that predicts images of this size (height, width), loaded if needed.

        Raises:
            UserError: see ``weights.load``; or there is not enough memory.
        """
        if size not in self._loaded:
            self._refuse_too_large(size)
            model, _ = weights.load(self._path, self._precision, size=size)
            known = self._card.domain.known
            self._loaded[size] = _Loaded(model, with_embedding(model) if known else model)
            if len(self._loaded) > NETWORKS_KEPT:
                self._loaded.popitem(last=False)
        self._loaded.move_to_end(size)
        return self._loaded[size].predictor

    def read_again(self) -> None:
        """Load the weights once more after training has rewritten the file."""
        for loaded in self._loaded.values():
            weights.load_into(loaded.network, self._path)

    def release(self) -> None:
        """Release the networks; they are loaded again when needed."""
        self._loaded.clear()

    def memory(self, size: tuple[int, int]) -> int:
        """Bytes that the network needs for an image of this size (height, width)."""
        return predict_memory_bytes(weights.with_size(self._card.model, size), 1, self._precision)

    def _refuse_too_large(self, size: tuple[int, int]) -> None:
        """Refuse a network that this computer's memory cannot run for a single image.

        Raises:
            UserError: there is not enough free memory.
        """
        needed = self.memory(size)

        def short(free: int) -> UserError:
            return UserError(
                f"{self._path.name} needs about {bytes_in_words(needed)} of memory for an image of "
                f"{size[1]} x {size[0]} pixels and {bytes_in_words(free)} are free; use weights "
                "for smaller images or with fewer channels, or close other programs."
            )

        require_memory(needed, short)
