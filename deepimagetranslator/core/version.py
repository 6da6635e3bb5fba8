"""The program's version, which weights, projects and DICOM files name."""

__version__ = "2.0.0"
