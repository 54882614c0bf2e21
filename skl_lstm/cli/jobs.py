"""The two jobs of the command: tune and report, and predict."""

import argparse
import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from rich.console import Console
from sklearn.base import BaseEstimator, clone
from sklearn.linear_model import RidgeCV
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from skl_lstm import SequenceWindower

from .arguments import parse_args
from .errors import CommandError, count_and_noun, one_line
from .files import check_writable, load_model, native_log_silenced, save_model, write_atomically
from .report import print_candidates, print_errors, show_progress
from .tables import (
    as_columns,
    choose_target,
    padded_windows_ignored,
    read_features,
    read_table,
    rows_with_future,
    select_features,
    split_tail,
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code.

    The codes are 0 for success, 1 for a problem with the data or a file, and 130 for an
    interruption. argparse exits with 2 for wrong options.
    """
    args = parse_args(argv)
    try:
        (predict if args.command == "predict" else tune)(args)
    except CommandError as error:
        print(f"skl-lstm: error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("skl-lstm: interrupted", file=sys.stderr)
        return 130
    return 0


def tune(args: argparse.Namespace) -> None:
    """Tune a pipeline on a table and report its errors; draw and save it if requested."""
    for path in filter(None, (args.plot, args.save)):
        check_writable(path)
    if args.plot:  # imported only if needed, and before the search, because it may be missing
        from .plot import draw_forecast
    table = read_table(args.csv, args.time_column)
    target = choose_target(table, args.target, from_csv=args.csv is not None)
    series = select_features(table, target, args.features)
    rows, y = rows_with_future(series, target, args.horizon)
    X = series.iloc[rows]
    n_train, n_test = split_tail(len(X), args)

    console = Console(highlight=False)
    console.print(
        f"{len(series)} rows of {count_and_noun(series.shape[1], 'feature')}, "
        f"forecasting {target!r} {count_and_noun(args.horizon, 'step')} ahead; "
        f"tuning on {n_train} rows, the last {n_test} held out.",
        soft_wrap=True,
    )
    search = make_search(args)
    show_progress(search)
    X_train, y_train = X[:n_train], y[:n_train]
    with padded_windows_ignored():  # those after the gap between the parts of a fold
        search.fit(X_train, y_train)
    print_candidates(console, search)

    def forecast(model: BaseEstimator) -> NDArray[Any]:
        # This includes the rows of the gap, so the windows of the test rows are complete.
        return as_columns(model.predict(X[n_train:]))[-n_test:]

    with warnings_as_notes():
        forecasts = {
            "LSTM": forecast(search.best_estimator_),
            "persistence": persistence(X[-n_test:], target, args.horizon),
            "ridge, same lags": forecast(fit_ridge(search.best_estimator_, X_train, y_train)),
        }
    print_errors(console, as_columns(y[-n_test:]), forecasts)

    if args.plot:
        draw_forecast(args.plot, series[target], rows[-n_test:], forecasts["LSTM"])
        console.print(f"Forecast and truth drawn to {args.plot}")
    if args.save:
        save_model(search.best_estimator_, target, args.save)
        console.print(f"Fitted pipeline saved to {args.save}")


def predict(args: argparse.Namespace) -> None:
    """Forecast from every row of a table with a saved pipeline."""
    if args.output:
        check_writable(args.output)
    model = load_model(args.model)
    time_column = args.time_column or model.time_column
    rows = read_features(read_table(args.csv, time_column), model.features)
    y_pred = forecast_rows(model.pipeline, rows)
    names = [f"{model.target}+{ahead + 1}" for ahead in range(y_pred.shape[1])]
    text = pd.DataFrame(y_pred, rows.index, names).to_csv(index_label=time_column or "row")
    if args.output:
        write_atomically(args.output, lambda file: file.write(text.encode()))
    else:
        sys.stdout.write(text)


def make_search(args: argparse.Namespace) -> GridSearchCV:
    """Create the grid search over windows and network; test rows follow training rows in time."""
    with native_log_silenced():
        from skl_lstm import LSTMRegressor

    lstm = LSTMRegressor(epochs=args.epochs, random_state=args.seed)
    pipeline = Pipeline([("window", SequenceWindower()), ("lstm", lstm)])
    grid = {
        "window__timesteps": sorted(set(args.timesteps)),
        "lstm__units": sorted(set(args.units)),
    }
    return GridSearchCV(
        pipeline,
        grid,
        cv=TimeSeriesSplit(args.folds, gap=args.horizon - 1),
        scoring="neg_root_mean_squared_error",
        n_jobs=args.n_jobs,
        error_score="raise",
    )


def persistence(X: pd.DataFrame, target: str, horizon: int) -> NDArray[Any]:
    """Return the last value of the target as the forecast of every step."""
    return np.repeat(X[[target]].to_numpy(), horizon, axis=1)


def fit_ridge(lstm: Pipeline, X: pd.DataFrame, y: NDArray[Any]) -> BaseEstimator:
    """Fit ridge regression to the same windows as the best LSTM, scaled for its penalty."""
    flatten, ridge = FunctionTransformer(as_columns), RidgeCV(alphas=np.logspace(-2, 4, 13))
    return make_pipeline(clone(lstm[:-1]), flatten, StandardScaler(), ridge).fit(X, y)


def forecast_rows(model: Pipeline, rows: pd.DataFrame) -> NDArray[Any]:
    """Return the forecasts from every row, (n, horizon)."""
    try:
        with warnings_as_notes():
            return as_columns(model.predict(rows))
    except Exception as error:
        raise CommandError(f"cannot forecast: {one_line(str(error))}") from error


@contextmanager
def warnings_as_notes() -> Iterator[None]:
    """Print the warnings of a model as notes on standard error, each of them once."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield
    for message in dict.fromkeys(str(w.message) for w in caught if w.category is UserWarning):
        print(f"skl-lstm: note: {one_line(message)}", file=sys.stderr)
