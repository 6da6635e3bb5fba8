"""The texts of the dialog "Values and window"."""

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
    "low": ("From", "", "The value that becomes 0. Choose 'Window' to change it."),
    "high": ("to", "", "The value that becomes 1. Choose 'Window' to change it."),
    "centre": ("Centre", "", "The centre (level) of the window, which becomes 0.5."),
    "width": ("width", "", "The width of the window: the value that becomes 1 minus that for 0."),
    "percentile": (
        "Clip",
        "%",
        "The percentage of training values that is clipped at each end, with 'Percentile range'. "
        "It applies to inputs and targets.",
    ),
    "offset": (
        "Offset",
        "",
        "Added to the values of 8-bit and 16-bit files: -1024 for PNG or TIFF files that contain "
        "Hounsfield units + 1024. DICOM and NIfTI files need no offset.",
    ),
}
"""Label, unit and help of each number, by its name."""
PRESET_HELP = "Common windows of computed tomography, in Hounsfield units."
_SPACE = "\N{NO-BREAK SPACE}"
NO_IMAGES = "Load training images and targets to see their values here."
NO_IMAGE = "There is no such image in view."


def typed(number: float) -> str:
    """A number as text for a field."""
    return repr(round(number, 6)).removesuffix(".0")


def meaning(
    normalization: IntensityNormalization | None, spread: Distribution | None, unit: str = ""
) -> str:
    """A sentence that says which values become 0 and 1, and how many are clipped.

    Args:
        normalization: None for no sentence.
        spread: the distribution of the training values; None if unknown.
        unit: what the values are, such as "CT, HU"; empty if unknown.
    """
    if normalization is None:
        return ""
    return (unit and f"Values in {unit}: ") + _meaning(normalization, spread)


def _meaning(normalization: IntensityNormalization, spread: Distribution | None) -> str:
    low, high = number_words(normalization.low), number_words(normalization.high)
    match normalization.kind:
        case "type" if normalization.dtype == "float32":
            return "Values are not changed: 0 stays 0 and 1 stays 1."
        case "type":
            return f"0 becomes 0 and {high} becomes 1, independent of the images."
        case "image":
            return (
                "In each image the lowest value becomes 0 and the highest 1, so the same value can "
                "have another meaning in another image."
            )
        case "data":
            return (
                f"{low} becomes 0 and {high} becomes 1; other values become less than 0 or more "
                "than 1."
            )
    words = f"{low} and less become 0, {high} and more become 1."
    if spread is not None:
        below, above = (
            _per_cent(part) for part in spread.outside(normalization.low, normalization.high)
        )
        words += f" {below} of the training values are below and {above} above this range."
    return words


def remark(
    normalization: IntensityNormalization, dtypes: set[str], spread: Distribution
) -> Problem | None:
    """A warning about a probable mistake; None if there is none."""
    if normalization.kind == "data":
        inner = spread.quantile(0.005), spread.quantile(0.995)
        if inner[1] - inner[0] > (normalization.high - normalization.low) / 2:
            return None
        message = (
            f"99{_SPACE}% of the values are between {number_words(inner[0])} and "
            f"{number_words(inner[1])}; 'Percentile range' or a window would use the range better."
        )
        return Problem("range", message, fatal=False)
    if normalization.kind != "window":
        return None
    if normalization.high <= spread.low or normalization.low >= spread.high:
        message = "No value of the training images is between these limits."
        if dtypes == {"uint16"} and not normalization.offset:
            message += " If the files contain Hounsfield units + 1024, set the offset to -1024."
        return Problem("window", message, fatal=False)
    if "float32" not in dtypes and normalization.low < min(0.0, normalization.offset):
        message = (
            f"The window begins below {number_words(normalization.offset)}, the smallest possible "
            "value in these files; if they hold Hounsfield units + 1024, set the offset to -1024."
        )
        return Problem("window", message, fatal=False)
    return None


def _per_cent(part: float) -> str:
    per_cent = part * 100
    if 0 < per_cent < 0.1:
        return f"under 0.1{_SPACE}%"
    return f"{per_cent:.1f}".removesuffix(".0") + _SPACE + "%"
