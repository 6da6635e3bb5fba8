"""DeepImageTranslator: image-to-image translation with a U-Net, without writing code."""
