"""The ``skl-lstm`` command, built on the public API and the packages of the ``cli`` extra."""

from .jobs import main

__all__ = ["main"]
