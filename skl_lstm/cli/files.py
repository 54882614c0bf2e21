"""Writing files that are always whole, and the saved pipeline."""

import os
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import skops.io
from sklearn.pipeline import Pipeline
from skops.io.exceptions import UntrustedTypesFoundException

from skl_lstm import TRUSTED_TYPES, SequenceWindower

from .errors import CommandError, one_line


class SavedModel(NamedTuple):
    """A saved pipeline, and what it has to be asked with."""

    pipeline: Pipeline
    features: list[str]
    time_column: str | None
    target: str


def check_writable(path: Path) -> None:
    """Refuse a path that could not be written, before the long work and not after it."""
    if path.is_dir():
        raise CommandError(f"cannot write {path}: it is a folder")
    if path.exists() and not path.is_file():
        raise CommandError(f"cannot write {path}: it is no ordinary file")
    needed = [path.parent, path] if path.exists() else [path.parent]
    if not all(os.access(place, os.W_OK) for place in needed):
        raise CommandError(f"cannot write {path}: no such folder, or no permission")


def save_model(model: Pipeline, target: str, path: Path) -> None:
    """Save a fitted pipeline, and with it the name of what it forecasts."""
    model.target_ = target
    write_whole(path, lambda file: skops.io.dump(model, file))


def load_model(path: Path) -> SavedModel:
    """Load a pipeline without running any code that its file brings along."""
    problem = f"cannot load {path}"
    try:
        with path.open("rb") as file, native_log_silenced():
            return describe_model(skops.io.load(file, trusted=TRUSTED_TYPES))
    except OSError as error:
        raise CommandError(f"{problem}: {error.strerror or error}") from error
    except UntrustedTypesFoundException as error:
        raise CommandError(
            f"{problem}: it holds what no model of skl-lstm does, and could run any code. "
            f"{one_line(str(error))}"
        ) from error
    except Exception as error:  # a damaged or forged file fails in any way
        reason = one_line(f"{type(error).__name__}: {error}")
        raise CommandError(f"{problem}: no whole file of --save ({reason})") from error


def describe_model(model: Pipeline) -> SavedModel:
    """Read off a pipeline what it takes and what it forecasts."""
    names = [str(name) for name in model.feature_names_in_]
    windowers = [step for _, step in model.steps if isinstance(step, SequenceWindower)]
    history = windowers[0].history_ if windowers else None
    time = None if history is None else history.index.name
    target = str(getattr(model, "target_", "forecast"))
    return SavedModel(model, names, None if time is None else str(time), target)


def write_whole(path: Path, write: Callable[[BinaryIO], Any]) -> None:
    """Write a file under another name and rename it: what is there is always whole.

    Killed at any moment, it leaves the old file or the new one.
    """
    path = path.resolve()  # a link stays one
    partial = path.with_name(f".{path.name}.{uuid.uuid4().hex}.partial")
    try:
        with partial.open("xb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
    if os.name == "posix":  # that the new name outlives a power cut, too
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


@contextmanager
def native_log_silenced() -> Iterator[None]:
    """Keep what TensorFlow writes while it loads off the terminal.

    TF_CPP_MIN_LOG_LEVEL does not reach it: tensorflow/tensorflow issue 100442.
    """
    stderr = os.dup(2)
    with Path(os.devnull).open("w") as nowhere:
        os.dup2(nowhere.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(stderr, 2)
            os.close(stderr)
