"""The DataFrame that `backtest` returns: its columns, targets and models.

A row is one forecast of one model. Columns, from left to right: model, fold, origin, the names of
the series of a panel, target (if there are several), step, time, truth, forecast, the interval and
the quantiles (if a model has them), anything else.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .messages import did_you_mean, listed

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = ("model", "fold", "origin", "step", "time", "truth", "forecast")
# The coverage is the promised one.
INTERVAL_COLUMNS = ("lower", "upper", "coverage")


def quantile_column(level: float) -> str:
    """Return the name of the column of a quantile."""
    return f"q{level:.12g}"  # 0.1 + 0.2 is named 0.3


def quantile_columns(names: Iterable[Any]) -> dict[str, float]:
    """Return the names that are those of quantiles, with their levels, in increasing order."""
    levels = {name: _level_of(name) for name in names}
    known = {name: level for name, level in levels.items() if level is not None}
    return dict(sorted(known.items(), key=lambda item: item[1]))


def _level_of(name: Any) -> float | None:
    """Return the level of the quantile that a column is named after, or None."""
    try:
        level = float(name.removeprefix("q")) if isinstance(name, str) else 0.0
    except ValueError:
        return None
    return level if 0 < level < 1 and name == quantile_column(level) else None


def check_backtest(frame: Any) -> pd.DataFrame:
    """Return the frame if it is a DataFrame with the columns of a backtest and at least one row."""
    import pandas as pd

    if not isinstance(frame, pd.DataFrame):
        raise TypeError(
            f"frame is of type {type(frame).__name__}, but must be the pandas DataFrame that "
            "backtest returns."
        )
    if missing := [column for column in COLUMNS if column not in frame]:
        raise ValueError(
            f"frame has no column {listed(missing)}; it has {listed(frame.columns)}. Pass the "
            "DataFrame that backtest returns, with all of its columns."
        )
    if frame.empty:
        raise ValueError(
            "frame has 0 rows, but must have 1 or more. If you selected rows of a backtest, no row "
            "meets the condition."
        )
    _check_labels(frame)
    _check_types(frame)
    return frame


def _check_labels(frame: pd.DataFrame) -> None:
    for column in ("model", "fold", "origin", "target", "step", "time"):
        if column in frame and (n_missing := frame[column].isna().sum()):
            raise ValueError(
                f"Column {column!r} of frame is missing in {n_missing} of {len(frame)} rows. Leave "
                f"them out by frame.dropna(subset={column!r})."
            )


def _check_types(frame: pd.DataFrame) -> None:
    from pandas.api.types import is_integer_dtype, is_string_dtype

    for column in ("truth", "forecast"):
        _check_numeric(frame, column)
    if not is_integer_dtype(frame["step"]):
        raise TypeError(
            f"Column 'step' of frame has dtype {frame['step'].dtype}, but must be integers: 1 is "
            "the next step. Convert it by frame['step'].astype(int)."
        )
    # The times of a backtest that was saved as CSV are text, which has no distances.
    if is_string_dtype(frame["time"]):
        raise TypeError(
            f"Column 'time' of frame contains text such as {frame['time'].iloc[0]!r}, but must be "
            "dates, periods, lengths of time or numbers. Convert dates by "
            "pd.to_datetime(frame['time'])."
        )


def _check_numeric(frame: pd.DataFrame, column: str) -> None:
    from pandas.api.types import is_numeric_dtype

    if not is_numeric_dtype(frame[column]):
        raise TypeError(
            f"Column {column!r} of frame has dtype {frame[column].dtype}, but must be numeric. "
            f"Convert it by frame[{column!r}].astype(float)."
        )


def numbers_of(frame: pd.DataFrame, column: str) -> NDArray[np.float64]:
    """Return a column as floats. Missing values are NaN."""
    _check_numeric(frame, column)
    return frame[column].to_numpy(float, na_value=np.nan)


def has_intervals(frame: pd.DataFrame) -> bool:
    """Return whether the frame has columns of intervals."""
    return "lower" in frame and "upper" in frame


def series_columns(frame: pd.DataFrame) -> list[Any]:
    """Return the columns that name the series of a panel.

    They are left of step. Columns on the right are quantiles, or what the user has added.
    """
    left = frame.columns[: frame.columns.get_loc("step")]
    return [column for column in left if column not in (*COLUMNS, "target")]


def select_target(frame: pd.DataFrame, target: str | None) -> tuple[pd.DataFrame, str | None]:
    """Return the rows of one target and its name. None is the only target."""
    if "target" not in frame:
        if target is not None:
            raise ValueError(
                f"target is {target!r}, but frame has no column 'target', because the backtest has "
                "one target only. Use target=None."
            )
        return frame, None
    names = frame["target"].unique().tolist()
    if target is None and len(names) == 1:
        return frame, names[0]
    if target is None:
        raise ValueError(
            f"frame has {len(names)} targets, but only one can be drawn: {listed(names)}. Choose "
            f"it by target={names[0]!r}."
        )
    if target not in names:
        raise ValueError(not_in_frame("target", target, names))
    return frame[frame["target"] == target], target


def select_models(frame: pd.DataFrame, model: Any) -> tuple[pd.DataFrame, list[Any]]:
    """Return the rows of the chosen models and their names. None is all models."""
    names = frame["model"].unique().tolist()
    if model is None:
        return frame, names
    is_name = isinstance(model, str) or (isinstance(model, Hashable) and model in names)
    chosen = [model] if is_name else _as_list(model)
    for name in chosen:
        if name not in names:
            raise ValueError(not_in_frame("model", name, names))
    return frame[frame["model"].isin(chosen)], list(dict.fromkeys(chosen))


def spread_models(frame: pd.DataFrame, values: NDArray[np.float64]) -> pd.DataFrame:
    """Return a value of every row, such as its loss, as a table (forecasts, models).

    The index of the table has a level for each column that identifies a forecast.
    """
    import pandas as pd

    target = ["target"] if "target" in frame else []
    keys = ["fold", "origin", *series_columns(frame), *target, "step", "time"]
    _check_same_rows(frame, keys)
    index = pd.MultiIndex.from_frame(frame[["model", *keys]])
    truth = pd.Series(numbers_of(frame, "truth"), index).unstack("model")
    _check_same_truth(truth)
    return pd.Series(values, index).unstack("model")


def _check_same_rows(frame: pd.DataFrame, keys: list[Any]) -> None:
    copies = frame.duplicated(["model", *keys])
    if copies.any():
        raise ValueError(
            f"{copies.sum()} rows of frame are copies: an earlier row of the same model has the "
            f"same {listed(keys)}. Leave them out. Columns that name the series must be left of "
            "'step'."
        )
    n_forecasts = len(frame[keys].drop_duplicates())
    lacking = n_forecasts - frame.groupby("model", observed=True).size()
    if lacking.any():
        raise ValueError(
            f"{lacking.idxmax()!r} lacks {lacking.max()} of the {n_forecasts} forecasts that other "
            f"models have, by {listed(keys)}. Pass all models to one backtest, or leave these rows "
            "out for every model."
        )


def _check_same_truth(truth: pd.DataFrame) -> None:
    # A model may have read the same values in float32.
    same = np.isclose(truth, truth.iloc[:, [0]], rtol=1e-5, atol=0, equal_nan=True)
    if not same.all():
        raise ValueError(
            f"The models have different truths in {(~same.all(axis=1)).sum()} of {len(truth)} "
            "forecasts, but must forecast the same values in the same units. Pass all models to "
            "one backtest."
        )


def _as_list(model: Any) -> list[Any]:
    try:
        chosen = list(model)
    except TypeError:
        chosen = []
    if not chosen:
        raise TypeError(f"model must be a name, a list of names or None; got {model!r}.")
    return chosen


def not_in_frame(what: str, name: Any, names: list[Any]) -> str:
    """Return the message for a model or a target that is not one of `names`."""
    similar = did_you_mean(str(name), map(str, names))
    return f"{what} {name!r} is not in frame, which has {listed(names)}.{similar}"
