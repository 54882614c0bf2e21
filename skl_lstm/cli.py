"""The jobs from a shell: tune an LSTM's look-back on a table, report honestly; predict.

May import the public API only, and what the ``cli`` extra installs.
"""

import argparse
import os
import sys
import uuid
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import numpy as np
import pandas as pd
import skops.io
from matplotlib.figure import Figure
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table
from sklearn.base import BaseEstimator, clone
from sklearn.compose import TransformedTargetRegressor
from sklearn.linear_model import RidgeCV
from sklearn.metrics import mean_absolute_error, root_mean_squared_error
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from skops.io.exceptions import UntrustedTypesFoundException

from skl_lstm import TRUSTED_TYPES, SequenceWindower, __version__, datasets
from skl_lstm.inspection import ForecastDisplay

DEFAULT_TARGET = "temp_max"


class CommandError(Exception):
    """Something the user can mend, said in one line."""


class SavedModel(NamedTuple):
    """A saved pipeline, and what it has to be asked with."""

    pipeline: Pipeline
    features: list[str]
    time_column: str | None
    target: str


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code.

    0: done. 1: the data or a file stands in the way. 2: wrong options. 130: interrupted.
    """
    args = parse_args(argv)
    try:
        args.job(args)
    except CommandError as error:
        print(f"skl-lstm: error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("skl-lstm: interrupted", file=sys.stderr)
        return 130
    return 0


def run(args: argparse.Namespace) -> None:
    """Read, tune, report, draw, save."""
    for path in filter(None, (args.plot, args.save)):
        check_writable(path)
    table = read_table(args.csv, args.time_column)
    target = choose_target(table, args.target, from_csv=args.csv is not None)
    series = select_features(table, target, args.features)
    rows, y = rows_with_future(series, target, args.horizon)
    X = series.iloc[rows]
    n_train, n_test = split_tail(len(X), args)

    console = Console(highlight=False)
    console.print(
        f"{len(series)} rows of {counted(series.shape[1], 'feature')}, forecasting {target!r} "
        f"{counted(args.horizon, 'step')} ahead; tuning on {n_train} rows, "
        f"the last {n_test} held out.",
        soft_wrap=True,
    )
    search = make_search(args)
    show_progress(search)
    X_train, y_train = X[:n_train], y[:n_train]
    search.fit(X_train, y_train)
    print_candidates(console, search)

    def forecast(model: BaseEstimator) -> NDArray[Any]:
        # From the end of the training rows on, so that no window has a hole there.
        return as_columns(model.predict(X[n_train:]))[-n_test:]

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
    """Forecast from every row of a table by a saved pipeline."""
    if args.output:
        check_writable(args.output)
    model = load_model(args.model)
    time_column = args.time_column or model.time_column
    rows = read_features(read_table(args.csv, time_column), model.features)
    y_pred = forecast_rows(model.pipeline, rows)
    names = [f"{model.target}+{ahead + 1}" for ahead in range(y_pred.shape[1])]
    text = pd.DataFrame(y_pred, rows.index, names).to_csv(index_label=time_column or "row")
    if args.output:
        write_whole(args.output, lambda file: file.write(text.encode()))
    else:
        sys.stdout.write(text)


def parse_args(argv: Sequence[str] | None) -> argparse.Namespace:
    """Read the command line; argparse ends the process with code 2 if it is wrong."""
    argv = sys.argv[1:] if argv is None else argv
    if argv[:1] == ["predict"]:
        return predict_parser().parse_args(argv[1:])
    parser = argparse.ArgumentParser(
        prog="skl-lstm",
        description="Tune the look-back and the size of an LSTM on a table of equally spaced "
        "rows, and compare its forecasts on the held-out end with persistence and ridge "
        "regression. Without --csv: four years of daily weather in Seattle.",
        epilog="To forecast by a saved pipeline: skl-lstm predict MODEL CSV",
    )
    parser.set_defaults(job=run)
    add = parser.add_argument
    add("--csv", type=Path, metavar="FILE", help="table to read instead of the embedded one")
    add("--time-column", metavar="NAME", help="column of FILE with the time of the rows")
    add("--target", metavar="NAME", help=f"column to forecast (embedded: {DEFAULT_TARGET})")
    add("--features", nargs="+", metavar="NAME", help="columns to forecast from (all of numbers)")
    add(
        "--timesteps",
        type=count,
        nargs="+",
        default=[7, 14, 28],
        help="look-backs to try (7 14 28)",
    )
    add("--horizon", type=count, default=1, help="steps ahead to forecast (%(default)s)")
    add("--units", type=count, nargs="+", default=[16, 32], help="LSTM sizes to try (16 32)")
    add("--epochs", type=count, default=20, help="passes over the training rows (%(default)s)")
    add("--folds", type=folds, default=3, help="TimeSeriesSplit folds, 2 or more (%(default)s)")
    add(
        "--test-size",
        type=share,
        default=0.2,
        help="share of rows held out at the end (%(default)s)",
    )
    add("--seed", type=seed, default=0, help="random_state of the networks (%(default)s)")
    add(
        "--n-jobs",
        type=processes,
        default=1,
        help="processes for the search; -1: all cores (%(default)s)",
    )
    add(
        "--plot",
        type=Path,
        default="forecast.png",
        metavar="PNG",
        help="where to draw (%(default)s)",
    )
    add("--no-plot", dest="plot", action="store_const", const=None, help="draw nothing")
    add("--save", type=Path, metavar="FILE", help="save the fitted pipeline, for predict")
    add("--version", action="version", version=f"%(prog)s {__version__}")
    args = parser.parse_args(argv)
    if args.time_column and not args.csv:
        parser.error("--time-column goes with --csv")
    return args


def predict_parser() -> argparse.ArgumentParser:
    """Say what ``skl-lstm predict`` takes."""
    parser = argparse.ArgumentParser(
        prog="skl-lstm predict",
        description="Forecast from every row of CSV by the pipeline in MODEL, and print a CSV. No "
        "code in MODEL is run: what is not a pipeline that skl-lstm knows is refused.",
    )
    parser.set_defaults(job=predict)
    add = parser.add_argument
    add("model", type=Path, metavar="MODEL", help="file that --save has written")
    add("csv", type=Path, metavar="CSV", help="table with the columns that MODEL was trained on")
    add("--time-column", metavar="NAME", help="column with the time of the rows (as in training)")
    add("--output", type=Path, metavar="FILE", help="CSV to write (standard output)")
    return parser


def integer_from(low: int, text: str) -> int:
    """Parse an integer from `low` up."""
    try:
        value = int(text)
    except ValueError:
        value = low - 1
    if value < low:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from {low} up")
    return value


count, folds, seed = (partial(integer_from, low) for low in (1, 2, 0))


def processes(text: str) -> int:
    """Parse a number of processes: from 1 up, or negative for all cores but some."""
    return int(text) if text.removeprefix("-").isdigit() and int(text) < 0 else count(text)


def share(text: str) -> float:
    """Parse a number between 0 and 1, both excluded."""
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number between 0 and 1")
    return value


def check_writable(path: Path) -> None:
    """Refuse a path that could not be written, before the long work and not after it."""
    if path.is_dir():
        raise CommandError(f"cannot write {path}: it is a folder")
    if path.exists() and not path.is_file():
        raise CommandError(f"cannot write {path}: it is no ordinary file")
    needed = [path.parent, path] if path.exists() else [path.parent]
    if not all(os.access(place, os.W_OK) for place in needed):
        raise CommandError(f"cannot write {path}: no such folder, or no permission")


def read_table(csv: Path | None, time_column: str | None) -> pd.DataFrame:
    """Read the user's CSV, or the embedded data, in the order of time."""
    if csv is None:
        return datasets.load_seattle_weather()
    try:
        table = pd.read_csv(csv)
    except (OSError, UnicodeError, ValueError) as error:  # pandas' parser errors are ValueErrors
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise CommandError(f"cannot read {csv}: {one_line(reason)}") from error
    return table if time_column is None else order_by_time(table, time_column)


