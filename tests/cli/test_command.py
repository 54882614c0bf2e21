"""The command: reports, saved files and error messages."""

import errno
import io
import os
import pickle
import re
import signal
import subprocess
import sys
import textwrap
import zipfile

import numpy as np
import onnx
import pandas as pd
import pytest
import skops.io
from onnx_files import outputs_of
from rich.console import Console
from sklearn.compose import TransformedTargetRegressor
from sklearn.linear_model import Ridge
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from skl_lstm import (
    TRUSTED_TYPES,
    LSTMRegressor,
    SequenceReshaper,
    SequenceWindower,
    TimeSplit,
    __main__,
    cli,
    datasets,
    forecast,
    sliding_windows,
)
from skl_lstm.cli import arguments, errors, files, jobs, report, tables
from skl_lstm.cli.reading import Reading

QUICK = ["--epochs", "1", "--timesteps", "3", "--units", "2", "--folds", "2"]


def write_csv(path, rows=120, **columns):
    time = np.arange(rows)
    table = pd.DataFrame(
        {
            "day": pd.date_range("2020-01-01", periods=rows).strftime("%Y-%m-%d"),
            "load": np.sin(time / 5).round(4),
            "heat": np.cos(time / 5).round(4),
            "note": "fair",
        }
    )
    table.assign(**columns).to_csv(path, index=False)
    return str(path)


def read_rows(path, *time_columns):
    return tables.read_table(path, Reading(time_columns=time_columns)).rows


@pytest.fixture
def csv(tmp_path):
    return write_csv(tmp_path / "table.csv")


