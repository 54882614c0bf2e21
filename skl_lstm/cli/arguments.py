"""Options of the command line and their parsers."""

import argparse
import codecs
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from skl_lstm import __version__

from .reading import Reading

DEFAULT_TARGET = "temp_max"
FILLS = ("previous", "interpolate", "drop")
STANDARD_INPUT = Path("-")
MODEL_HELP = "file that was written with --save"
SAFE_LOADING = (
    "Loading MODEL runs no code: a file with types that skl-lstm does not trust is refused."
)


def parse_args(argv: Sequence[str] | None) -> argparse.Namespace:
    """Parse the command line. Wrong options end the process with exit code 2."""
    parsers = make_parsers()
    main = parsers[None]
    args, unknown = main.parse_known_args(argv)
    if unknown:
        # parse_args would print the usage of the main command for options of the others, too.
        parsers[args.command].error(f"unrecognized arguments: {' '.join(unknown)}")
    if args.command == "predict" and args.csv == STANDARD_INPUT:
        for needs_file in options_of_files(args):
            parsers["predict"].error(f"{needs_file} requires a file as CSV, but CSV is -")
    if args.command is None and args.csv is None and (option := first_reading_option(args)):
        main.error(f"{option} requires --csv")
    return args


def make_parsers() -> dict[str | None, argparse.ArgumentParser]:
    """Return the parser of every command, and that of all of them for None."""
    main = argparse.ArgumentParser(
        prog="skl-lstm",
        description="Tune the look-back and the size of an LSTM on a table of equally spaced "
        "rows. Compare the forecasts on the held-out last rows with persistence and ridge "
        "regression. Without --csv, the table is four years of daily weather in Seattle.",
    )
    main.add_argument(
        "--csv", type=Path, metavar="FILE", help="table to read (embedded weather data)"
    )
    add_tune_options(main)
    main.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    commands = main.add_subparsers(
        dest="command", title="commands", metavar="{fit,forecast,predict,export}"
    )
    fit = commands.add_parser(
        "fit",
        usage="%(prog)s CSV [options]",  # options of several values would swallow CSV
        help="tune a pipeline on a file; takes CSV",
        description="Tune the look-back and the size of an LSTM on CSV, and compare the forecasts "
        "on the held-out last rows with persistence and ridge regression: the same as skl-lstm "
        "--csv CSV.",
    )
    fit.add_argument("csv", type=Path, metavar="CSV", help="table to read, also a .parquet file")
    add_tune_options(fit)
    forecast = commands.add_parser(
        "forecast",
        usage="%(prog)s MODEL CSV [options]",
        help="forecast the steps after the last row; takes MODEL and CSV",
        description="Forecast the steps after the last row of CSV with the pipeline in MODEL, and "
        "print their times and forecasts as CSV, with the bounds of their intervals if MODEL was "
        f"trained with --coverage. {SAFE_LOADING}",
    )
    add_model_arguments(forecast)
    add_forecast_options(forecast)
    predict = commands.add_parser(
        "predict",
        usage="%(prog)s MODEL CSV [options]",
        help="forecast with a saved pipeline; takes MODEL and CSV",
        description="Forecast from every row of CSV with the pipeline in MODEL, and print the "
        "forecasts as CSV, with the bounds of their intervals if MODEL was trained with "
        "--coverage. If CSV is -, the rows are read from standard input, and the forecasts of "
        f"each line are printed before the next one is read. {SAFE_LOADING}",
    )
    add_model_arguments(predict)
    export = commands.add_parser(
        "export",
        help="write a saved pipeline as an ONNX file; takes MODEL and ONNX",
        description="Write the pipeline in MODEL as an ONNX file, which runs without Python. Its "
        "input has windows of rows, oldest row first, its output their forecasts. The intervals "
        f"of a MODEL that was trained with --coverage are left out. {SAFE_LOADING}",
    )
    add_export_arguments(export)
    return {None: main, "fit": fit, "forecast": forecast, "predict": predict, "export": export}


def first_reading_option(args: argparse.Namespace) -> str | None:
    """Return the first option that says how to read a file, or None."""
    given = {
        "--time-column": args.time_column,
        "--no-time-column": args.time_column == [],
        "--series": args.series,
        "--fill": args.fill,
        "--sep": args.sep,
        "--decimal": args.decimal,
        "--encoding": args.encoding,
        "--header": args.header is True,
        "--no-header": args.header is False,
        "--skip-above": args.skip_above is not None,
        "--skip-below": args.skip_below is not None,
        "--dayfirst": args.dayfirst is True,
        "--no-dayfirst": args.dayfirst is False,
        "--time-format": args.time_format,
    }
    return next((option for option, value in given.items() if value), None)


def options_of_files(args: argparse.Namespace) -> list[str]:
    """Return the options that are given, but cannot be used with lines of standard input."""
    given = {
        "--output": args.output,
        "--fill": args.fill,
        "--no-header": args.header is False,
        "--skip-above": args.skip_above is not None,
        "--skip-below": args.skip_below is not None,
    }
    return [option for option, value in given.items() if value]


