"""Specs: the user's choices as frozen dataclasses, with bounds, units and help texts.

A size of 0 in a ``ModelSpec`` means "not chosen". A project then takes the size of its first
pair; weights of unknown size translate each image at its own size. ``validation`` checks specs,
``presets`` has the initial ones.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from deepimagetranslator.core.config.fields import choice, flag, names, number, paths, texts
from deepimagetranslator.core.config.target_changes import NAMES as CHANGES

LOSSES = (
    "binary_crossentropy",
    "categorical_crossentropy",
    "sparse_categorical_crossentropy",
    "mse",
    "mae",
    "dice",
    "dice_crossentropy",
    "ssim_mae",
)
CATEGORICAL_LOSSES = ("categorical_crossentropy", "sparse_categorical_crossentropy")
VALUE_LOSSES = ("mse", "mae", "ssim_mae")
METRICS = (*LOSSES, "psnr", "ssim", "dice_score", "iou")
OPTIMIZERS = ("muon", "adam", "adamw", "rmsprop", "sgd", "adagrad", "adadelta")
PRECISIONS = ("automatic", "float32", "bfloat16", "float16")
OPERATIONS_2021 = (
    "ripple",
    "scaling",
    "rotation",
    "translation",
    "flip",
    "drop",
    "elastic",
    "blur",
    "noise",
    "brightness",
    "contrast",
)
"""The augmentation operations that the 2021 program has as well."""
OPERATIONS = (*OPERATIONS_2021, "offset", "gain", "gamma", "low_resolution", "stretch")
"""All augmentation operations; the place of one decides which random values it gets."""


@dataclass(frozen=True)
class DataSpec:
    """The image files, their pairing, labels and intensity normalization."""

    train_inputs: tuple[str, ...] = paths("Training images", "The images to learn from.")
    train_targets: tuple[str, ...] = paths(
        "Training targets", "What each training image should become."
    )
    val_inputs: tuple[str, ...] = paths(
        "Validation images",
        "Images that are never trained on; they give the validation loss and metrics.",
    )
    val_targets: tuple[str, ...] = paths(
        "Validation targets", "What each validation image should become."
    )
    persons: tuple[str, ...] = texts(
        "Persons' folders",
        "Folders that each hold the images of one person, who then is wholly in training or wholly "
        "in validation. Empty: persons are recognized by folder and file names.",
    )
    pairing: str = choice(
        "name",
        ("name", "order"),
        "Pair files by",
        "How inputs and targets are paired: by matching file names, or by their order in the "
        "lists.",
    )
    target_kind: str = choice(
        "automatic",
        ("automatic", "labels", "values"),
        "Targets are",
        "Label maps have a few exact colours, which are never interpolated. All other images are "
        "values. Automatic looks at the files.",
    )
    labels: tuple[str, ...] = texts(
        "Label colours",
        "The classes of label maps, each COLOUR, COLOUR>NEW or COLOUR=NAME (0,0,0=background; "
        "255,0,0>200,0,0=fat): a colour in the files, the colour to write, a name. Several colours "
        "of a class are joined by +; 'rest' is every other colour. Empty: found in the targets.",
    )
    snap_labels: bool = flag(
        False,
        "Nearest label colour",
        "Replace each target pixel by the nearest label colour, for targets that smoothing or JPEG "
        "compression has blurred.",
    )
    exclusive_classes: bool = flag(
        False,
        "Exclusive classes",
        "For label colours with at most one channel on, such as red, green, blue and black: each "
        "pixel gets the likeliest class, and black, the background, counts as one. Otherwise a "
        "pixel is black wherever no channel is over 0.5, also between two classes. It is stored "
        "with the weights.",
    )
    target_changes: tuple[str, ...] = texts(
        "Changed targets",
        "Targets that are read with a change, each CHANGE: TARGET or CHANGE+CHANGE: TARGET, as "
        "repairs of the data check write them. The target is a file with all of its images or one "
        f"slice of it; the changes are {', '.join(CHANGES)}. Files stay as they are.",
    )
    input_scaling: str = choice(
        "automatic",
        ("automatic", "type", "data", "percentiles", "window", "image"),
        "Input normalization",
        "Intensity normalization to 0..1: 'type' divides by the largest value of the file type "
        "(255 or 65535), 'data' maps the range of the training images, 'percentiles' their "
        "percentile range, 'window' the limits below, 'image' the range of each image. Automatic: "
        "'type' for 8-bit files, else 'data'.",
    )
    input_low: float = number(
        0.0, -1e9, 1e9, "Input window from", "The value that becomes 0; with 'window'."
    )
    input_high: float = number(
        0.0, -1e9, 1e9, "Input window to", "The value that becomes 1; with 'window'."
    )
    input_offset: float = number(
        0.0,
        -1e9,
        1e9,
        "Input offset",
        "Added to the values of PNG, TIFF and the like: -1024 where they hold Hounsfield units + "
        "1024. DICOM and NIfTI files state their own.",
    )
    target_scaling: str = choice(
        "automatic",
        ("automatic", "type", "data", "percentiles", "window"),
        "Target normalization",
        "As for the inputs; automatic also stretches masks whose two values are not 0 and 255.",
    )
    target_low: float = number(
        0.0, -1e9, 1e9, "Target window from", "The value that becomes 0; with 'window'."
    )
    target_high: float = number(
        0.0, -1e9, 1e9, "Target window to", "The value that becomes 1; with 'window'."
    )
    target_offset: float = number(
        0.0,
        -1e9,
        1e9,
        "Target offset",
        "As for the inputs: added to the values of PNG, TIFF and the like.",
    )
    percentile: float = number(
        0.5,
        0.0,
        20.0,
        "Percentile",
        "The share of values clipped at either end; with 'percentiles'.",
        "per cent",
    )
    large_images: str = choice(
        "resize",
        ("resize", "crop"),
        "Larger images",
        "How to train on images larger than the network's input: resize them, or take random crops "
        "in full resolution.",
    )
    cache_mib: int = number(
        1024,
        0,
        1_000_000,
        "Image cache",
        "Decoded images are kept in memory up to this size, so that each is read only once.",
        "MiB",
    )


@dataclass(frozen=True)
class ModelSpec:
    """The network, a U-Net."""

    depth: int = number(
        5,
        1,
        12,
        "Number of layers/blocks",
        "Resolution levels: a network of depth 5 halves the image four times.",
    )
    base_filters: int = number(
        16,
        1,
        1024,
        "Channels of the first convolution",
        "Doubled at each deeper level. More channels can learn more but need more time and memory.",
    )
    deep_supervision: bool = flag(
        False,
        "Deep supervision",
        "A second output at half resolution is trained too, which can stabilize deep networks. "
        "Needs depth 3 or more.",
    )
    normalization: str = choice(
        "deep",
        ("none", "deep", "group"),
        "Normalization",
        "Group normalization helps with texture. 'deep': in all blocks but the first, which "
        "preserves absolute intensities, as in CT, and costs little time; 'group': in all blocks.",
    )
    input_height: int = number(0, 0, 16384, "Input height", "0: the first image's.", "pixels")
    input_width: int = number(0, 0, 16384, "Input width", "0: the first image's.", "pixels")
    input_channels: int = number(
        0, 0, 64, "Input channels", "1 grey, 3 colour; 0: the first image's."
    )
    target_height: int = number(0, 0, 16384, "Target height", "0: the first target's.", "pixels")
    target_width: int = number(0, 0, 16384, "Target width", "0: the first target's.", "pixels")
    target_channels: int = number(
        0,
        0,
        256,
        "Target channels",
        "1 grey, 3 colour; the number of classes for a categorical loss; 0: the first target's.",
    )
    dropout: float = number(
        0.0,
        0.0,
        0.9,
        "Dropout",
        "The fraction of the values in the deepest block that training sets to zero at random, "
        "against overfitting.",
    )
    upsampling: str = choice(
        "nearest", ("nearest", "bilinear"), "Up-sampling", "How the decoder doubles the resolution."
    )
    initialization: str = choice(
        "data_dependent",
        ("data_dependent", "he_normal", "glorot_uniform"),
        "Initialization",
        "How the weights are initialized. Data-dependent: he_normal, which suits ReLU, then each "
        "layer scaled to unit variance on a few training images (LSUV).",
    )
    final_activation: str = choice(
        "automatic",
        ("automatic", "sigmoid", "softmax", "linear"),
        "Final activation",
        "Automatic chooses softmax for the categorical losses, linear for mse, mae and ssim_mae, "
        "sigmoid otherwise.",
    )
    residual: bool = flag(
        False,
        "Residual output",
        "The network learns the difference from the input to the target and begins by giving back "
        "the input, as suits denoising. For images of values, with equal channels and a linear "
        "final activation.",
    )
    fused_normalization: bool = flag(
        False,
        "Fused normalization",
        "Group normalization in fewer passes over the image: with batch size 1 on a processor both "
        "training steps and translations take about 0.7 of the time. The last bits of results "
        "differ from those without it.",
    )


@dataclass(frozen=True)
class TrainingSpec:
    """Optimizer, loss and everything else about the training."""

    epochs: int = number(100, 1, 100_000, "Epochs", "Passes over all training images.")
    steps_per_epoch: int = number(
        0,
        0,
        1_000_000,
        "Steps per epoch",
        "0: as many as show each training image once. With another number sets of any size are "
        "trained equally long; the images are still shown equally often.",
        "steps",
    )
    batch_size: int = number(1, 1, 4096, "Batch size", "Images per training step.", "images")
    optimizer: str = choice(
        "muon",
        OPTIMIZERS,
        "Optimizer",
        "The rule that updates the weights. Muon needs far fewer steps than the others, each 1.06 "
        "times as long as Adam's; Adam is the classic choice.",
    )
    learning_rate: float = number(
        0.003,
        1e-8,
        10.0,
        "Learning rate",
        "The step size of the updates. 0.003 suits Muon, and Adam and AdamW with normalization and "
        "warm-up (0.001 without). RMSprop needs about 0.001, SGD and Adagrad 0.01 to 0.1, "
        "Adadelta 1.",
    )
    schedule: str = choice(
        "cosine",
        ("constant", "cosine"),
        "Learning-rate schedule",
        "Cosine decays the learning rate smoothly to zero over all epochs.",
    )
    warmup: int = number(
        20,
        0,
        1_000_000,
        "Warm-up",
        "With cosine: the learning rate first rises linearly over this many steps (at most a fifth "
        "of all), which stabilizes a high one.",
        "steps",
    )
    averaging: float = number(
        0.0,
        0.0,
        0.5,
        "Weight averaging",
        "Validate and keep a moving average of the weights, whose mean age is this share of the "
        "steps so far (0.1: mostly the last fifth of them). 0: the weights of the last step.",
        "share of the steps",
    )
    loss: str = choice(
        "dice_crossentropy",
        LOSSES,
        "Loss",
        "The function that training minimizes: cross-entropy or Dice for label maps and masks, "
        "mae, mse or ssim_mae for other images.",
    )
    metrics: tuple[str, ...] = names(
        ("mse", "dice_score"),
        METRICS,
        "Metrics",
        "Computed in each epoch and shown; they do not influence the training. The Dice score of "
        "each class suits label maps.",
    )
    precision: str = choice(
        "automatic",
        PRECISIONS,
        "Precision",
        "Automatic: bfloat16 where the processor has it, float16 on a GPU, else float32. Weights "
        "and the last layer are always float32.",
    )
    seed: int = number(
        1, 0, 2**31 - 1, "Seed", "The same seed gives the same start, order and augmentation."
    )
    keep_best: int = number(
        5,
        0,
        100_000,
        "Checkpoints to keep",
        "How many weights-improvement files to keep besides the best and the last; 0 keeps all.",
    )
    early_stopping: int = number(
        0,
        0,
        100_000,
        "Early stopping",
        "Stop after this many epochs without a lower monitored metric; 0 never does.",
        "epochs",
    )
    judge: str = choice(
        "val_loss",
        ("val_loss", "val_total_loss"),
        "Select best by",
        "The monitored metric, the lower the better: val_loss is the loss of the final output, "
        "val_total_loss includes the output of deep supervision, as in 2021.",
    )
    recognize_unlike: bool = flag(
        False,
        "Recognize unlike images",
        "At the end, find out with changed validation images which images the network suits, so "
        "that a translation marks others, such as noisier ones or those of another scanner. This "
        "takes about a twentieth of the training's time.",
    )


def _tick(side: str, on: bool, words: str) -> Any:
    return flag(on, side, words)


def _input(on: bool) -> Any:
    return _tick("Input images", on, "Apply it to the input images.")


def _target(on: bool) -> Any:
    return _tick("Target images", on, "Apply it to the target images, with the same random values.")


def _validation() -> Any:
    return _tick(
        "Validation inputs",
        False,
        "Apply it to validation inputs too, with values that are fixed for each image. This is for "
        "denoising, where validation inputs must be noisy as well.",
    )


@dataclass(frozen=True)
class AugmentationSpec:
    """The random augmentation operations: the amount of each, and where it applies.

    Amounts are upper bounds of values that are sampled for each pair and epoch: every image is
    changed, most of them by less. Amounts in pixels refer to the network's input, fractions of the
    range to values after normalization, 0 to 1. An operation that is ticked nowhere is not applied.
    """

    ripple: float = number(
        0.7, 0.0, 1.0, "Ripple effect", "Dark and bright rings around the centre.", "probability"
    )
    ripple_input: bool = _input(False)
    ripple_target: bool = _target(False)
    ripple_validation: bool = _validation()
    scaling: float = number(
        30.0,
        0.0,
        4096.0,
        "Scaling (perspective)",
        "Each corner moves by up to this much.",
        "pixels",
    )
    scaling_input: bool = _input(True)
    scaling_target: bool = _target(True)
    scaling_validation: bool = _validation()
    rotation: float = number(
        70.0, 0.0, 180.0, "Rotation", "Rotated by up to this angle either way.", "degrees"
    )
    rotation_input: bool = _input(True)
    rotation_target: bool = _target(True)
    rotation_validation: bool = _validation()
    translation: float = number(
        30.0, 0.0, 4096.0, "Translation", "Shifted by up to this much.", "pixels"
    )
    translation_input: bool = _input(True)
    translation_target: bool = _target(True)
    translation_validation: bool = _validation()
    flip_input: bool = _input(True)
    flip_target: bool = _target(True)
    flip_validation: bool = _validation()
    drop_count: int = number(
        12, 0, 10_000, "Drop (cutout) up to", "Black rectangles at random places.", "rectangles"
    )
    drop: float = number(20.0, 0.0, 4096.0, "of", "The rectangles' largest side.", "pixels")
    drop_input: bool = _input(False)
    drop_target: bool = _target(False)
    drop_validation: bool = _validation()
    elastic: float = number(
        2.0, 0.0, 256.0, "Elastic transform", "A grid's corners move by up to this much.", "pixels"
    )
    elastic_input: bool = _input(False)
    elastic_target: bool = _target(False)
    elastic_validation: bool = _validation()
    blur: float = number(
        3.0, 0.0, 256.0, "Gaussian blur", "Blurred with up to this radius.", "pixels"
    )
    blur_input: bool = _input(False)
    blur_target: bool = _target(False)
    blur_validation: bool = _validation()
    noise: float = number(
        0.1,
        0.0,
        1.0,
        "Gaussian noise",
        "Noise with up to this standard deviation (SD), as a fraction of the full range.",
        "SD as a fraction of the range",
    )
    noise_input: bool = _input(False)
    noise_target: bool = _target(False)
    noise_validation: bool = _validation()
    brightness: float = number(
        1.5, 1.0, 100.0, "Brightness", "Brighter or darker by up to this factor.", "factor"
    )
    brightness_input: bool = _input(False)
    brightness_target: bool = _target(False)
    brightness_validation: bool = _validation()
    contrast: float = number(
        1.5, 1.0, 100.0, "Contrast", "More or less contrast by up to this factor.", "factor"
    )
    contrast_input: bool = _input(False)
    contrast_target: bool = _target(False)
    contrast_validation: bool = _validation()
    offset: float = number(
        0.04,
        0.0,
        1.0,
        "Offset",
        "Brighter or darker by up to this much: 0.04 is 20 HU in a window of 500 HU. Black and "
        "white stay. As between scanners.",
        "fraction of the range",
    )
    offset_input: bool = _input(False)
    offset_target: bool = _target(False)
    offset_validation: bool = _validation()
    gain: float = number(
        1.05,
        1.0,
        10.0,
        "Gain",
        "More or less distance from the middle of the range, by up to this factor. Black and white "
        "stay. As between scanners.",
        "factor",
    )
    gain_input: bool = _input(False)
    gain_target: bool = _target(False)
    gain_validation: bool = _validation()
    gamma: float = number(
        1.1,
        1.0,
        10.0,
        "Gamma",
        "Values to the power of up to this number or its inverse: mid-tones become darker or "
        "brighter.",
        "exponent",
    )
    gamma_input: bool = _input(False)
    gamma_target: bool = _target(False)
    gamma_validation: bool = _validation()
    low_resolution: float = number(
        2.0,
        1.0,
        64.0,
        "Low resolution",
        "Reduced by up to this factor and enlarged again, as if the pixels had been larger.",
        "factor",
    )
    low_resolution_input: bool = _input(False)
    low_resolution_target: bool = _target(False)
    low_resolution_validation: bool = _validation()
    stretch: float = number(
        1.25,
        1.0,
        10.0,
        "Stretch",
        "Height and width each larger or smaller by up to this factor, as in persons of another "
        "build and images of another pixel size.",
        "factor",
    )
    stretch_input: bool = _input(False)
    stretch_target: bool = _target(False)
    stretch_validation: bool = _validation()
    behaviour: str = choice(
        "current",
        ("current", "2021"),
        "Version",
        "'2021' reproduces the operations of the 2021 program exactly, including its errors; "
        "offset, gain, gamma, low resolution and stretch, which it did not have, do nothing.",
    )

    def ticks(self, operation: str) -> tuple[bool, bool, bool]:
        """Whether ``operation`` (of ``OPERATIONS``) applies to input, target, validation input."""
        input_on, target_on, validation_on = (
            bool(getattr(self, f"{operation}_{side}")) for side in ("input", "target", "validation")
        )
        return input_on, target_on, validation_on


@dataclass(frozen=True)
class TranslationSpec:
    """How images are translated with trained weights."""

    batch_size: int = number(1, 1, 4096, "Batch size", "Images translated at once.", "images")
    output: str = choice(
        "automatic",
        ("automatic", "values", "labels", "classes"),
        "Write",
        "What to write: labels are the exact colours of the targets, classes their numbers (0, 1, "
        "2 ...), values the network's own output. Automatic writes labels if the targets were "
        "label maps (classes in DICOM and NIfTI files), else values.",
    )
    file_format: str = choice(
        "automatic",
        ("automatic", "png", "tif", "nifti", "dicom"),
        "Format",
        "Automatic writes a derived DICOM series for DICOM, NIfTI for NIfTI, a TIFF stack for "
        "stacks; for other images PNG for 8 bits and TIFF for more.",
    )
    value_type: str = choice(
        "automatic",
        ("automatic", "8-bit", "16-bit", "float"),
        "Value type",
        "Automatic writes values in the targets' own type and range. 8-bit and 16-bit stretch that "
        "range over the range of the type. Float writes the targets' own values unrounded.",
    )
    large_images: str = choice(
        "automatic",
        ("automatic", "resize", "tiles"),
        "Larger images",
        "How to translate images larger than the network's input: resize them, or use overlapping "
        "tiles in full resolution. Automatic: tiles if the network was trained on crops.",
    )
    mirrors: bool = flag(
        False,
        "Test-time augmentation (flips)",
        "Translate each image and its three flipped copies and average the results. This takes "
        "four times as long and is often slightly more accurate if training used flips.",
    )
    clean_up: tuple[str, ...] = texts(
        "Clean-up",
        "Rules for label maps after the network, each CLASS: RULE, such as red: islands under 20; "
        "holes under 20; all holes; largest only; connected to outside, else green; bordered by "
        "green.",
    )
    overwrite: bool = flag(False, "Overwrite", "Replace translated images that exist already.")
    accept_values: bool = flag(
        False,
        "Accept unlike values",
        "Translate images too whose values are unlike those of the training images, such as "
        "Hounsfield units with 1024 added.",
    )
    confidence: bool = flag(
        False,
        "Confidence maps",
        "Write a map beside each translated image: NAME_confidence, the probability that the class "
        "is right (in PNG 255 is certain), or for values NAME_expected_error, the absolute error "
        "to be expected. It takes four times as long. Calibrate the weights on images with known "
        "targets first.",
    )


@dataclass(frozen=True)
class Specs:
    """All choices of the user, by section."""

    data: DataSpec = DataSpec()
    model: ModelSpec = ModelSpec()
    training: TrainingSpec = TrainingSpec()
    augmentation: AugmentationSpec = AugmentationSpec()
    translation: TranslationSpec = TranslationSpec()


SECTIONS = ("data", "model", "training", "augmentation", "translation")
