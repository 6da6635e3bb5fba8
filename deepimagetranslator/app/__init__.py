"""The state of the window and its connection to the worker; imports neither tkinter nor Keras."""
