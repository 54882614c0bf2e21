"""The ``skl-lstm`` command: it uses the public API only, and what the ``cli`` extra installs."""

from .jobs import main

__all__ = ["main"]
