"""NIfTI volumes: ``.nii``, ``.nii.gz``, or a ``.hdr`` with its ``.img`` beside it."""

from deepimagetranslator.core.imaging.nifti.volume import (
    inspect,
    is_nifti,
    place,
    read,
    read_at,
    read_geometry,
)

__all__ = ["inspect", "is_nifti", "place", "read", "read_at", "read_geometry"]
