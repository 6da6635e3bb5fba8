"""Reader of DICOM files with one or several frames, in any transfer syntax that pydicom decodes."""

from deepimagetranslator.core.imaging.dicom.image import (
    changed_since_1,
    inspect,
    is_dicom,
    place,
    read,
    slice_order,
)

__all__ = ["changed_since_1", "inspect", "is_dicom", "place", "read", "slice_order"]
