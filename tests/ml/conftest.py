"""The engine is loaded as the program loads it, before any test imports Keras."""

from deepimagetranslator.ml.devices import load_engine

load_engine()
