"""Painting label maps in the window: its state without a window."""
