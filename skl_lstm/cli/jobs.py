"""The jobs of the command: tune and report, forecast, predict, and export."""

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from math import ceil
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from rich.console import Console
from sklearn.base import clone
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import RidgeCV
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from skl_lstm import (
    ConformalRegressor,
    NaiveRegressor,
    SequenceFlattener,
    SequenceWindower,
    TimeSplit,
    backtest,
    forecast,
    to_onnx,
)

from .arguments import STANDARD_INPUT, parse_args, reading_of
from .errors import (
    CommandError,
    comma_separated,
    count_and_noun,
    one_line,
    print_note,
    warnings_as_notes,
)
from .files import (
    SavedModel,
    check_writable,
    keep_last_rows,
    load_model,
    native_log_silenced,
    save_model,
    write_atomically,
)
from .lines import Columns, predict_lines
from .reading import Reading, as_in_training
from .report import (
    print_candidates,
    print_coverage,
    print_errors,
    print_remarks,
    print_size,
    print_verdict,
    show_progress,
)
from .tables import (
    Positions,
    as_columns,
    check_coverage,
    choose_target,
    count_series,
    fill_features,
    find_cut,
    forecast_columns,
    next_values,
    numeric_columns,
    padded_windows_ignored,
    read_features,
    read_table,
    report_holes,
    select_features,
    split_rows,
    targets_are_read,
)

