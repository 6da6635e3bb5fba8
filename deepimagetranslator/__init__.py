"""DeepImageTranslator: image-to-image translation with a U-Net, without writing code."""

__version__ = "2.0.0"
