"""Statistics of studies, of numbers alone: tests, intervals, fits, distributions."""