def reading_of(args: argparse.Namespace) -> Reading:
    """Return the options on how to read a file."""
    return Reading(
        separator=args.sep,
        decimal=args.decimal,
        encoding=args.encoding,
        header=args.header,
        skip_above=args.skip_above,
        skip_below=args.skip_below,
        time_columns=None if args.time_column is None else tuple(dict.fromkeys(args.time_column)),
        series=tuple(args.series),
        day_first=args.dayfirst,
        time_format=args.time_format,
    )


def add_tune_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``skl-lstm fit``, and of ``skl-lstm`` without a command."""
    add = parser.add_argument
    time = parser.add_mutually_exclusive_group()
    time.add_argument(
        "--time-column",
        nargs="+",
        action="extend",
        metavar="NAME",
        help="column of the file with the time of each row, or columns of its date and time of day "
        "(found in the file)",
    )
    time.add_argument(
        "--no-time-column",
        dest="time_column",
        action="store_const",
        const=[],
        help="read the rows in the order of the file, although a column holds dates",
    )
    add(
        "--series",
        nargs="+",
        default=[],
        metavar="NAME",
        help="columns that name the series of each row (one series)",
    )
    add_reading_options(parser)
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
    add("--seed", type=parse_natural, default=0, help="random_state of the networks (%(default)s)")
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


def add_reading_options(parser: argparse.ArgumentParser, default: str | None = None) -> None:
    """Add the options on how to read a file, for all commands that read one.

    `default` describes the default of the options on the text, which a model remembers.
    """
    add, found = parser.add_argument, default or "found in the file"
    add(
        "--fill",
        choices=FILLS,
        help="what to do with missing values: fill them with the previous value of the series, "
        "interpolate in time, or drop their rows (refuse them)",
    )
    add(
        "--sep",
        type=parse_separator,
        metavar="MARK",
        help=f"separator of the columns, such as ';' or tab ({found})",
    )
    add(
        "--decimal",
        choices=[".", ","],
        metavar="MARK",
        help=f"decimal mark of the numbers, '.' or ',' ({found})",
    )
    add(
        "--encoding",
        type=parse_encoding,
        metavar="NAME",
        help=f"encoding of the file, such as latin-1 ({found})",
    )
    add(
        "--header",
        action=argparse.BooleanOptionalAction,
        default=None,
        help="the first line holds the names of the columns; with --no-header, they are named c0, "
        f"c1, … ({default or 'names are expected'})",
    )
    add(
        "--skip-above",
        type=parse_natural,
        metavar="N",
        help="number of lines above the header to leave out, such as titles "
        f"({default or 'lines that begin with #'})",
    )
    add(
        "--skip-below",
        type=parse_natural,
        metavar="N",
        help=f"number of lines below the header to leave out, such as units ({default or 0})",
    )
    add(
        "--dayfirst",
        action=argparse.BooleanOptionalAction,
        default=None,
        help="dates such as 03/04/2024 have the day first; with --no-dayfirst, the month "
        f"({found})",
    )
    add(
        "--time-format",
        metavar="FORMAT",
        help="form of the times, such as '%%d.%%m.%%y %%H:%%M'; s, ms, us or ns if they count from "
        f"1970 ({found})",
    )


def add_model_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments that ``skl-lstm forecast`` and ``skl-lstm predict`` share."""
    add = parser.add_argument
    add("model", type=Path, metavar="MODEL", help=MODEL_HELP)
    add("csv", type=Path, metavar="CSV", help="table with the columns that MODEL was trained on")
    add(
        "--time-column",
        nargs="+",
        action="extend",
        metavar="NAME",
        help="column with the time of each row, or columns of its parts (same as in training)",
    )
    add(
        "--series",
        nargs="+",
        default=[],
        metavar="NAME",
        help="columns that name the series of each row (same as in training)",
    )
    add_reading_options(parser, "same as in training")
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


def parse_separator(text: str) -> str:
    """Parse a separator: one character, or the name of the tab."""
    mark = "\t" if text in ("tab", "\\t") else text
    if len(mark) != 1 or mark in '"\r\n':
        raise argparse.ArgumentTypeError(f"{text!r} is not a single character or 'tab'")
    return mark


def parse_encoding(text: str) -> str:
    """Parse the name of an encoding of text."""
    try:
        "".encode(text)
        return codecs.lookup(text).name
    except (LookupError, ValueError):
        raise argparse.ArgumentTypeError(f"{text!r} is not an encoding that Python knows") from None


def parse_integer(low: int, text: str) -> int:
    """Parse an integer of at least `low`."""
    try:
        value = int(text)
    except ValueError:
        value = low - 1
    if value < low:
        raise argparse.ArgumentTypeError(f"{text!r} is not an integer of at least {low}")
    return value


parse_count, parse_folds, parse_natural = (partial(parse_integer, low) for low in (1, 2, 0))


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
