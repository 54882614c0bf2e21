"""Datasets of the package, each with a data card in this folder."""

from ._seattle_weather import load_seattle_weather

__all__ = ["load_seattle_weather"]