def error_of(capsys, *argv):
    """Run a command that must fail, and return its error message of one line."""
    assert cli.main([*argv, "--no-plot"]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("skl-lstm: error: ")
    assert err.count("\n") == 1
    return err


def load(path):
    return skops.io.load(path, trusted=TRUSTED_TYPES)


def is_png(path):
    return path.read_bytes().startswith(b"\x89PNG")


@pytest.fixture(scope="module")
def whole_run(tmp_path_factory):
    """A run of the main job in a new process, with two look-backs and two sizes."""
    folder = tmp_path_factory.mktemp("run")
    options = "--timesteps 2 4 --units 2 3 --epochs 2 --folds 2 --horizon 2 --n-jobs 1"
    command = [sys.executable, "-m", "skl_lstm", *options.split(), "--save", "weather.skops"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
    return folder, done


def test_the_report_names_every_candidate_and_both_baselines(whole_run):
    folder, done = whole_run
    assert done.stderr == ""
    assert "1461 rows of 4 features, forecasting 'temp_max' 2 steps ahead" in done.stdout
    assert "totalling 8 fits" in done.stdout
    cells = [line.split("│")[1:-1] for line in done.stdout.splitlines() if line.startswith("│")]
    rows = [[cell.strip() for cell in row] for row in cells]
    candidates, errors = rows[:4], rows[4:]
    assert [row[0] for row in candidates] == ["1", "2", "3", "4"]
    assert {(row[1], row[2]) for row in candidates} == {
        ("2", "2"), ("2", "3"), ("4", "2"), ("4", "3")
    }  # fmt: skip
    assert f"Best: timesteps={candidates[0][1]}, units={candidates[0][2]}" in done.stdout
    assert [row[0] for row in errors] == ["LSTM", "persistence", "ridge"]
    assert re.search(r"LSTM is (better|no better|worse) than (ridge|persistence) ", done.stdout)
    assert is_png(folder / "forecast.png")


def test_the_reported_errors_are_those_of_the_saved_pipeline(whole_run):
    folder, done = whole_run
    model = load(folder / "weather.skops")
    weather = datasets.load_seattle_weather().drop(columns="weather")
    n_test = int((len(weather) - 2) * 0.2)
    tail = weather[-n_test - 2 :]
    y = np.column_stack([tail["temp_max"].shift(-1), tail["temp_max"].shift(-2)])[:-2]

    def reported(name):
        (line,) = [line for line in done.stdout.splitlines() if line.startswith(f"│ {name} ")]
        return [float(cell) for cell in line.split("│")[2:4]]

    def errors(y_pred):
        difference = y - y_pred
        rmse = np.sqrt((difference**2).mean(axis=0)).mean()
        return [round(rmse, 3), round(np.abs(difference).mean(), 3)]

    # The windows of the reported rows contain the rows before them.
    forecast = model.predict(weather)[-n_test - 2 : -2]
    assert reported("LSTM") == pytest.approx(errors(forecast), abs=1e-3)
    last_value = tail[["temp_max"]].to_numpy()[:-2]
    assert reported("persistence") == pytest.approx(errors(last_value), abs=1e-3)


def test_the_verdict_compares_the_lstm_with_the_better_baseline(capsys):
    truth = np.sin(np.arange(100.0))
    forecasts = pd.concat(
        pd.DataFrame(
            {
                "model": name,
                "fold": 0,
                "origin": np.arange(100),
                "step": 1,
                "time": np.arange(1, 101),
                "truth": truth,
                "forecast": truth + error * np.cos(7 * np.arange(100.0)),
            }
        )
        for name, error in [("LSTM", 0.1), ("persistence", 0.3), ("ridge", 0.2)]
    )
    report.print_verdict(Console(), forecasts)
    assert re.fullmatch(
        r"LSTM is better than ridge by 75\.0 % \(.* to .*\) in mean squared error\.\n",
        capsys.readouterr().out,
    )


def test_the_saved_pipeline_keeps_the_last_rows_of_the_table(whole_run):
    folder, _ = whole_run
    model = load(folder / "weather.skops")
    weather = datasets.load_seattle_weather().drop(columns="weather")
    assert [name for name, _ in model.steps] == ["window", "lstm"]
    past = model["window"].timesteps - 1
    pd.testing.assert_frame_equal(
        model["window"].history_, weather[-past:].astype(float), check_freq=False
    )
    days = pd.date_range(weather.index[-1], periods=6, name="date")[1:]
    following = weather[:5].set_axis(days)
    expected = model.predict(pd.concat([weather, following]))[-5:]
    np.testing.assert_array_equal(model.predict(following), expected)


def test_a_csv_is_sorted_by_its_time_column(tmp_path, csv, monkeypatch):
    shuffled = pd.read_csv(csv).sample(frac=1, random_state=0)
    shuffled.to_csv(tmp_path / "shuffled.csv", index=False)
    read = read_rows(tmp_path / "shuffled.csv", "day")
    assert read.index.is_monotonic_increasing
    assert read.index.name == "day"
    np.testing.assert_array_equal(read["load"], pd.read_csv(csv)["load"])
    np.testing.assert_array_equal(read_rows(tmp_path / "shuffled.csv")["load"], shuffled["load"])


def test_the_command_tunes_on_a_csv(tmp_path, csv, capsys):
    png = tmp_path / "load.png"
    argv = ["--csv", csv, "--time-column", "day", "--target", "load", "--plot", str(png)]
    assert cli.main([*argv, *QUICK]) == 0
    out, err = capsys.readouterr()
    assert "120 rows of 2 features, forecasting 'load' 1 step ahead" in out
    assert err == ""
    assert is_png(png)


def test_the_same_seed_gives_the_same_report(csv, capsys):
    def report():
        assert cli.main(["--csv", csv, "--target", "load", "--no-plot", *QUICK]) == 0
        lines = capsys.readouterr().out.splitlines()
        return [line for line in lines if "LSTM" in line]

    assert report() == report()


def test_holes_in_time_are_reported_and_no_window_crosses_them(tmp_path, capsys):
    path = write_csv(tmp_path / "holes.csv")
    pd.read_csv(path).drop(index=[1, 50, 51]).to_csv(path, index=False)
    tables.report_holes(read_rows(path, "day")[["load", "heat"]])
    assert capsys.readouterr().err == (
        "skl-lstm: note: 2 holes in 'day', where a step is at least 1.5 times the usual "
        "1 days 00:00:00; "
        "no window crosses a hole\n"
    )
    assert cli.main(["--csv", path, "--time-column", "day", "--target", "load", *QUICK,
                     "--plot", str(tmp_path / "holes.png")]) == 0  # fmt: skip
    assert "tuning on 92 rows, the last 22 held out" in capsys.readouterr().out
    assert is_png(tmp_path / "holes.png")


def test_the_usual_step_of_months_is_reported_in_months(capsys):
    months = pd.date_range("2020-01-01", periods=24, freq="MS", name="month").delete(9)
    tables.report_holes(pd.DataFrame({"load": np.arange(23.0)}, months))
    assert capsys.readouterr().err == (
        "skl-lstm: note: 1 hole in 'month', where a step is at least 1.5 times the usual 1 month; "
        "no window crosses a hole\n"
    )


def test_padded_windows_after_the_gap_of_a_fold_are_not_reported(tmp_path, capsys):
    argv = ["--csv", write_csv(tmp_path / "table.csv"), "--time-column", "day", "--target", "load"]
    options = ["--timesteps", "14", "--horizon", "8", "--no-plot"]
    assert cli.main([*argv, *QUICK, *options]) == 0
    assert capsys.readouterr().err == ""


def test_padded_windows_of_the_held_out_rows_are_reported_once(tmp_path, capsys):
    path = write_csv(tmp_path / "holes.csv")
    pd.read_csv(path).drop(index=range(90, 120, 3)).to_csv(path, index=False)
    argv = ["--csv", path, "--time-column", "day", "--target", "load", "--no-plot", *QUICK]
    assert cli.main([*argv, "--test-size", "0.09"]) == 0
    notes = capsys.readouterr().err.splitlines()
    assert [note.startswith("skl-lstm: note: ") for note in notes] == [True, True]
    assert "7 of 8 windows are padded because they begin at a hole in time" in notes[1]


def test_without_a_time_column_the_rows_keep_the_order_of_the_file(csv, capsys):
    table = read_rows(csv)[["load"]]
    tables.report_holes(table)
    y = tables.next_values(table, "load", 1)
    np.testing.assert_array_equal(y.index, np.arange(119))
    np.testing.assert_array_equal(y, table["load"][1:])
    assert capsys.readouterr().err == ""


def test_ridge_is_fitted_to_the_windows_of_the_lstm(csv):
    X = read_rows(csv, "day")[["load", "heat"]]
    y = X["load"].to_numpy()[:100]
    ridge = jobs.make_ridge(make_pipeline(SequenceWindower(3), "passthrough")).fit(X[:100], y)
    lags = np.column_stack([X.shift(2), X.shift(1), X])
    # The first windows are padded with the first row.
    lags[:2, :2], lags[0, 2:4] = X.iloc[0], X.iloc[0]
    seen = lags[:100]
    expected = ridge[-1].predict((lags[100:] - seen.mean(axis=0)) / seen.std(axis=0))
    np.testing.assert_allclose(ridge.predict(X[100:]), expected)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--target", "lod"], "no column 'lod'; the columns are: load, heat, note"),
        (["--target", "note"], "column 'note' is not numeric; the numeric columns are: load, heat"),
        ([], "choose the column to forecast with --target, one of: load, heat"),
        (
            ["--time-column", "when"],
            "no column 'when'; the columns are: day, load, heat, note; name it with --time-column",
        ),
        (["--series", "site"], "are: day, load, heat, note; name it with --series"),
        (["--time-column", "note", "--target", "load"], "column 'note' does not contain dates"),
        (["--target", "load", "--features", "hat"], "no column 'hat'; the columns are: load"),
        (["--target", "load", "--features", "note"], "column 'note' is not numeric; the numeric"),
    ],
)
def test_a_wrong_column_raises_an_error_that_lists_the_valid_ones(csv, capsys, options, message):
    assert message in error_of(capsys, "--csv", csv, *options)


def test_the_target_is_always_among_the_features(csv):
    table = read_rows(csv).assign(gaps=np.nan)
    assert list(tables.select_features(table, "load", ["heat"])) == ["heat", "load"]
    assert list(tables.select_features(table, "load", ["load", "heat"])) == ["load", "heat"]
    assert list(tables.select_features(table.drop(columns="gaps"), "load", None)) == [
        "load",
        "heat",
    ]


