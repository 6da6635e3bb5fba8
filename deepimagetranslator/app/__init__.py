"""What is loaded and chosen, and the engine's other end: neither tkinter nor Keras."""
