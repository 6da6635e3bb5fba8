"""The figures of a study's report, at the widths of a journal's columns."""
