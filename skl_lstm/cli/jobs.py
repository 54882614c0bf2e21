"""The jobs of the command: tune and report, forecast, and predict."""

import argparse
import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pandas as pd
from rich.console import Console
from sklearn.base import clone
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import RidgeCV
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from skl_lstm import (
    NaiveRegressor,
    SequenceFlattener,
    SequenceWindower,
    TimeSplit,
    backtest,
    forecast,
)

from .arguments import parse_args
from .errors import CommandError, count_and_noun, one_line
from .files import check_writable, load_model, native_log_silenced, save_model, write_atomically
from .report import print_candidates, print_errors, print_verdict, show_progress
from .tables import (
    as_columns,
    choose_target,
    next_values,
    numeric_columns,
    padded_windows_ignored,
    read_features,
    read_table,
    report_holes,
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
        {"forecast": forecast_table, "predict": predict, None: tune}[args.command](args)
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
    report_holes(series)
    y = next_values(series, target, args.horizon)
    X = series.loc[y.index]
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
    with padded_windows_ignored():  # those after the gap between the parts of a fold
        search.fit(X[:n_train], y[:n_train])
    print_candidates(console, search)

    lstm = search.best_estimator_
    models = {
        "LSTM": FrozenEstimator(lstm),
        "persistence": make_pipeline(SequenceWindower(), NaiveRegressor(target)),
        "ridge": make_ridge(lstm),
    }
    held_out = np.arange(len(X) - n_test, len(X))
    with warnings_as_notes():
        forecasts = backtest(models, X, y, cv=[(np.arange(n_train), held_out)])
    print_errors(console, forecasts)
    print_verdict(console, forecasts)

    if args.plot:
        draw_forecast(args.plot, forecasts, target, str(series.index.name or "row"))
        console.print(f"Forecast and truth drawn to {args.plot}")
    if args.save:
        save_model(lstm, target, args.save)
        console.print(f"Fitted pipeline saved to {args.save}")


def forecast_table(args: argparse.Namespace) -> None:
    """Forecast the steps after the last row of a table with a saved pipeline."""
    if args.output:
        check_writable(args.output)
    model = load_model(args.model)
    time_column = args.time_column or model.time_column
    rows = numeric_columns(read_table(args.csv, time_column))
    known = None if args.known is None else numeric_columns(read_table(args.known, time_column))
    target = choose_forecast(model.target, args.target)
    with errors_of_model(how_to_know(args.steps, target)):
        coming = forecast(model.pipeline, rows, target=target, steps=args.steps, known=known)
    write_csv(coming, time_column, args.output)


def choose_forecast(saved: str | None, wanted: str | None) -> str:
    """Return the name of the column that a model forecasts."""
    if saved is None and wanted is None:
        raise CommandError("name the column that the model was trained to forecast with --target")
    if saved is not None and wanted not in (None, saved):
        raise CommandError(f"the model was trained to forecast {saved!r}, not {wanted!r}")
    return str(saved or wanted)


def how_to_know(steps: int | None, target: str) -> str:
    """Describe how the command gets the coming values of other columns, or does not need them."""
    if steps is None:
        return "Use --known FILE."
    return (
        f"Use --known FILE, or train the model with --horizon {steps}, or with --features {target}."
    )


def predict(args: argparse.Namespace) -> None:
    """Forecast from every row of a table with a saved pipeline."""
    if args.output:
        check_writable(args.output)
    model = load_model(args.model)
    time_column = args.time_column or model.time_column
    rows = read_features(read_table(args.csv, time_column), model.features)
    with errors_of_model():
        y_pred = as_columns(model.pipeline.predict(rows))
    name = model.target or "forecast"
    names = [f"{name}+{ahead + 1}" for ahead in range(y_pred.shape[1])]
    write_csv(pd.DataFrame(y_pred, rows.index, names), time_column, args.output)


def write_csv(forecasts: pd.DataFrame, time_column: str | None, output: Path | None) -> None:
    """Write forecasts as CSV to a file, or to standard output."""
    text = forecasts.to_csv(index_label=time_column or "row")
    if output:
        write_atomically(output, lambda file: file.write(text.encode()))
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
        cv=TimeSplit(args.folds, horizon=args.horizon),
        scoring="neg_root_mean_squared_error",
        n_jobs=args.n_jobs,
        error_score="raise",
    )


def make_ridge(lstm: Pipeline) -> Pipeline:
    """Create ridge regression on the same windows as the LSTM, scaled for its penalty."""
    ridge = RidgeCV(alphas=np.logspace(-2, 4, 13))
    return make_pipeline(clone(lstm[:-1]), SequenceFlattener(), StandardScaler(), ridge)


@contextmanager
def errors_of_model(how_to_know: str = "") -> Iterator[None]:
    """Raise the errors of a model as errors of the command, and print its warnings as notes.

    `how_to_know` replaces the advice on known values, which is for Python.
    """
    try:
        with warnings_as_notes():
            yield
    except Exception as error:
        reason, python_advice, _ = one_line(str(error)).partition("Pass known ")
        if python_advice:
            reason = reason.replace("known is None", "there is no file of known values")
            reason += how_to_know
        raise CommandError(f"cannot forecast: {reason}") from error


@contextmanager
def warnings_as_notes() -> Iterator[None]:
    """Print the warnings of a model as notes on standard error, each of them once."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield
    for message in dict.fromkeys(str(w.message) for w in caught if w.category is UserWarning):
        print(f"skl-lstm: note: {one_line(message)}", file=sys.stderr)
