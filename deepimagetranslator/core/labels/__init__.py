"""Label maps: images of a few exact colours, as class numbers and back."""