def test_missing_values_in_unused_columns_are_ignored(shared_data, capsys):
    path = str(shared_data / "beijing_pm25.csv.gz")
    options = ["--csv", path, "--target", "TEMP", "--features", "PRES", "--test-size", "0.1"]
    assert cli.main([*options, *QUICK, "--no-plot"]) == 0
    assert "43824 rows of 2 features, forecasting 'TEMP' 1 step ahead" in capsys.readouterr().out
    assert "missing values in pm2.5" in error_of(capsys, "--csv", path, "--target", "TEMP")


def test_the_only_numeric_column_is_the_target(tmp_path):
    table = pd.DataFrame({"load": [1.0, 2.0], "note": "fair"})
    assert tables.choose_target(table, None, from_csv=True) == "load"


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        (
            {"load": [np.nan, 1.0, 2.0]},
            "missing values in load (1), the first at 2020-01-01 00:00:00; use --fill previous",
        ),
        ({"heat": [np.nan, 1.0, 2.0]}, "missing values in heat (1), the first at 2020-01-01"),
        ({"heat": [np.inf, 1.0, 2.0]}, "the table contains infinite values"),
        ({"load": list("abc"), "heat": list("abc")}, "no column is numeric; the columns are: load"),
    ],
)
def test_missing_infinite_and_text_values_are_refused(tmp_path, capsys, columns, message):
    path = write_csv(tmp_path / "bad.csv", rows=3, **columns)
    assert message in error_of(capsys, "--csv", path, "--target", "load")


@pytest.mark.parametrize(
    ("days", "message"),
    [
        (["2020-01-01", None, "2020-01-03"], "column 'day' has 1 missing dates"),
        (["2020-01-01", "2020-01-02", "2020-01-02"], "contains 2020-01-02 00:00:00 more than once"),
    ],
)
def test_missing_and_repeated_dates_are_refused(tmp_path, capsys, days, message):
    path = write_csv(tmp_path / "bad.csv", rows=3, day=days)
    assert message in error_of(capsys, "--csv", path, "--target", "load", "--time-column", "day")


@pytest.mark.parametrize(
    "options", [["--timesteps", "200"], ["--folds", "99"], ["--horizon", "30"]]
)
def test_too_few_rows_are_refused_with_their_number(csv, capsys, options):
    message = error_of(capsys, "--csv", csv, "--target", "load", *options)
    assert re.search("(119|90) rows with a future of (1 step|30 steps) are too few: ", message)
    assert message.endswith("use fewer timesteps or folds\n")


@pytest.mark.parametrize("rows", range(2, 40))
def test_any_number_of_rows_is_either_split_or_refused(rows):
    args = arguments.parse_args(["--timesteps", "3", "--folds", "3", "--horizon", "2"])
    table = pd.DataFrame({"load": np.arange(float(rows))})
    try:
        y = tables.next_values(table, "load", 2)
        n_train, n_test = tables.split_tail(len(y), args)
    except errors.CommandError:
        assert rows < 20
        return
    # The last target of the training rows is known at the time of the first test row.
    assert y.iloc[n_train - 1].iloc[-1] == table["load"][y.index[-n_test]]
    folds = list(TimeSplit(3, horizon=2).split(table[:n_train]))
    assert all(len(head) >= 3 and len(tail) for head, tail in folds)


def test_unreadable_files_are_refused(tmp_path, capsys):
    assert "No such file or directory" in error_of(capsys, "--csv", str(tmp_path / "none.csv"))
    assert "Is a directory" in error_of(capsys, "--csv", str(tmp_path))
    (tmp_path / "empty.csv").write_text("")
    assert "the file is empty" in error_of(capsys, "--csv", str(tmp_path / "empty.csv"))
    (tmp_path / "binary.csv").write_bytes(b"\x89PNG\r\n\x1a\n\x00\x00\x00\r")
    assert "cannot read" in error_of(capsys, "--csv", str(tmp_path / "binary.csv"))
    (tmp_path / "torn.csv").write_text('a,b\n1,2\n"3,4\n')
    assert "cannot read" in error_of(capsys, "--csv", str(tmp_path / "torn.csv"))


@pytest.mark.parametrize("option", ["--plot", "--save"])
def test_paths_that_cannot_be_written_are_refused_before_the_search(tmp_path, capsys, option):
    for path, reason in [(tmp_path / "no" / "x", "no such folder"), (tmp_path, "it is a folder")]:
        assert cli.main([option, str(path)]) == 1
        assert reason in capsys.readouterr().err


def test_a_device_is_not_replaced_by_a_file(capsys):
    assert cli.main(["--save", os.devnull]) == 1
    assert f"cannot write {os.devnull}: it is not a regular file" in capsys.readouterr().err


# Saved pipelines.


@pytest.fixture(scope="module")
def forecaster(tmp_path_factory):
    """A folder with a pipeline that forecasts `load` two days ahead, and its training table."""
    folder = tmp_path_factory.mktemp("forecaster")
    write_csv(folder / "table.csv")
    argv = ["--csv", str(folder / "table.csv"), "--time-column", "day", "--target", "load", *QUICK]
    saved = str(folder / "load.skops")
    assert cli.main([*argv, "--horizon", "2", "--no-plot", "--save", saved]) == 0
    return folder


def output_of_predict(capsys, *argv):
    """Run `predict`, and return its standard output and standard error."""
    assert cli.main(["predict", *map(str, argv)]) == 0
    out, err = capsys.readouterr()
    return out, err


