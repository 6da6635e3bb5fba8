"""Studies in the window: the dialog of a new one, and the view of the open one."""
