"""Painting label maps in the main window."""