def error_of_predict(capsys, *argv):
    """Run a `predict` that must fail, and return its error message of one line."""
    assert cli.main(["predict", *map(str, argv)]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("skl-lstm: error: ")
    assert err.count("\n") == 1
    return err


def read_forecasts(text):
    # The default float parser of pandas below 3 loses digits. Python's float keeps them all.
    table = pd.read_csv(io.StringIO(text), index_col="day", dtype=str).map(float)
    return table.set_index(pd.to_datetime(table.index))


def test_predict_gives_the_forecasts_of_the_pipeline(forecaster, capsys):
    out, err = output_of_predict(capsys, forecaster / "load.skops", forecaster / "table.csv")
    assert err == ""
    forecasts = read_forecasts(out)
    assert list(forecasts) == ["load+1", "load+2"]
    rows = read_rows(forecaster / "table.csv", "day")[["load", "heat"]]
    expected = load(forecaster / "load.skops").predict(rows)
    np.testing.assert_array_equal(forecasts, expected)
    np.testing.assert_array_equal(forecasts.index, rows.index)


def test_predict_loads_neither_keras_nor_matplotlib(forecaster):
    code = (
        "import sys; from skl_lstm.__main__ import main; "
        "sys.argv = 'skl-lstm predict load.skops table.csv --output out.csv'.split(); main(); "
        "print(*({'keras', 'tensorflow', 'scikeras', 'matplotlib'} & sys.modules.keys()))"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=forecaster, capture_output=True, text=True, check=True)
    assert done.stdout == "\n"


def test_predict_in_a_new_process_finds_the_past_of_new_rows(forecaster, capsys):
    model = load(forecaster / "load.skops")
    table = pd.read_csv(forecaster / "table.csv")
    last = model["window"].history_.index[-1]
    assert last == pd.to_datetime(table["day"]).max()
    days = pd.date_range(last, periods=6)[1:].strftime("%Y-%m-%d")
    after = table[:5].assign(day=days)
    after[["heat", "day", "load"]].iloc[::-1].to_csv(forecaster / "after.csv", index=False)
    pd.concat([table, after]).to_csv(forecaster / "all.csv", index=False)
    command = [sys.executable, "-m", "skl_lstm", "predict", "load.skops", "after.csv"]
    done = subprocess.run(command, cwd=forecaster, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    whole, _ = output_of_predict(capsys, forecaster / "load.skops", forecaster / "all.csv")
    expected = read_forecasts(whole)[-len(after) :]
    np.testing.assert_allclose(read_forecasts(done.stdout), expected, rtol=1e-6)


def test_predict_writes_a_file(forecaster, capsys):
    printed, _ = output_of_predict(capsys, forecaster / "load.skops", forecaster / "table.csv")
    path = forecaster / "forecasts.csv"
    out, _ = output_of_predict(
        capsys, forecaster / "load.skops", forecaster / "table.csv", "--output", path
    )
    assert out == ""
    assert path.read_text() == printed
    message = error_of_predict(capsys, forecaster / "load.skops", "x.csv", "--output", forecaster)
    assert "it is a folder" in message


def test_predict_reads_another_time_column(forecaster, capsys):
    renamed = pd.read_csv(forecaster / "table.csv").rename(columns={"day": "date"})
    renamed.to_csv(forecaster / "renamed.csv", index=False)
    argv = [forecaster / "load.skops", forecaster / "renamed.csv"]
    message = error_of_predict(capsys, *argv)
    assert "no column 'day'; the columns are: date, load, heat, note" in message
    out, _ = output_of_predict(capsys, *argv, "--time-column", "date")
    assert out.startswith("date,load+1,load+2\n2020-01-01,")


def test_predict_without_a_time_column_keeps_the_order_of_the_file(tmp_path, capsys):
    path, model = write_csv(tmp_path / "table.csv"), tmp_path / "model.skops"
    argv = ["--csv", path, "--target", "load", *QUICK, "--no-plot", "--save", str(model)]
    argv.append("--no-time-column")
    assert cli.main(argv) == 0
    capsys.readouterr()
    out, err = output_of_predict(capsys, model, path)
    assert out.startswith("row,load+1\n0,")
    assert err == ""
    pd.read_csv(path)[50:60].to_csv(tmp_path / "some.csv", index=False)
    out, err = output_of_predict(capsys, model, tmp_path / "some.csv")
    assert out.count("\n") == 11
    assert err == ""  # rows without a time are a new series, so padded windows are expected
    message = error_of_predict(capsys, model, path, "--time-column", "day")
    assert "cannot forecast: The index of X has dates as the time of its" in message
    assert "but in fit it had numbers." in message


def test_predict_prints_a_note_about_padded_windows(forecaster, capsys):
    pd.read_csv(forecaster / "table.csv")[50:60].to_csv(forecaster / "some.csv", index=False)
    _, err = output_of_predict(capsys, forecaster / "load.skops", forecaster / "some.csv")
    assert err.startswith("skl-lstm: note: 2 of 10 windows are padded although fit saw the rows")
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"heat": "warm"}, "column 'heat' is not numeric; the numeric columns are: load"),
        ({"heat": [np.nan, 1.0, 2.0]}, "missing values in heat (1), the first at 2020-01-01"),
        ({"load": [np.inf, 1.0, 2.0]}, "the table contains infinite values"),
        ({"day": ["2020-01-01", None, "2020-01-03"]}, "column 'day' has 1 missing dates"),
        ({"day": "2020-01-01"}, "contains 2020-01-01 00:00:00 more than once"),
    ],
)
def test_predict_refuses_tables_like_the_main_job(forecaster, tmp_path, capsys, columns, message):
    path = write_csv(tmp_path / "bad.csv", rows=3, **columns)
    assert message in error_of_predict(capsys, forecaster / "load.skops", path)


def test_predict_names_a_column_that_is_missing(forecaster, tmp_path, capsys):
    pd.DataFrame({"day": ["2020-01-01"], "load": [1.0]}).to_csv(tmp_path / "short.csv")
    message = error_of_predict(capsys, forecaster / "load.skops", tmp_path / "short.csv")
    assert "no column 'heat'; the columns are: Unnamed: 0, load" in message
    pd.DataFrame({"day": [], "load": [], "heat": []}, dtype=float).to_csv(tmp_path / "empty.csv")
    message = error_of_predict(capsys, forecaster / "load.skops", tmp_path / "empty.csv")
    assert "the table has no rows" in message
    assert "No such file" in error_of_predict(
        capsys, forecaster / "load.skops", tmp_path / "none.csv"
    )