# The beginnings of advice on missing values in Python, and that of the command.
ADVICE_ON_MISSING = dict.fromkeys(
    ("End the table at ", "End every series at ", "Fill them before "),
    "Use --fill previous or --fill drop.",
)
# The share of the training rows whose errors give the widths of the intervals.
CALIBRATION = 0.2


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code.

    The codes are 0 for success, 1 for a problem with the data or a file, and 130 for an
    interruption. argparse exits with 2 for wrong options.
    """
    args = parse_args(argv)
    try:
        if args.command == "predict" and args.csv == STANDARD_INPUT:
            return predict_standard_input(args)
        jobs = {
            "fit": tune,
            "forecast": forecast_table,
            "predict": predict,
            "export": export,
            None: tune,
        }
        jobs[args.command](args)
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
    data, remarks = prepare(args)
    console = Console(highlight=False)
    print_remarks(console, remarks)
    n_train, n_test = len(data.train), len(data.test)
    print_size(console, data.rows, data.target, args.horizon, n_train, n_test)

    X_train, y_train = data.X.iloc[data.train], data.y.iloc[data.train]
    lstm = search_pipeline(args, console, X_train, y_train)
    model = lstm if args.coverage is None else add_intervals(lstm, args, X_train, y_train)
    models = {
        "LSTM": FrozenEstimator(model),
        "persistence": make_pipeline(SequenceWindower(), NaiveRegressor(data.target)),
        "ridge": make_ridge(lstm),
    }
    with warnings_as_notes():
        forecasts = backtest(models, data.X, data.y, cv=[(data.train, data.scored)])
    print_errors(console, forecasts)
    if args.coverage is not None:
        print_coverage(console, forecasts)
    print_verdict(console, forecasts)

    if args.plot:
        time = str(data.rows.index.names[-1] or "row")
        n_series = count_series(data.rows.iloc[data.test])
        draw_forecast(args.plot, forecasts, data.target, time, n_series)
        console.print(f"Forecast and truth drawn to {args.plot}")
    if args.save:
        keep_last_rows(model, data.rows)
        save_model(model, data.target, args.save, data.reading)
        console.print(f"Fitted pipeline saved to {args.save}")


class TuningData(NamedTuple):
    """The rows of a file, X and y, and the positions in X to train on, to test on and to score."""

    rows: pd.DataFrame
    target: str
    X: pd.DataFrame
    y: pd.Series | pd.DataFrame
    train: Positions
    test: Positions
    scored: Positions
    reading: Reading


def prepare(args: argparse.Namespace) -> tuple[TuningData, list[str]]:
    """Read and check the table to tune on. Return it with remarks, to print if all is well."""
    remarks: list[str] = []
    table, reading = read_table(args.csv, reading_of(args), remark=remarks.append)
    target = choose_target(table, args.target, from_csv=args.csv is not None)
    cut = find_cut(table, target, args) if args.fill == "interpolate" else None
    rows = select_features(table, target, args.features, args.fill, remarks.append, cut)
    report_holes(rows)
    y = next_values(rows, target, args.horizon)
    X = rows.loc[y.index]
    train, test = split_rows(X, args)
    is_read = targets_are_read(table, rows, target, args.horizon)
    scored = rows_to_score(is_read, target, train, test, remarks)
    if args.coverage is not None:
        n_rows = ceil(CALIBRATION * len(train))
        measured = f"the last {n_rows} of {len(train)} training rows measure the errors"
        check_coverage(args.coverage, n_rows, measured)
    return TuningData(rows, target, X, y, train, test, scored, reading), remarks


def search_pipeline(
    args: argparse.Namespace, console: Console, X: pd.DataFrame, y: pd.Series | pd.DataFrame
) -> Pipeline:
    """Return the best pipeline of a search, and print the error of every candidate."""
    search = make_search(args)
    show_progress(search)
    with padded_windows_ignored():  # those after the gap between the parts of a fold
        search.fit(X, y)
    print_candidates(console, search)
    return search.best_estimator_


def rows_to_score(
    is_read: NDArray[np.bool_], target: str, train: Positions, test: Positions, remarks: list[str]
) -> Positions:
    """Return the held-out rows whose targets are values of the file, not filled ones."""
    scored = test[is_read[test]]
    if not len(scored):
        raise CommandError(
            f"all held-out rows have filled values of {target!r} as targets; use --fill drop, or a "
            "larger --test-size"
        )
    n_filled = int(np.count_nonzero(~is_read[train]))
    if n_filled or len(scored) < len(test):
        remarks.append(
            f"the targets of {count_and_noun(n_filled, 'row')} to tune on are filled; "
            f"{len(test) - len(scored)} of {len(test)} held-out rows have filled targets, and are "
            "not scored"
        )
    return scored


def forecast_table(args: argparse.Namespace) -> None:
    """Forecast the steps after the last row of a table with a saved pipeline."""
    if args.output:
        check_writable(args.output)
    model = load_model(args.model)
    reading = reading_like(model, args)
    table = read_table(args.csv, reading).rows
    rows = numeric_columns(fill_features(table, model.features, args.fill))
    known = None
    if args.known is not None:
        known = numeric_columns(read_table(args.known, reading, needs_series=False).rows)
    target = choose_forecast(model.target, args.target)
    coverage = choose_coverage(model.pipeline, args.coverage)
    if coverage is not None and args.steps is not None:
        check_horizon(args.steps, model.pipeline)
    with errors_of_model(how_to_know(args.steps, target)):
        coming = forecast(
            model.pipeline, rows, target=target, steps=args.steps, known=known, coverage=coverage
        )
    write_csv(coming, args.output)


def reading_like(model: SavedModel, args: argparse.Namespace) -> Reading:
    """Return how to read a file: by the options, and otherwise as in the training of a model."""
    reading, remark = as_in_training(model.reading, reading_of(args))
    if remark:
        print_note(remark)
    return reading


def choose_coverage(model: Pipeline | ConformalRegressor, wanted: float | None) -> float | None:
    """Return the coverage of the intervals to print, or None for a model without intervals."""
    if isinstance(model, ConformalRegressor):
        return float(model.coverage if wanted is None else wanted)
    if wanted is not None:
        raise CommandError(
            "the model has no intervals; --coverage needs one that was trained with --coverage"
        )
    return None


def check_horizon(steps: int, model: ConformalRegressor) -> None:
    """Raise if the intervals of a model do not reach that many steps ahead."""
    horizon = model.conformity_scores_.shape[1]
    if steps > horizon:
        raise CommandError(
            f"the intervals of the model reach {count_and_noun(horizon, 'step')} ahead; train it "
            f"with --horizon {steps}, or without --coverage"
        )


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
    table = read_table(args.csv, reading_like(model, args)).rows
    rows = read_features(table, model.features, args.fill)
    name, coverage = model.target or "forecast", choose_coverage(model.pipeline, args.coverage)
    with errors_of_model():
        values = as_columns(model.pipeline.predict(rows))
        columns = forecast_columns(name, values.shape[1], coverage is not None)
        if coverage is not None:
            bounds = model.pipeline.predict_interval(rows, coverage)
            parts = [values[..., np.newaxis], bounds.reshape(*values.shape, 2)]
            values = np.concatenate(parts, axis=2).reshape(len(rows), -1)
    write_csv(pd.DataFrame(values, rows.index, columns), args.output)


def predict_standard_input(args: argparse.Namespace) -> int:
    """Forecast from every line of standard input, and return the exit code."""
    model = load_model(args.model)
    coverage = choose_coverage(model.pipeline, args.coverage)
    # The first line has the names, also if files have lines above it, or no header.
    trained = model.reading._replace(header=None, skip_above=None, skip_below=None)
    columns = Columns(model.features, reading_like(model._replace(reading=trained), args))
    return predict_lines(model, columns, coverage)


def export(args: argparse.Namespace) -> None:
    """Write a saved pipeline as an ONNX file."""
    check_writable(args.onnx)
    if args.onnx.resolve() == args.model.resolve():
        raise CommandError(f"cannot write {args.onnx}: it is the model to export")
    model = load_model(args.model)
    pipeline = model.pipeline
    if isinstance(pipeline, ConformalRegressor):
        pipeline = pipeline.estimator_
        print_note(f"the intervals of {args.model} are left out; the file gives the forecasts only")
    try:
        with warnings_as_notes(), native_log_silenced():
            exported = to_onnx(pipeline, args.onnx)
    except OSError as error:
        raise CommandError(f"cannot write {args.onnx}: {error.strerror or error}") from error
    except Exception as error:  # also if a package is missing
        raise CommandError(f"cannot export {args.model}: {one_line(str(error))}") from error
    metadata = {entry.key: entry.value for entry in exported.metadata_props}
    names = json.loads(metadata.get("feature_names", "null")) or model.features
    content = "rows"
    if "timesteps" in metadata:  # a network of one's own can read rows
        content = f"windows of {count_and_noun(int(metadata['timesteps']), 'timestep')}"
    features = comma_separated(names)
    print(f"Exported to {args.onnx}. Its input X has {content} of the features {features}.")


def write_csv(forecasts: pd.DataFrame, output: Path | None) -> None:
    """Write forecasts as CSV to a file, or to standard output."""
    text = forecasts.to_csv(index_label=[name or "row" for name in forecasts.index.names])
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


def add_intervals(
    lstm: Pipeline, args: argparse.Namespace, X: pd.DataFrame, y: pd.Series | pd.DataFrame
) -> ConformalRegressor:
    """Return the pipeline with intervals, trained once more on all training rows."""
    model = ConformalRegressor(
        clone(lstm), coverage=args.coverage, calibration=CALIBRATION, refit=True
    )
    with padded_windows_ignored():
        return model.fit(X, y)


@contextmanager
def errors_of_model(how_to_know: str = "") -> Iterator[None]:
    """Raise the errors of a model as errors of the command, and print its warnings as notes.

    `how_to_know` replaces the advice on known values, which is for Python, as is that on missing
    values.
    """
    try:
        with warnings_as_notes():
            yield
    except Exception as error:
        reason = one_line(str(error)).replace("known is None", "there is no file of known values")
        for python_advice, own_advice in {"Pass known ": how_to_know, **ADVICE_ON_MISSING}.items():
            if python_advice in reason:
                reason = reason.partition(python_advice)[0] + own_advice
        raise CommandError(f"cannot forecast: {reason}") from error
