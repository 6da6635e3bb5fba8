"""The program tries itself, every part of it, in a temporary folder: for builds and bug reports."""
