"""Findings about values: no measurements, and others than those of the training inputs."""
