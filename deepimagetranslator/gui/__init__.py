"""The window: tkinter only, no Keras and no TensorFlow."""
