"""The window's state of studies: what is asked of a new one, and how far the open one has come."""