class TouchesFile:
    """An object that creates a file when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (self.path.touch, ())


def test_predict_refuses_files_that_are_not_models(forecaster, tmp_path, capsys):
    touched = tmp_path / "touched"
    saved = (forecaster / "load.skops").read_bytes()
    files = {
        "pickle": pickle.dumps(TouchesFile(touched)),
        "empty": b"",
        "torn": saved[: len(saved) // 2],
        "damaged": saved[:500] + b"\0" * 2000 + saved[2500:],
        "table": (forecaster / "table.csv").read_bytes(),
    }
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
        message = error_of_predict(capsys, tmp_path / name, forecaster / "table.csv")
        assert f"cannot load {tmp_path / name}: it is not a complete file from --save (" in message
    assert not touched.exists()
    assert "No such file" in error_of_predict(capsys, tmp_path / "none", forecaster / "table.csv")
    assert "Is a directory" in error_of_predict(capsys, tmp_path, forecaster / "table.csv")


def test_predict_refuses_untrusted_types_by_name(forecaster, tmp_path, capsys):
    model = load(forecaster / "load.skops")
    model.steps.insert(0, ("untrusted", FunctionTransformer(os.system)))
    skops.io.dump(model, tmp_path / "untrusted.skops")
    message = error_of_predict(capsys, tmp_path / "untrusted.skops", forecaster / "table.csv")
    assert "it contains types that skl-lstm does not trust, which could run any code. " in message
    assert f"['{os.system.__module__}.system']" in message


@pytest.mark.parametrize("thing", [{"a": 1}, StandardScaler(), make_pipeline(StandardScaler())])
def test_predict_refuses_files_without_a_fitted_pipeline(forecaster, tmp_path, capsys, thing):
    skops.io.dump(thing, tmp_path / "thing.skops")
    message = error_of_predict(capsys, tmp_path / "thing.skops", forecaster / "table.csv")
    assert "it is not a complete file from --save (" in message


def test_predict_accepts_a_pipeline_that_was_saved_with_skops(tmp_path, capsys):
    from skl_lstm import LSTMRegressor

    table = read_rows(write_csv(tmp_path / "table.csv"))[["load", "heat"]]
    pipeline = make_pipeline(StandardScaler(), LSTMRegressor(units=2, epochs=1))
    skops.io.dump(pipeline.fit(table, table["load"]), tmp_path / "own.skops")
    out, _ = output_of_predict(capsys, tmp_path / "own.skops", tmp_path / "table.csv")
    assert out.startswith("row,forecast+1\n0,")


def test_predict_accepts_the_pipelines_of_the_former_command(tmp_path, capsys):
    from skl_lstm import LSTMRegressor

    table = read_rows(write_csv(tmp_path / "table.csv"), "day")[["load", "heat"]]
    lstm = LSTMRegressor(units=2, epochs=1, scaling=None)
    pipeline = Pipeline(
        [
            ("scale", StandardScaler().set_output(transform="pandas")),
            ("window", SequenceWindower(3)),
            ("lstm", TransformedTargetRegressor(lstm, transformer=StandardScaler())),
        ]
    )
    files.save_model(pipeline.fit(table, table["load"]), "load", tmp_path / "former.skops")
    out, err = output_of_predict(capsys, tmp_path / "former.skops", tmp_path / "table.csv")
    assert err == ""
    np.testing.assert_array_equal(read_forecasts(out)["load+1"], pipeline.predict(table))


@pytest.mark.parametrize("job", ["forecast", "predict"])
@pytest.mark.parametrize("argv", [[], ["model"], ["model", "csv", "--epochs", "3"]])
def test_wrong_options_of_a_job_exit_with_2(capsys, job, argv):
    with pytest.raises(SystemExit) as stop:
        cli.main([job, *argv])
    assert stop.value.code == 2
    assert f"usage: skl-lstm {job}" in capsys.readouterr().err


def output_of_forecast(capsys, *argv):
    """Run `forecast`, and return its table and its standard error."""
    assert cli.main(["forecast", *map(str, argv)]) == 0
    out, err = capsys.readouterr()
    return out, err


def test_forecast_continues_the_table_with_its_dates(forecaster, capsys):
    model, table = forecaster / "load.skops", forecaster / "table.csv"
    out, err = output_of_forecast(capsys, model, table)
    assert err == ""
    coming = read_forecasts(out)
    rows = read_rows(table, "day")[["load", "heat"]]
    assert list(coming) == ["load"]
    assert list(coming.index) == [rows.index[-1] + pd.Timedelta(days=step) for step in (1, 2)]
    np.testing.assert_array_equal(coming["load"], load(model).predict(rows)[-1])
    first, _ = output_of_forecast(capsys, model, table, "--steps", 1, "--target", "load")
    assert first == out[: out.rindex("\n", 0, -1) + 1]
    path = forecaster / "coming.csv"
    assert output_of_forecast(capsys, model, table, "--output", path) == ("", "")
    assert path.read_text() == out


def test_forecast_beyond_the_horizon_needs_the_other_columns(forecaster, capsys):
    model, table = forecaster / "load.skops", forecaster / "table.csv"
    assert cli.main(["forecast", str(model), str(table), "--steps", "4"]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err == (
        "skl-lstm: error: cannot forecast: The forecast needs a value of 'heat' at 2020-04-30, but "
        "there is no file of known values. In all, 2 values of 'heat' are missing. Use --known "
        "FILE, or train the model with --horizon 4, or with --features load.\n"
    )
    last = pd.to_datetime(pd.read_csv(table)["day"]).max()
    coming = pd.DataFrame({"heat": [1.0, 2.0]}, pd.date_range(last, periods=3, name="day")[1:])
    coming.to_csv(forecaster / "known.csv")
    out, err = output_of_forecast(
        capsys, model, table, "--steps", 4, "--known", forecaster / "known.csv"
    )
    assert err == ""
    rows = read_rows(table, "day")[["load", "heat"]]
    expected = forecast(load(model), rows, target="load", steps=4, known=coming)
    np.testing.assert_array_equal(read_forecasts(out), expected)


def test_forecast_without_a_time_column_counts_rows(tmp_path, capsys):
    path = write_csv(tmp_path / "table.csv")
    saved = str(tmp_path / "load.skops")
    argv = ["--csv", path, "--target", "load", "--features", "load", "--no-time-column", *QUICK]
    assert cli.main([*argv, "--no-plot", "--save", saved]) == 0
    capsys.readouterr()
    out, err = output_of_forecast(capsys, saved, path, "--steps", 3)
    assert err == ""
    assert [line.split(",")[0] for line in out.splitlines()] == ["row", "120", "121", "122"]


def test_forecast_needs_the_target_of_the_training(forecaster, tmp_path, capsys):
    saved, table = forecaster / "load.skops", forecaster / "table.csv"
    assert cli.main(["forecast", str(saved), str(table), "--target", "heat"]) == 1
    assert capsys.readouterr().err == (
        "skl-lstm: error: the model was trained to forecast 'load', not 'heat'\n"
    )
    own = load(saved)
    del own.target_
    skops.io.dump(own, tmp_path / "own.skops")
    assert cli.main(["forecast", str(tmp_path / "own.skops"), str(table)]) == 1
    assert capsys.readouterr().err == (
        "skl-lstm: error: name the column that the model was trained to forecast with --target\n"
    )
    out, _ = output_of_forecast(capsys, tmp_path / "own.skops", table, "--target", "load")
    assert (out, "") == output_of_forecast(capsys, saved, table)


def test_forecast_refuses_a_table_without_rows(forecaster, tmp_path, capsys):
    path = tmp_path / "empty.csv"
    path.write_text("day,load,heat\n")
    assert cli.main(["forecast", str(forecaster / "load.skops"), str(path)]) == 1
    assert capsys.readouterr().err == "skl-lstm: error: the table has no rows\n"


# Atomic writing.


# Intervals.


@pytest.fixture(scope="module")
def with_intervals(tmp_path_factory):
    """A folder with a model of `load` two days ahead with intervals, its table and its report."""
    folder = tmp_path_factory.mktemp("intervals")
    write_csv(folder / "table.csv", rows=400)
    options = [*QUICK, "--horizon", "2", "--coverage", "0.8", "--save", "load.skops"]
    table = ["--csv", "table.csv", "--time-column", "day", "--target", "load"]
    command = [sys.executable, "-m", "skl_lstm", *table, *options]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    return folder, done.stdout


def test_the_report_has_the_coverage_promised_and_reached(with_intervals):
    folder, report = with_intervals
    model = load(folder / "load.skops")
    assert (model.coverage, model.refit) == (0.8, True)
    rows = read_rows(folder / "table.csv", "day")[["load", "heat"]]
    truth = np.column_stack([rows["load"].shift(-1), rows["load"].shift(-2)])[-81:-2]
    interval = model.predict_interval(rows)[-81:-2]
    inside = (interval[..., 0] <= truth) & (truth <= interval[..., 1])
    low, high = np.sort(100 * inside.mean(axis=0))
    width = (interval[..., 1] - interval[..., 0]).mean()
    line = (
        f"Intervals for 80 %: {100 * inside.mean():.1f} % of the held-out values are inside "
        f"({low:.1f} to {high:.1f} by step); mean width {width:.3f}."
    )
    assert line in report
    assert is_png(folder / "forecast.png")


def test_the_errors_are_those_without_intervals(with_intervals, capsys):
    folder, report = with_intervals
    argv = ["--csv", str(folder / "table.csv"), "--time-column", "day", "--target", "load", *QUICK]
    assert cli.main([*argv, "--horizon", "2", "--no-plot"]) == 0
    without = capsys.readouterr().out.splitlines()
    errors = [line for line in without if line.startswith(("│ LSTM", "│ ridge", "LSTM is"))]
    assert len(errors) == 3
    assert all(line in report for line in errors)


def test_predict_and_forecast_print_the_bounds(with_intervals, capsys):
    folder, _ = with_intervals
    argv = folder / "load.skops", folder / "table.csv"
    forecasts = read_forecasts(output_of_predict(capsys, *argv)[0])
    assert list(forecasts) == [
        f"load+{step}{end}" for step in (1, 2) for end in ("", "_lower", "_upper")
    ]
    rows = read_rows(folder / "table.csv", "day")[["load", "heat"]]
    interval = load(folder / "load.skops").predict_interval(rows)
    for step in (1, 2):
        bounds = forecasts[[f"load+{step}_lower", f"load+{step}_upper"]]
        np.testing.assert_array_equal(bounds, interval[:, step - 1])
    assert cli.main(["forecast", *map(str, argv)]) == 0
    coming = read_forecasts(capsys.readouterr().out)
    assert list(coming) == ["load", "load_lower", "load_upper"]
    np.testing.assert_allclose(coming[["load_lower", "load_upper"]], interval[-1])


def test_predict_and_forecast_print_bounds_of_another_coverage(with_intervals, forecaster, capsys):
    folder, _ = with_intervals
    argv = [str(folder / "load.skops"), str(folder / "table.csv"), "--coverage", "0.5"]
    forecasts = read_forecasts(output_of_predict(capsys, *argv)[0])
    rows = read_rows(folder / "table.csv", "day")[["load", "heat"]]
    interval = load(folder / "load.skops").predict_interval(rows, 0.5)
    np.testing.assert_array_equal(forecasts[["load+1_lower", "load+1_upper"]], interval[:, 0])
    assert cli.main(["forecast", *argv]) == 0
    coming = read_forecasts(capsys.readouterr().out)
    np.testing.assert_allclose(coming[["load_lower", "load_upper"]], interval[-1])
    assert error_of_predict(capsys, *argv[:3], "0.9999").startswith(
        "skl-lstm: error: cannot forecast: coverage=0.9999 needs 9999 calibration rows or more"
    )
    without = [str(forecaster / "load.skops"), str(forecaster / "table.csv"), "--coverage", "0.5"]
    for job in ("predict", "forecast"):
        assert cli.main([job, *without]) == 1
        assert capsys.readouterr().err == (
            "skl-lstm: error: the model has no intervals; --coverage needs one that was trained "
            "with --coverage\n"
        )


def test_intervals_reach_to_the_horizon(with_intervals, capsys):
    folder, _ = with_intervals
    argv = ["forecast", str(folder / "load.skops"), str(folder / "table.csv"), "--steps"]
    assert cli.main([*argv, "1"]) == 0
    capsys.readouterr()
    assert cli.main([*argv, "3"]) == 1
    assert capsys.readouterr().err == (
        "skl-lstm: error: the intervals of the model reach 2 steps ahead; train it with "
        "--horizon 3, or without --coverage\n"
    )


def test_a_coverage_that_needs_more_rows_is_refused_before_the_search(csv, capsys):
    argv = ["--csv", csv, "--target", "load", *QUICK, "--coverage", "0.99"]
    assert error_of(capsys, *argv) == (
        "skl-lstm: error: --coverage 0.99 needs more rows: the last 20 of 96 training rows measure "
        "the errors, which is enough for a coverage of up to 0.952\n"
    )


def test_a_failed_save_keeps_the_old_file_and_leaves_no_other(tmp_path):
    path = tmp_path / "model.skops"
    files.save_model(make_pipeline(StandardScaler(with_mean=False)), "load", path)
    old = path.read_bytes()
    unsavable = (line for line in "text")
    with pytest.raises(TypeError):
        files.save_model(make_pipeline(unsavable), "load", path)
    with pytest.raises(KeyboardInterrupt):
        files.write_atomically(path, interrupted)
    assert path.read_bytes() == old
    assert list(tmp_path.iterdir()) == [path]


def interrupted(*args):
    raise KeyboardInterrupt


def test_writing_to_a_symbolic_link_writes_its_target(tmp_path):
    (tmp_path / "folder").mkdir()
    link, file = tmp_path / "link", tmp_path / "folder" / "file"
    link.symlink_to(file)
    files.write_atomically(link, lambda out: out.write(b"content"))
    assert link.is_symlink()
    assert file.read_bytes() == b"content"


def test_a_written_file_has_the_usual_permissions(tmp_path):
    files.write_atomically(tmp_path / "whole", lambda out: out.write(b"content"))
    (tmp_path / "plain").write_bytes(b"content")
    assert (tmp_path / "whole").stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_a_file_is_written_on_systems_where_folders_cannot_be_opened(tmp_path, monkeypatch):
    def refuse(*args):
        raise PermissionError

    monkeypatch.setattr(os, "name", "another system")
    monkeypatch.setattr(os, "open", refuse)
    files.write_atomically(tmp_path / "file", lambda out: out.write(b"content"))
    monkeypatch.undo()
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
    assert (tmp_path / "file").read_bytes() == b"content"


# This script overwrites a saved pipeline. At the chosen moment it prints a line and sleeps.
SLOW_SAVE = """
import os, pathlib, sys, time
from sklearn.model_selection import TimeSeriesSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from skl_lstm.cli import files

