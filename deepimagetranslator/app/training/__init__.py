"""A training as the window shows it: its state, its words, its validation images."""
