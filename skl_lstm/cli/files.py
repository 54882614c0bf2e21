"""Atomic writing of files, and saving and loading of pipelines."""

import os
import uuid
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import pandas as pd
import skops.io
from sklearn.pipeline import Pipeline
from skops.io.exceptions import UntrustedTypesFoundException

from skl_lstm import TRUSTED_TYPES, ConformalRegressor, SequenceWindower

from .errors import CommandError, one_line
from .reading import Reading, from_plain, to_plain


class SavedModel(NamedTuple):
    """A saved pipeline, its input columns, how their file was read, and its target.

    The target is None for a pipeline that the command did not save, and the windower if none is a
    step of the pipeline.
    """

    pipeline: Pipeline | ConformalRegressor
    features: list[str]
    reading: Reading
    target: str | None
    windower: SequenceWindower | None


def check_writable(path: Path) -> None:
    """Raise if a path cannot be written, so that the error comes before the long search."""
    if path.is_dir():
        raise CommandError(f"cannot write {path}: it is a folder")
    if path.exists() and not path.is_file():
        raise CommandError(f"cannot write {path}: it is not a regular file")
    needed = [path.parent, path] if path.exists() else [path.parent]
    if not all(os.access(place, os.W_OK) for place in needed):
        raise CommandError(f"cannot write {path}: no such folder, or no permission")


def keep_last_rows(model: Pipeline | ConformalRegressor, rows: pd.DataFrame) -> None:
    """Let the windower of a model keep the last of the rows, as the past of later ones.

    The rows that it was trained on end before those that were held out, or have no target yet.
    """
    windower: Any = find_windower(model)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the fit in the pipeline has warned already
        windower.fit(rows)


def save_model(
    model: Pipeline | ConformalRegressor, target: str, path: Path, reading: Reading | None = None
) -> None:
    """Save a fitted pipeline together with the name of its target, and how its file was read."""
    model.target_ = target
    if reading is not None:
        model.reading_ = to_plain(reading)
    write_atomically(path, lambda file: skops.io.dump(model, file))


def load_model(path: Path) -> SavedModel:
    """Load a pipeline without running code from its file."""
    problem = f"cannot load {path}"
    try:
        with path.open("rb") as file, native_log_silenced():
            return describe_model(skops.io.load(file, trusted=TRUSTED_TYPES))
    except OSError as error:
        raise CommandError(f"{problem}: {error.strerror or error}") from error
    except UntrustedTypesFoundException as error:
        raise CommandError(
            f"{problem}: it contains types that skl-lstm does not trust, which could run any code. "
            f"{one_line(str(error))}"
        ) from error
    except Exception as error:  # a damaged or manipulated file can raise any exception
        reason = one_line(f"{type(error).__name__}: {error}")
        raise CommandError(
            f"{problem}: it is not a complete file from --save ({reason})"
        ) from error


def describe_model(model: Pipeline | ConformalRegressor) -> SavedModel:
    """Read the names of the input columns and of the target from a model, and how it reads files.

    A model that the command did not save knows the names of the time and of the series only.
    """
    names = [str(name) for name in model.feature_names_in_]
    windower = find_windower(model)
    history = None if windower is None else windower.history_
    *series, time = [None] if history is None else history.index.names
    reading = Reading(
        time_columns=() if time is None else (str(time),),
        series=tuple(str(name) for name in series),
    )
    saved = from_plain(getattr(model, "reading_", to_plain(reading)))
    if (saved.time, saved.series) == (reading.time, reading.series):
        reading = saved
    return SavedModel(model, names, reading, getattr(model, "target_", None), windower)


def find_windower(model: Pipeline | ConformalRegressor) -> SequenceWindower | None:
    """Return the windower of a pipeline, or of the one with intervals around it."""
    pipeline = model.estimator_ if isinstance(model, ConformalRegressor) else model
    steps = (step for _, step in pipeline.steps)
    return next((step for step in steps if isinstance(step, SequenceWindower)), None)


def write_atomically(path: Path, write: Callable[[BinaryIO], Any]) -> None:
    """Write a file under a temporary name, then rename it.

    If the process is killed at any moment, `path` is the complete old file or the complete new
    one.
    """
    path = path.resolve()  # renaming would replace a symbolic link instead of its target
    partial = path.with_name(f".{path.name}.{uuid.uuid4().hex}.partial")
    try:
        with partial.open("xb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
    if os.name == "posix":
        # Without syncing the folder, a power failure could undo the renaming.
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


@contextmanager
def native_log_silenced() -> Iterator[None]:
    """Discard the messages that TensorFlow writes to standard error while it is imported.

    TF_CPP_MIN_LOG_LEVEL does not suppress them: tensorflow/tensorflow issue 100442.
    """
    stderr = os.dup(2)
    with Path(os.devnull).open("w") as null:
        os.dup2(null.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(stderr, 2)
            os.close(stderr)
