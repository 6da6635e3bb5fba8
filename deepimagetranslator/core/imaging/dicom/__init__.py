"""Reader of DICOM files with one or several frames, in any transfer syntax that pydicom decodes."""

from deepimagetranslator.core.imaging.dicom.image import inspect, is_dicom, place, read

__all__ = ["inspect", "is_dicom", "place", "read"]
