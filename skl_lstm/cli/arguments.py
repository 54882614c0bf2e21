"""Options of the command line and their parsers."""

import argparse
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from skl_lstm import __version__

DEFAULT_TARGET = "temp_max"
MODEL_HELP = "file that was written with --save"


def parse_args(argv: Sequence[str] | None) -> argparse.Namespace:
    """Parse the command line. Wrong options end the process with exit code 2."""
    parser = argparse.ArgumentParser(
        prog="skl-lstm",
        description="Tune the look-back and the size of an LSTM on a table of equally spaced "
        "rows. Compare the forecasts on the held-out last rows with persistence and ridge "
        "regression. Without --csv, the table is four years of daily weather in Seattle.",
    )
    add_tune_options(parser)
    commands = parser.add_subparsers(
        dest="command", title="commands", metavar="{forecast,predict,export}"
    )
    forecast_parser = commands.add_parser(
        "forecast",
        help="forecast the steps after the last row; takes MODEL and CSV",
        description="Forecast the steps after the last row of CSV with the pipeline in MODEL, and "
        "print their times and forecasts as CSV, with the bounds of their intervals if MODEL was "
        "trained with --coverage. Loading MODEL runs no code: a file with types that skl-lstm does "
        "not trust is refused.",
    )
    add_model_arguments(forecast_parser)
    add_forecast_options(forecast_parser)
    predict_parser = commands.add_parser(
        "predict",
        help="forecast with a saved pipeline; takes MODEL and CSV",
        description="Forecast from every row of CSV with the pipeline in MODEL, and print the "
        "forecasts as CSV, with the bounds of their intervals if MODEL was trained with "
        "--coverage. If CSV is -, the rows are read from standard input, and the forecasts of "
        "each line are printed before the next one is read. Loading MODEL runs no code: a file "
        "with types that skl-lstm does not trust is refused.",
    )
    add_model_arguments(predict_parser)
    export_parser = commands.add_parser(
        "export",
        help="write a saved pipeline as an ONNX file; takes MODEL and ONNX",
        description="Write the pipeline in MODEL as an ONNX file, which runs without Python. Its "
        "input is windows of rows, oldest row first, and its output their forecasts. The intervals "
        "of a MODEL that was trained with --coverage are left out. Loading MODEL runs no code: a "
        "file with types that skl-lstm does not trust is refused.",
    )
    add_export_arguments(export_parser)
    args, unknown = parser.parse_known_args(argv)
    if unknown:
        # parse_args would print the usage of the main command for options of the others, too.
        parsers = {"forecast": forecast_parser, "predict": predict_parser, "export": export_parser}
        used = parsers.get(args.command, parser)
        used.error(f"unrecognized arguments: {' '.join(unknown)}")
    if args.command == "predict" and str(args.csv) == "-" and args.output:
        predict_parser.error("--output requires a file as CSV; the answers to - are printed")
    if args.command is None and args.time_column and not args.csv:
        parser.error("--time-column requires --csv")
    return args


def add_tune_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``skl-lstm`` without a subcommand."""
    add = parser.add_argument
    add("--csv", type=Path, metavar="FILE", help="table to read (embedded weather data)")
    add("--time-column", metavar="NAME", help="column of FILE with the time of each row")
    add("--target", metavar="NAME", help=f"column to forecast (embedded: {DEFAULT_TARGET})")
    add(
        "--features",
        nargs="+",
        metavar="NAME",
        help="columns to forecast from (all numeric columns)",
    )
    add(
        "--timesteps",
        type=parse_count,
        nargs="+",
        default=[7, 14, 28],
        help="look-backs to try (7 14 28)",
    )
    add(
        "--horizon",
        type=parse_count,
        default=1,
        help="number of steps ahead to forecast (%(default)s)",
    )
    add(
        "--units",
        type=parse_count,
        nargs="+",
        default=[16, 32],
        help="sizes of the LSTM to try (16 32)",
    )
    add(
        "--epochs", type=parse_count, default=20, help="passes over the training rows (%(default)s)"
    )
    add(
        "--folds",
        type=parse_folds,
        default=3,
        help="TimeSplit folds, 2 or more (%(default)s)",
    )
    add(
        "--test-size",
        type=parse_share,
        default=0.2,
        help="share of the rows to hold out at the end (%(default)s)",
    )
    add(
        "--coverage",
        type=parse_share,
        metavar="SHARE",
        help="share of the coming values that intervals around the forecasts should hold, such as "
        "0.9 (no intervals)",
    )
    add("--seed", type=parse_seed, default=0, help="random_state of the networks (%(default)s)")
    add(
        "--n-jobs",
        type=parse_n_jobs,
        default=1,
        help="number of processes for the search; -1 uses all cores (%(default)s)",
    )
    add(
        "--plot",
        type=Path,
        default="forecast.png",
        metavar="PNG",
        help="file for the plot of the forecast (%(default)s)",
    )
    add("--no-plot", dest="plot", action="store_const", const=None, help="draw no plot")
    add(
        "--save",
        type=Path,
        metavar="FILE",
        help="file for the fitted pipeline, to use with forecast and predict",
    )
    add("--version", action="version", version=f"%(prog)s {__version__}")


def add_model_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments that ``skl-lstm forecast`` and ``skl-lstm predict`` share."""
    add = parser.add_argument
    add("model", type=Path, metavar="MODEL", help=MODEL_HELP)
    add("csv", type=Path, metavar="CSV", help="table with the columns that MODEL was trained on")
    add(
        "--time-column",
        metavar="NAME",
        help="column with the time of each row (same as in training)",
    )
    add(
        "--coverage",
        type=parse_share,
        metavar="SHARE",
        help="share of the coming values that the intervals should hold, if MODEL was trained with "
        "--coverage (same as in training)",
    )
    add("--output", type=Path, metavar="FILE", help="CSV file to write (standard output)")


def add_export_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``skl-lstm export``."""
    add = parser.add_argument
    add("model", type=Path, metavar="MODEL", help=MODEL_HELP)
    add("onnx", type=Path, metavar="ONNX", help="file to write, such as model.onnx")


def add_forecast_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``skl-lstm forecast``."""
    add = parser.add_argument
    add("--steps", type=parse_count, help="number of steps to forecast (horizon of MODEL)")
    add("--target", metavar="NAME", help="column to forecast (same as in training)")
    add(
        "--known",
        type=Path,
        metavar="FILE",
        help="CSV with the coming values of the other columns, for steps after the horizon",
    )


def parse_integer(low: int, text: str) -> int:
    """Parse an integer of at least `low`."""
    try:
        value = int(text)
    except ValueError:
        value = low - 1
    if value < low:
        raise argparse.ArgumentTypeError(f"{text!r} is not an integer of at least {low}")
    return value


parse_count, parse_folds, parse_seed = (partial(parse_integer, low) for low in (1, 2, 0))


def parse_n_jobs(text: str) -> int:
    """Parse a number of processes; joblib reads -1 as all cores and -2 as all cores but one."""
    return int(text) if text.removeprefix("-").isdigit() and int(text) < 0 else parse_count(text)


def parse_share(text: str) -> float:
    """Parse a number above 0 and below 1."""
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number between 0 and 1")
    return value