def order_by_time(table: pd.DataFrame, time_column: str) -> pd.DataFrame:
    """Index the table by its time column, oldest first."""
    check_column(table, time_column)
    try:
        times = pd.to_datetime(table[time_column])
    except (ValueError, TypeError) as error:
        reason = str(error).splitlines()[0]
        raise CommandError(f"column {time_column!r} holds no dates: {reason}") from error
    if times.isna().any():
        raise CommandError(f"column {time_column!r} has {times.isna().sum()} missing dates")
    if times.duplicated().any():
        first = times[times.duplicated()].iloc[0]
        raise CommandError(f"column {time_column!r} has {first} more than once")
    return table.drop(columns=time_column).set_index(pd.DatetimeIndex(times)).sort_index()


def choose_target(table: pd.DataFrame, target: str | None, *, from_csv: bool) -> str:
    """Return the column to forecast, which must hold numbers."""
    numeric = list(table.select_dtypes("number").columns)
    if not numeric:
        raise CommandError(f"none of these columns holds numbers: {listed(table.columns)}")
    if target is None and from_csv and len(numeric) != 1:
        raise CommandError(f"which column to forecast? --target one of: {listed(numeric)}")
    if target is None:
        target = numeric[0] if from_csv else DEFAULT_TARGET
    check_numeric(table, target)
    return target


