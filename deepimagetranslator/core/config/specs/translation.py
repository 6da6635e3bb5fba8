"""The choice of how a network's output is written."""

from __future__ import annotations

from dataclasses import dataclass

from deepimagetranslator.core.config.fields import choice, flag, number, texts


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
