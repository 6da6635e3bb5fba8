"""Corrections of Keras 3.15 for training on several devices that share each step.

On one device both classes compute the same as Keras' own.
"""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from deepimagetranslator.ml import devices


class SharedModel(keras.Model):
    """A functional model that accepts an empty share of a batch.

    The last batch of an epoch may have fewer images than there are devices, and TensorFlow's
    convolutions fail on empty input. A device without images computes a blank image and discards
    the result: its outputs are empty and its gradients zero.
    """

    _has_state = False

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        if not devices.sharing():
            return super().call(inputs, training=training, mask=mask)
        count = ops.shape(inputs)[0]
        blank = ops.zeros((ops.maximum(1 - count, 0), *inputs.shape[1:]), inputs.dtype)
        outputs = super().call(ops.concatenate([inputs, blank]), training=training, mask=mask)
        return keras.tree.map_structure(lambda output: _first(output, count), outputs)

    def _maybe_symbolic_build(self, iterator: Any = None, data_batch: Any = None) -> None:
        # Keras creates the state of metrics and optimizer while it traces the first step, and must
        # then trace that step again, which takes seconds. For several devices it creates the state
        # before, but from the average of their shares of a batch, which fails if these have unequal
        # sizes, and it takes a batch for this at every validation.
        if self._has_state:
            return
        strategy = self.distribute_strategy
        for _, _, batches in iterator or ():
            shares = next(batches)
            data_batch = keras.tree.map_structure(
                lambda share: strategy.experimental_local_results(share)[0], shares
            )
            break
        with strategy.scope():
            self._symbolic_build(data_batch=data_batch)
        self._has_state = True


class LossScaling(keras.optimizers.LossScaleOptimizer):
    """Dynamic loss scaling, so that small gradients do not underflow to zero in float16.

    After Micikevicius et al., "Mixed precision training", ICLR 2018. A step with a gradient that
    is not finite is skipped and the scale is halved. Keras checks only the first device; an
    overflow on another one would make all weights nan.
    """

    def check_finite(self, grads: list[Any]) -> Any:
        """Whether all gradients of all devices are finite, a boolean tensor ()."""
        bad = ops.logical_not(super().check_finite(grads))
        return ops.equal(devices.total(ops.cast(bad, "float32")), 0)


def _first(output: Any, count: Any) -> Any:
    """The first ``count`` images of an output, with the logits that the cross-entropies use."""
    part = output[:count]
    if hasattr(output, "_keras_logits"):
        part._keras_logits = output._keras_logits[:count]
    return part
