"""TIFF files: a page of many, or a plane of an ImageJ or OME stack."""

from deepimagetranslator.core.imaging.tiff.image import (
    inspect,
    is_first_series,
    is_tiff,
    read,
    stack_axes,
)

__all__ = ["inspect", "is_first_series", "is_tiff", "read", "stack_axes"]
