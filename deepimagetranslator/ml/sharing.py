"""What Keras 3.15 leaves undone where several devices share each training step.

One device computes with both classes what it would with Keras' own.
"""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from deepimagetranslator.ml import devices


class SharedModel(keras.Model):
    """A functional model that asks nothing of its layers for no images.

    The last batch of an epoch may hold fewer images than there are devices, and TensorFlow's
    convolutions fail on none. A device without images computes a blank one and forgets it: its
    outputs are empty, its gradients zero.
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
        # Keras makes the state of metrics and optimizer while it traces the first step, and must
        # trace that step once more, which takes seconds. For several devices it makes it before,
        # but of the average of their shares of a batch, which fails if they are unequal, and draws
        # a batch for it at every validation.
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
    """Loss scaling, without which a float16 training's small gradients become zero.

    A step with a gradient that is not finite is skipped, and the scale halved. Keras asks only
    the first device whether all are finite; an overflow on another would make every weight nan.
    """

    def check_finite(self, grads: list[Any]) -> Any:
        """Whether all gradients of all devices are finite, a boolean tensor ()."""
        bad = ops.logical_not(super().check_finite(grads))
        return ops.equal(devices.total(ops.cast(bad, "float32")), 0)


def _first(output: Any, count: Any) -> Any:
    """The first images of an output, with their logits, which the cross-entropies look for."""
    part = output[:count]
    if hasattr(output, "_keras_logits"):
        part._keras_logits = output._keras_logits[:count]
    return part
