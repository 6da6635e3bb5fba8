"""Painting label maps: tools, undo, the files that hold them, and their export."""
