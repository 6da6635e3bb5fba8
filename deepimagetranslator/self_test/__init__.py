"""The self-test: runs all parts of the program in a temporary folder, for builds and reports."""
