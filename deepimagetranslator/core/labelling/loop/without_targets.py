"""What an ordinary training says of images without targets."""

from __future__ import annotations

from deepimagetranslator.core.config.specs import DataSpec
from deepimagetranslator.core.data.pair_lists import pairing_of
from deepimagetranslator.core.errors import Remedy, UserError
from deepimagetranslator.core.labelling.loop.states import counts, known_images
from deepimagetranslator.core.labelling.record import DONE
from deepimagetranslator.core.labelling.store import LabelStore

_REMEDY = Remedy(action="train_on_labels")


def require_targets(data: DataSpec, store: LabelStore) -> None:
    """Refuse to train on pairs where images without targets are being labelled.

    Inputs that lost their targets in another way are left to the data check.

    Args:
        data: the project's files.
        store: has the label maps; they need not be open.

    Raises:
        UserError: says how many images are labelled.
    """
    pairing = pairing_of(data, "train")
    alone = bool(data.unlabelled_inputs) and not data.train_inputs
    if not alone and (pairing.pairs or not data.train_inputs) and not pairing.unmatched_inputs:
        return
    store.look()
    if data.train_targets and not store.begun():
        return
    images = known_images(data, store)
    done, without = counts(images)[DONE], len(images) - len(pairing.pairs)
    labelled = f"{done} of the {len(images)} images are labelled"
    if done == 1:
        labelled = f"1 of the {len(images)} images is labelled"
    if not done:
        raise UserError(
            f"{_have(without)} no target, and none of them is labelled yet; label one and mark it "
            "as done, then train on the label maps.",
            remedy=_REMEDY,
        )
    raise UserError(
        f"{_have(without)} no target; {labelled}. Train on these and their label maps instead.",
        remedy=_REMEDY,
    )


def left_unlabelled(data: DataSpec, store: LabelStore) -> str:
    """What a training on pairs leaves out: images with done label maps, as a sentence, or empty."""
    if not data.unlabelled_inputs:
        return ""
    store.look()
    pairs = {pair.input for pair in pairing_of(data, "train").pairs}
    images = [one for one in known_images(data, store) if one.image not in pairs]
    done = counts(images)[DONE]
    if not done:
        return ""
    are = "is" if done == 1 else "are"
    return (
        f"{done} of {len(images)} images to label {are} done; this training on pairs leaves them "
        "out."
    )


def _have(count: int) -> str:
    return "1 image has" if count == 1 else f"{count} images have"
