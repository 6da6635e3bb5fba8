"""Values in files to values in [0, 1] and back."""
