"""The words of the dialog "Values and window"."""

from __future__ import annotations

from deepimagetranslator.core.data.intensity.histogram import Distribution
from deepimagetranslator.core.data.intensity.normalization import IntensityNormalization
from deepimagetranslator.core.errors import Problem
from deepimagetranslator.gui.viewer.shading import number_words

CHOICES = {
    "automatic": "Automatic",
    "type": "Range of the file type",
    "data": "Range of the training images",
    "percentiles": "Percentile range",
    "window": "Window: the limits below",
    "image": "Each image's own range",
}
LONGEST = max(map(len, CHOICES.values()))
NUMBERS: dict[str, tuple[str, str, str]] = {
    "low": ("From", "", "The value that becomes 0. Can be typed with 'Window'."),
    "high": ("to", "", "The value that becomes 1. Can be typed with 'Window'."),
    "centre": ("Centre", "", "The middle of the window, which becomes 0.5."),
    "width": ("width", "", "The difference between the values that become 1 and 0."),
    "percentile": (
        "Clip",
        "%",
        "This share of the training values is clipped at either end, with 'Percentile range'; "
        "inputs and targets share it.",
    ),
    "offset": (
        "Offset",
        "",
        "Added to the values of 8-bit and 16-bit files: -1024 for PNG or TIFF that hold Hounsfield "
        "units + 1024. DICOM and NIfTI files need none.",
    ),
}
"""Label, unit and help of each number, by its name."""
PRESET_HELP = "The usual windows of computed tomography, in Hounsfield units."
_SPACE = "\N{NO-BREAK SPACE}"
NO_IMAGES = "Load training images and targets to see their values here."
NO_IMAGE = "No such image is in view."


def typed(number: float) -> str:
    """A number as a person types it."""
    return repr(round(number, 6)).removesuffix(".0")


def meaning(scaling: IntensityNormalization | None, spread: Distribution | None) -> str:
    """What becomes 0 and 1, and what is lost, in words."""
    if scaling is None:
        return ""
    low, high = number_words(scaling.low), number_words(scaling.high)
    match scaling.kind:
        case "type" if scaling.dtype == "float32":
            return "Values are taken as they are: 0 stays 0 and 1 stays 1."
        case "type":
            return f"0 becomes 0 and {high} becomes 1, whatever the images hold."
        case "image":
            return (
                "In each image the lowest value becomes 0 and the highest 1, so that the same "
                "value means something else in another image."
            )
        case "data":
            return f"{low} becomes 0 and {high} becomes 1; values beyond go on below 0 and above 1."
    words = f"{low} and less become 0, {high} and more become 1."
    if spread is not None:
        below, above = (_per_cent(part) for part in spread.outside(scaling.low, scaling.high))
        words += f" Of the training values {below} lie below and {above} above."
    return words


def remark(
    scaling: IntensityNormalization, dtypes: set[str], spread: Distribution
) -> Problem | None:
    """What is probably a mistake, or None."""
    if scaling.kind == "data":
        inner = spread.quantile(0.005), spread.quantile(0.995)
        if inner[1] - inner[0] > (scaling.high - scaling.low) / 2:
            return None
        message = (
            f"99{_SPACE}% of the values lie between {number_words(inner[0])} and "
            f"{number_words(inner[1])}; 'Percentile range' or a window would give them more room."
        )
        return Problem("range", message, fatal=False)
    if scaling.kind != "window":
        return None
    if scaling.high <= spread.low or scaling.low >= spread.high:
        message = "No value of the training images lies between these limits."
        if dtypes == {"uint16"} and not scaling.offset:
            message += " If the files hold Hounsfield units + 1024, set the offset to -1024."
        return Problem("window", message, fatal=False)
    if "float32" not in dtypes and scaling.low < min(0.0, scaling.offset):
        message = (
            f"The window reaches below {number_words(scaling.offset)}, the least that these files "
            "can hold; if they hold Hounsfield units + 1024, set the offset to -1024."
        )
        return Problem("window", message, fatal=False)
    return None


def _per_cent(part: float) -> str:
    per_cent = part * 100
    if 0 < per_cent < 0.1:
        return f"under 0.1{_SPACE}%"
    return f"{per_cent:.1f}".removesuffix(".0") + _SPACE + "%"