def stop():
    print("now", flush=True)
    time.sleep(60)

class Slow:
    def __init__(self, file):
        self.file = file
    def __getattr__(self, name):
        return getattr(self.file, name)
    def __enter__(self):
        return self
    def __exit__(self, *error):
        self.file.close()
    def write(self, data):
        self.file.write(bytes(data)[: len(data) // 2])
        self.file.flush()
        stop()

def slow_open(path, mode="r", *options, **named):
    file = real_open(path, mode, *options, **named)
    if mode == "xb" and moment == "before any byte":
        stop()
    return Slow(file) if mode == "xb" and moment == "in the middle" else file

def slow_replace(path, target):
    if moment == "after the new name":
        real_replace(path, target)
    stop()

moment, real_open, real_replace = sys.argv[1], pathlib.Path.open, pathlib.Path.replace
pathlib.Path.open = slow_open
if moment == "before the bytes are on the disk":
    os.fsync = lambda descriptor: stop()
if "new name" in moment:
    pathlib.Path.replace = slow_replace
files.save_model(make_pipeline(StandardScaler(with_std=False)), "new", pathlib.Path("model.skops"))
"""

MOMENTS = {
    "before any byte": "old",
    "in the middle": "old",
    "before the bytes are on the disk": "old",
    "before the new name": "old",
    "after the new name": "new",
}


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no kill -9 on this system")
@pytest.mark.parametrize("moment", MOMENTS)
def test_a_save_that_is_killed_leaves_a_complete_file(tmp_path, moment):
    path = tmp_path / "model.skops"
    files.save_model(make_pipeline(StandardScaler(with_mean=False)), "old", path)
    command = [sys.executable, "-c", textwrap.dedent(SLOW_SAVE), moment]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "now\n"
        process.send_signal(signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL
    assert load(path).target_ == MOMENTS[moment]
    assert zipfile.ZipFile(path).testzip() is None
    # The temporary file of the killed process does not prevent the next save.
    files.save_model(make_pipeline(StandardScaler()), "third", path)
    assert load(path).target_ == "third"


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["--timesteps", "0"], "'0' is not an integer of at least 1"),
        (["--timesteps", "many"], "'many' is not an integer of at least 1"),
        (["--folds", "1"], "'1' is not an integer of at least 2"),
        (["--seed", "-1"], "'-1' is not an integer of at least 0"),
        (["--n-jobs", "0"], "'0' is not an integer of at least 1"),
        (["--n-jobs", "some"], "'some' is not an integer of at least 1"),
        (["--coverage", "90"], "'90' is not a number between 0 and 1"),
        (["--test-size", "1"], "'1' is not a number between 0 and 1"),
        (["--test-size", "half"], "'half' is not a number between 0 and 1"),
        (["--time-column", "day"], "--time-column requires --csv"),
        (["--no-header"], "error: --no-header requires --csv"),
        (["--series", "site"], "--series requires --csv"),
        (["--sep", ";;"], "';;' is not a single character or 'tab'"),
        (["--encoding", "utf-9"], "'utf-9' is not an encoding that Python knows"),
        (["--encoding", "base64"], "'base64' is not an encoding that Python knows"),
        (["fit"], "the following arguments are required: CSV"),
        (["fit", "x.csv", "--nonsense"], "unrecognized arguments: --nonsense"),
        (["fit", "x.csv", "--time-column", "a", "--no-time-column"], "not allowed with argument"),
        (["--nonsense"], "unrecognized arguments: --nonsense"),
    ],
)
def test_wrong_options_exit_with_2(capsys, argv, message):
    with pytest.raises(SystemExit) as stop:
        cli.main(argv)
    assert stop.value.code == 2
    assert message in capsys.readouterr().err


def test_n_jobs_can_be_negative():
    assert arguments.parse_args(["--n-jobs", "-1"]).n_jobs == -1


def test_interrupting_exits_with_130(monkeypatch, capsys):
    monkeypatch.setattr(jobs, "tune", interrupted)
    assert cli.main([]) == 130
    assert capsys.readouterr().err == "skl-lstm: interrupted\n"


def test_a_missing_package_of_the_extra_is_named(monkeypatch, capsys):
    for name in [name for name in sys.modules if name.startswith("skl_lstm.cli")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.delattr("skl_lstm.cli")
    monkeypatch.setitem(sys.modules, "rich.console", None)
    assert __main__.main() == 1
    message = (
        "skl-lstm: error: the command needs rich.console. Install it with: "
        "pip install 'skl-lstm[cli]'\n"
    )
    assert capsys.readouterr().err == message


def test_without_the_progress_bar_of_scikit_learn_the_search_is_verbose(monkeypatch):
    args = arguments.parse_args([])
    search = jobs.make_search(args)
    monkeypatch.setitem(sys.modules, "sklearn.callback", None)
    report.show_progress(search)
    assert search.verbose == 2


def test_on_a_terminal_there_is_a_progress_bar(monkeypatch):
    callback = pytest.importorskip(
        "sklearn.callback", reason="sklearn.callback is new in scikit-learn 1.9"
    )
    search = jobs.make_search(arguments.parse_args([]))
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    report.show_progress(search)
    assert [type(bar) for bar in search._skl_callbacks] == [callback.ProgressBar]


def test_standard_error_is_restored_if_the_import_fails(capfd):
    def load():
        os.write(2, b"noise")
        raise ImportError

    with pytest.raises(ImportError), files.native_log_silenced():
        load()
    os.write(2, b"voice")
    assert capfd.readouterr().err == "voice"


# Export.


def test_export_gives_the_forecasts_of_the_pipeline(forecaster, capsys, tmp_path):
    path = tmp_path / "load.onnx"
    assert cli.main(["export", str(forecaster / "load.skops"), str(path)]) == 0
    out, err = capsys.readouterr()
    content = "windows of 3 timesteps of the features load, heat"
    assert out == f"Exported to {path}. Its input X has {content}.\n"
    assert err == ""
    rows = read_rows(forecaster / "table.csv", "day")[["load", "heat"]]
    forecasts = outputs_of(path.read_bytes(), sliding_windows(rows, 3))["forecast"]
    expected = load(forecaster / "load.skops").predict(rows)[2:]
    np.testing.assert_allclose(forecasts, expected, rtol=1e-5, atol=1e-5)


def test_export_names_the_features_of_reshaped_rows(capsys, tmp_path):
    columns = ["t0_load", "t0_heat", "t1_load", "t1_heat"]
    rows = pd.DataFrame(np.random.default_rng(0).normal(size=(20, 4)), columns=columns)
    lstm = LSTMRegressor(2, epochs=1, random_state=0)
    model = make_pipeline(SequenceReshaper(features=2), lstm).fit(rows, rows["t1_load"])
    skops.io.dump(model, tmp_path / "load.skops")
    path = tmp_path / "load.onnx"
    assert cli.main(["export", str(tmp_path / "load.skops"), str(path)]) == 0
    content = "windows of 2 timesteps of the features load, heat"
    assert capsys.readouterr().out == f"Exported to {path}. Its input X has {content}.\n"


def test_export_of_a_network_that_reads_rows(forecaster, capsys, tmp_path, monkeypatch):
    monkeypatch.setattr(jobs, "to_onnx", lambda pipeline, path: onnx.ModelProto())
    assert cli.main(["export", str(forecaster / "load.skops"), str(tmp_path / "load.onnx")]) == 0
    assert "Its input X has rows of the features load, heat." in capsys.readouterr().out


def test_export_leaves_out_intervals_with_a_note(with_intervals, capsys, tmp_path):
    folder, _ = with_intervals
    path = tmp_path / "load.onnx"
    assert cli.main(["export", str(folder / "load.skops"), str(path)]) == 0
    note = f"skl-lstm: note: the intervals of {folder / 'load.skops'} are left out; the file gives"
    assert capsys.readouterr().err.startswith(note)
    rows = read_rows(folder / "table.csv", "day")[["load", "heat"]]
    forecasts = outputs_of(path.read_bytes(), sliding_windows(rows, 3))["forecast"]
    expected = load(folder / "load.skops").predict(rows)[2:]
    np.testing.assert_allclose(forecasts, expected, rtol=1e-5, atol=1e-5)


def test_export_refuses_other_pipelines_in_one_line(tmp_path, capsys):
    table = pd.DataFrame({"load": np.arange(9.0)})
    ridge = make_pipeline(StandardScaler(), Ridge()).fit(table, table["load"])
    skops.io.dump(ridge, tmp_path / "ridge.skops")
    argv = ["export", str(tmp_path / "ridge.skops"), str(tmp_path / "ridge.onnx")]
    assert cli.main(argv) == 1
    err = capsys.readouterr().err
    start = f"skl-lstm: error: cannot export {tmp_path / 'ridge.skops'}: Step 'ridge' (Ridge)"
    assert err.startswith(start)
    assert err.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["ridge.skops"]


def test_export_does_not_replace_the_model(forecaster, capsys):
    path = forecaster / "load.skops"
    content = path.read_bytes()
    assert cli.main(["export", str(path), str(path)]) == 1
    assert capsys.readouterr().err == (
        f"skl-lstm: error: cannot write {path}: it is the model to export\n"
    )
    assert path.read_bytes() == content


def test_export_to_a_full_disk(forecaster, monkeypatch, capsys, tmp_path):
    def no_space(number):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.fsync", no_space)
    path = tmp_path / "load.onnx"
    assert cli.main(["export", str(forecaster / "load.skops"), str(path)]) == 1
    err = capsys.readouterr().err
    assert err == f"skl-lstm: error: cannot write {path}: No space left on device\n"
    assert not [*tmp_path.iterdir()]


def test_export_without_the_package_onnx(forecaster, monkeypatch, tmp_path, capsys):
    monkeypatch.setitem(sys.modules, "onnx", None)
    assert cli.main(["export", str(forecaster / "load.skops"), str(tmp_path / "load.onnx")]) == 1
    assert "pip install 'skl-lstm[onnx]'" in capsys.readouterr().err
    missing = tmp_path / "missing" / "load.onnx"
    assert cli.main(["export", str(forecaster / "load.skops"), str(missing)]) == 1
    assert f"cannot write {missing}: no such folder" in capsys.readouterr().err
