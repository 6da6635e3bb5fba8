"""The choice of images, and how they are read."""

from __future__ import annotations

from dataclasses import dataclass

from deepimagetranslator.core.config.fields import choice, flag, number, paths, texts
from deepimagetranslator.core.config.target_changes import NAMES as CHANGES


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
    unlabelled_inputs: tuple[str, ...] = paths(
        "Images to label",
        "Images without targets. They are trained on with the label maps that are painted for "
        "them, once these are done.",
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
