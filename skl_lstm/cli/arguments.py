"""The command line: options and how they are read."""

import argparse
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from skl_lstm import __version__

DEFAULT_TARGET = "temp_max"


def parse_args(argv: Sequence[str] | None) -> argparse.Namespace:
    """Read the command line; argparse ends the process with code 2 if it is wrong."""
    parser = argparse.ArgumentParser(
        prog="skl-lstm",
        description="Tune the look-back and the size of an LSTM on a table of equally spaced "
        "rows, and compare its forecasts on the held-out end with persistence and ridge "
        "regression. Without --csv: four years of daily weather in Seattle.",
    )
    add_tune_options(parser)
    commands = parser.add_subparsers(
        dest="command", title="commands", metavar="[predict MODEL CSV]"
    )
    predict_parser = commands.add_parser(
        "predict",
        help="forecast by a saved pipeline: skl-lstm predict MODEL CSV",
        description="Forecast from every row of CSV by the pipeline in MODEL, and print a CSV. No "
        "code in MODEL is run: what is not a pipeline that skl-lstm knows is refused.",
    )
    add_predict_options(predict_parser)
    args, unknown = parser.parse_known_args(argv)
    if unknown:  # by the usage of the command that they were given to
        used = predict_parser if args.command else parser
        used.error(f"unrecognized arguments: {' '.join(unknown)}")
    if args.command is None and args.time_column and not args.csv:
        parser.error("--time-column goes with --csv")
    return args


def add_tune_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of bare ``skl-lstm``."""
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


def add_predict_options(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``skl-lstm predict``."""
    add = parser.add_argument
    add("model", type=Path, metavar="MODEL", help="file that --save has written")
    add("csv", type=Path, metavar="CSV", help="table with the columns that MODEL was trained on")
    add("--time-column", metavar="NAME", help="column with the time of the rows (as in training)")
    add("--output", type=Path, metavar="FILE", help="CSV to write (standard output)")


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