def select_features(
    table: pd.DataFrame, target: str, features: Sequence[str] | None
) -> pd.DataFrame:
    """Return the columns to read as float64, the target among them; none may miss a value."""
    for name in features or []:
        check_numeric(table, name)
    columns = table.select_dtypes("number").columns if features is None else features
    series = table[list(dict.fromkeys([*columns, target]))]
    missing = series.isna().sum()
    if missing[target]:
        first = series.index[series[target].isna()][0]
        raise CommandError(
            f"column {target!r} has {missing[target]} missing values, the first at {first}; "
            "fill or drop them first"
        )
    if len(gaps := missing[missing > 0]):
        raise CommandError(
            f"missing values in {listed(gaps.index)}; fill them first, or choose other --features"
        )
    return as_finite(series)


def as_finite(series: pd.DataFrame) -> pd.DataFrame:
    """Return columns as float64; none may hold an infinite value."""
    if not np.isfinite(series.to_numpy(dtype=float)).all():
        raise CommandError("the table holds infinite values; replace them first")
    return series.astype(float)


def read_features(table: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    """Return the columns that a model was trained on, as float64; none may miss a value."""
    if not len(table):
        raise CommandError("the table has no rows")
    for name in names:
        check_numeric(table, name)
    rows = table[list(names)]
    missing = rows.isna().sum()
    if len(gaps := missing[missing > 0]):
        raise CommandError(f"missing values in {listed(gaps.index)}; fill or drop them first")
    return as_finite(rows)


def rows_with_future(
    series: pd.DataFrame, target: str, horizon: int
) -> tuple[NDArray[np.intp], NDArray[Any]]:
    """Return the rows that are followed by `horizon` more, and those values of the target."""
    # Windows know where the holes are: one that ends `horizon` rows later must be whole.
    windower = SequenceWindower(timesteps=horizon + 1, padding=np.nan)
    windows = windower.fit_transform(series[[target]])[:, :, 0]
    if holes := int(np.isnan(windows[1:, -2]).sum()):
        print(
            f"skl-lstm: note: {holes} steps in {series.index.name!r} are longer than the usual "
            f"{windower.max_gap_}; no window crosses them",
            file=sys.stderr,
        )
    rows = np.flatnonzero(~np.isnan(windows[horizon:]).any(axis=1))
    future = windows[rows + horizon, 1:]
    return rows, future[:, 0] if horizon == 1 else future


def split_tail(rows: int, args: argparse.Namespace) -> tuple[int, int]:
    """Return how many rows to tune on, from the oldest on, and how many to report on.

    Between the two, ``horizon - 1`` rows are left out: their targets reach into the tail,
    and at the time of its first forecast nobody could have known them.
    """
    n_test = int(rows * args.test_size)
    n_train = rows - n_test - (args.horizon - 1)
    # As TimeSeriesSplit cuts them.
    fold = n_train // (args.folds + 1)
    first_train = n_train - args.folds * fold - (args.horizon - 1)
    if min(n_test, fold) < 1 or first_train < max(args.timesteps):
        raise CommandError(
            f"{counted(rows, 'row')} with a future of {counted(args.horizon, 'step')} are too few: "
            f"with {args.folds} folds and a held-out share of {args.test_size} the first "
            f"network would learn from {max(first_train, 0)}, which is not one window of "
            f"{max(args.timesteps)} timesteps; use fewer timesteps or folds"
        )
    return n_train, n_test


def make_search(args: argparse.Namespace) -> GridSearchCV:
    """Put windows and network into one grid search, scored forwards in time."""
    with native_log_silenced():
        from skl_lstm import LSTMRegressor

    lstm = LSTMRegressor(epochs=args.epochs, random_state=args.seed)
    pipeline = Pipeline(
        [
            # As a DataFrame the rows keep their time, and find their past by it.
            ("scale", StandardScaler().set_output(transform="pandas")),
            ("window", SequenceWindower()),
            ("lstm", TransformedTargetRegressor(lstm, transformer=StandardScaler())),
        ]
    )
    grid = {
        "window__timesteps": sorted(set(args.timesteps)),
        "lstm__regressor__units": sorted(set(args.units)),
    }
    return GridSearchCV(
        pipeline,
        grid,
        cv=TimeSeriesSplit(args.folds, gap=args.horizon - 1),
        scoring="neg_root_mean_squared_error",
        n_jobs=args.n_jobs,
        error_score="raise",
    )


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


def show_progress(search: GridSearchCV) -> None:
    """Show a bar on a terminal, and scikit-learn's lines where there is none."""
    try:
        from sklearn.callback import ProgressBar  # from scikit-learn 1.9 on
    except ImportError:
        search.set_params(verbose=2)
        return
    if sys.stdout.isatty():
        search.set_callbacks(ProgressBar(max_propagation_depth=0))
    else:
        search.set_params(verbose=1)


def persistence(X: pd.DataFrame, target: str, horizon: int) -> NDArray[Any]:
    """Forecast that the target stays as it was last seen."""
    return np.repeat(X[[target]].to_numpy(), horizon, axis=1)


def fit_ridge(lstm: Pipeline, X: pd.DataFrame, y: NDArray[Any]) -> BaseEstimator:
    """Fit a linear forecast to the windows that the best LSTM reads."""
    ridge = RidgeCV(alphas=np.logspace(-2, 4, 13))
    return make_pipeline(clone(lstm[:-1]), FunctionTransformer(as_columns), ridge).fit(X, y)


def print_candidates(console: Console, search: GridSearchCV) -> None:
    """Print the cross-validated error of every candidate, and the best of them."""
    table = Table(title=f"Cross-validation, {search.n_splits_} folds forwards in time")
    for heading in ("rank", "timesteps", "units", "RMSE", "± std", "fit, s"):
        table.add_column(heading, justify="right")
    results = search.cv_results_
    for i in np.argsort(results["rank_test_score"], kind="stable"):
        table.add_row(
            str(results["rank_test_score"][i]),
            str(results["param_window__timesteps"][i]),
            str(results["param_lstm__regressor__units"][i]),
            f"{-results['mean_test_score'][i]:.3f}",
            f"{results['std_test_score'][i]:.3f}",
            f"{results['mean_fit_time'][i]:.1f}",
        )
    console.print(table)
    best = search.best_params_
    console.print(
        f"Best: timesteps={best['window__timesteps']}, units={best['lstm__regressor__units']}"
    )


def print_errors(
    console: Console, y_true: NDArray[Any], forecasts: dict[str, NDArray[Any]]
) -> None:
    """Print the errors on the held-out tail, the LSTM beside its baselines."""
    table = Table(title=f"Held-out tail, {len(y_true)} rows")
    table.add_column("forecast")
    table.add_column("RMSE", justify="right")
    table.add_column("MAE", justify="right")
    for name, y_pred in forecasts.items():
        rmse = root_mean_squared_error(y_true, as_columns(y_pred))
        mae = mean_absolute_error(y_true, as_columns(y_pred))
        table.add_row(name, f"{rmse:.3f}", f"{mae:.3f}")
    console.print(table)


def draw_forecast(
    path: Path, truth: pd.Series, rows: NDArray[np.intp], y_pred: NDArray[Any]
) -> None:
    """Draw the truth, and the forecasts made at `rows` one and `horizon` steps ahead, to a PNG."""
    targets = rows[:, np.newaxis] + np.arange(1, y_pred.shape[1] + 1)
    panels = min(2, y_pred.shape[1])
    figure = Figure(figsize=(10, 3.5 * panels), layout="constrained")
    display = ForecastDisplay.from_predictions(
        truth.to_numpy()[targets],
        y_pred,
        times=np.asarray(truth.index)[targets],
        ax=figure.subplots(panels, squeeze=False),
    )
    for axes in display.axes_.flat:
        axes.set(ylabel=truth.name, xlabel=truth.index.name or "row")
    write_whole(path, lambda file: figure.savefig(file, dpi=150, format="png"))


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


def forecast_rows(model: Pipeline, rows: pd.DataFrame) -> NDArray[Any]:
    """Return the forecasts from every row, (n, horizon); note what the model warns of."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            y_pred = as_columns(model.predict(rows))
        except Exception as error:
            raise CommandError(f"cannot forecast: {one_line(str(error))}") from error
    for message in dict.fromkeys(str(w.message) for w in caught if w.category is UserWarning):
        print(f"skl-lstm: note: {one_line(message)}", file=sys.stderr)
    return y_pred


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


def check_column(table: pd.DataFrame, name: str) -> None:
    """Refuse an unknown column by naming those there are."""
    if name not in table.columns:
        raise CommandError(f"no column {name!r}; the columns are: {listed(table.columns)}")


def check_numeric(table: pd.DataFrame, name: str) -> None:
    """Refuse a column that holds no numbers by naming those that do."""
    check_column(table, name)
    numeric = table.select_dtypes("number").columns
    if name not in numeric:
        raise CommandError(f"column {name!r} holds no numbers; those that do: {listed(numeric)}")


def as_columns(y: Any) -> NDArray[Any]:
    """View (n,) and (n, horizon) targets alike, as (n, horizon)."""
    return np.asarray(y).reshape(len(y), -1)


def counted(number: int, noun: str) -> str:
    """Write a number with its noun, in the plural where it takes one."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def one_line(text: str) -> str:
    """Join the lines of a message."""
    return " ".join(text.split())


def listed(names: Any) -> str:
    """Join names for a message."""
    return ", ".join(map(str, names))
