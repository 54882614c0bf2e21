"""Data that comes with the package; each set has a data card beside it."""

from ._seattle_weather import load_seattle_weather

__all__ = ["load_seattle_weather"]
