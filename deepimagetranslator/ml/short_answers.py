"""Answers to short requests: weights files described, and networks initialized."""

from __future__ import annotations

import traceback
from pathlib import Path

from deepimagetranslator.core.errors import UserError
from deepimagetranslator.core.messages.events import ModelInitialised, WeightsDescribed
from deepimagetranslator.core.messages.requests import InitialiseModel
from deepimagetranslator.core.system.log_file import print_to_log
from deepimagetranslator.core.system.out_of_memory import is_out_of_memory, out_of_memory


def described(path: Path) -> WeightsDescribed:
    """The answer to ``DescribeWeights``."""
    from deepimagetranslator.ml import weights  # noqa: PLC0415

    try:
        card = weights.read_card(path)
    except Exception as error:
        return WeightsDescribed(str(path), problem=told(error, f"{path} could not be read"))
    scalings = card.input_scaling, card.target_scaling
    return WeightsDescribed(
        str(path),
        card.lines(),
        card.model,
        scalings=scalings,
        palette=card.palette,
        epoch=card.epoch,
        domain_unknown=card.domain.unknown,
    )


def initialised(request: InitialiseModel) -> ModelInitialised:
    """The answer to ``InitialiseModel``; the network is in its file then."""
    from deepimagetranslator.ml import weights  # noqa: PLC0415
    from deepimagetranslator.ml.network.unet import build_unet  # noqa: PLC0415
    from deepimagetranslator.ml.weights_card import WeightsCard  # noqa: PLC0415

    try:
        model = build_unet(request.spec, seed=request.seed)
        weights.save(model, request.path, WeightsCard(request.spec))
    except Exception as error:
        message = told(error, "The network could not be made")
        if is_out_of_memory(error):
            message = "There is not enough memory for this network; make it smaller."
        return ModelInitialised(str(request.path), message)
    return ModelInitialised(str(request.path))


def told(error: Exception, what: str) -> str:
    """The sentence for an error of a short request; it must not end a job that runs meanwhile."""
    if isinstance(error, UserError):
        return str(error)
    print_to_log(traceback.format_exc())
    if is_out_of_memory(error):
        return str(out_of_memory())
    return f"{what} ({type(error).__name__}: {error})."
