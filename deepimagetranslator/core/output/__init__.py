"""What a translation writes: under which names, in which form, and the files themselves."""
