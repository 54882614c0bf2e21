"""The command: what it reports, and what it says when it cannot."""

import os
import re
import subprocess
import sys

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skl_lstm import SequenceWindower, __main__, cli, datasets

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


@pytest.fixture
def csv(tmp_path):
    return write_csv(tmp_path / "table.csv")


def fails(capsys, *argv):
    """Run the command, and return the one line it ends in."""
    assert cli.main([*argv, "--no-plot"]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("skl-lstm: error: ")
    assert err.count("\n") == 1
    return err


def is_png(path):
    return path.read_bytes().startswith(b"\x89PNG")


@pytest.fixture(scope="module")
def whole_run(tmp_path_factory):
    """One run of the main job in a process of its own, over two look-backs and two sizes."""
    folder = tmp_path_factory.mktemp("run")
    options = "--timesteps 2 4 --units 2 3 --epochs 2 --folds 2 --horizon 2 --n-jobs 1"
    command = [sys.executable, "-m", "skl_lstm", *options.split(), "--save", "weather.joblib"]
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
    assert [row[0] for row in errors] == ["LSTM", "persistence", "ridge, same lags"]
    assert is_png(folder / "forecast.png")


def test_the_reported_errors_are_those_of_the_saved_pipeline(whole_run):
    folder, done = whole_run
    model = joblib.load(folder / "weather.joblib")
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

    # A row more than are reported: the one that the gap leaves out, the past of the others.
    forecast = model.predict(weather[-n_test - 3 : -2])[1:]
    assert reported("LSTM") == pytest.approx(errors(forecast), abs=1e-3)
    today = tail[["temp_max"]].to_numpy()[:-2]
    assert reported("persistence") == pytest.approx(errors(today), abs=1e-3)


def test_the_saved_pipeline_forecasts_from_rows_that_follow_its_own(whole_run):
    folder, _ = whole_run
    model = joblib.load(folder / "weather.joblib")
    weather = datasets.load_seattle_weather().drop(columns="weather")
    assert [name for name, _ in model.steps] == ["scale", "window", "lstm"]
    history = model["window"].history_
    assert len(history) == model["window"].timesteps - 1
    following = weather[weather.index > history.index[-1]]
    whole = model.predict(weather)
    expected = whole[-len(following) :][:5]
    np.testing.assert_allclose(model.predict(following[:5]), expected, rtol=1e-6)


def test_a_csv_of_the_users_own_is_ordered_by_its_time_column(tmp_path, csv, monkeypatch):
    shuffled = pd.read_csv(csv).sample(frac=1, random_state=0)
    shuffled.to_csv(tmp_path / "shuffled.csv", index=False)
    read = cli.read_table(tmp_path / "shuffled.csv", "day")
    assert read.index.is_monotonic_increasing
    assert read.index.name == "day"
    np.testing.assert_array_equal(read["load"], pd.read_csv(csv)["load"])
    np.testing.assert_array_equal(
        cli.read_table(tmp_path / "shuffled.csv", None)["load"], shuffled["load"]
    )


def test_a_run_on_a_csv(tmp_path, csv, capsys):
    png = tmp_path / "load.png"
    argv = ["--csv", csv, "--time-column", "day", "--target", "load", "--plot", str(png)]
    assert cli.main([*argv, *QUICK]) == 0
    out, err = capsys.readouterr()
    assert "120 rows of 2 features, forecasting 'load' 1 step ahead" in out
    assert err == ""
    assert is_png(png)


def test_the_same_seed_reports_the_same(csv, capsys):
    def report():
        assert cli.main(["--csv", csv, "--target", "load", "--no-plot", *QUICK]) == 0
        lines = capsys.readouterr().out.splitlines()
        return [line for line in lines if "LSTM" in line]

    assert report() == report()


def test_holes_in_time_are_noted_and_respected(tmp_path, capsys):
    path = write_csv(tmp_path / "holes.csv")
    pd.read_csv(path).drop(index=[1, 50, 51]).to_csv(path, index=False)
    table = cli.read_table(path, "day")[["load", "heat"]]
    rows, y = cli.rows_with_future(table, "load", 2)
    note = "skl-lstm: note: 2 steps in 'day' are longer than the usual 1 days 00:00:00; no window"
    assert capsys.readouterr().err.startswith(note)
    days = pd.DatetimeIndex(pd.read_csv(path)["day"])
    expected = {
        row: [table["load"].get(day + pd.Timedelta(days=ahead)) for ahead in (1, 2)]
        for row, day in enumerate(days)
    }
    expected = {row: future for row, future in expected.items() if None not in future}
    assert list(rows) == list(expected)
    np.testing.assert_array_equal(y, list(expected.values()))

    assert cli.main(["--csv", path, "--time-column", "day", "--target", "load", *QUICK,
                     "--plot", str(tmp_path / "holes.png")]) == 0  # fmt: skip
    assert "tuning on 92 rows, the last 22 held out" in capsys.readouterr().out
    assert is_png(tmp_path / "holes.png")


def test_without_a_time_column_the_rows_follow_each_other(csv, capsys):
    table = cli.read_table(csv, None)[["load"]]
    rows, y = cli.rows_with_future(table, "load", 1)
    np.testing.assert_array_equal(rows, np.arange(119))
    np.testing.assert_array_equal(y, table["load"][1:])
    assert capsys.readouterr().err == ""


def test_ridge_reads_the_windows_of_the_lstm(csv):
    X = cli.read_table(csv, "day")[["load", "heat"]]
    windows = make_pipeline(
        StandardScaler().set_output(transform="pandas"), SequenceWindower(3), "passthrough"
    )
    ridge = cli.fit_ridge(windows, X[:100], X["load"].to_numpy()[:100])
    lags = np.column_stack([X.shift(2), X.shift(1), X])
    mean, scale = ridge[0]["standardscaler"].mean_, ridge[0]["standardscaler"].scale_
    expected = ridge[-1].predict((lags[100:] - np.tile(mean, 3)) / np.tile(scale, 3))
    np.testing.assert_allclose(ridge.predict(X[100:]), expected)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--target", "lod"], "no column 'lod'; the columns are: day, load, heat, note"),
        (["--target", "note"], "column 'note' holds no numbers; those that do: load, heat"),
        ([], "which column to forecast? --target one of: load, heat"),
        (["--time-column", "when"], "no column 'when'; the columns are: day, load, heat, note"),
        (["--time-column", "note", "--target", "load"], "column 'note' holds no dates"),
        (["--target", "load", "--features", "hat"], "no column 'hat'; the columns are: day, load"),
        (["--target", "load", "--features", "note"], "column 'note' holds no numbers; those that"),
    ],
)
def test_wrong_columns_name_the_right_ones(csv, capsys, options, message):
    assert message in fails(capsys, "--csv", csv, *options)


def test_features_leave_columns_out_but_never_the_target(csv):
    table = cli.read_table(csv, None).assign(gaps=np.nan)
    assert list(cli.select_features(table, "load", ["heat"])) == ["heat", "load"]
    assert list(cli.select_features(table, "load", ["load", "heat"])) == ["load", "heat"]
    assert list(cli.select_features(table.drop(columns="gaps"), "load", None)) == ["load", "heat"]


def test_hourly_data_with_missing_values_elsewhere(shared_data, capsys):
    path = str(shared_data / "beijing_pm25.csv.gz")
    options = ["--csv", path, "--target", "TEMP", "--features", "PRES", "--test-size", "0.1"]
    assert cli.main([*options, *QUICK, "--no-plot"]) == 0
    assert "43824 rows of 2 features, forecasting 'TEMP' 1 step ahead" in capsys.readouterr().out
    assert "missing values in pm2.5" in fails(capsys, "--csv", path, "--target", "TEMP")


def test_the_only_numeric_column_is_the_target(tmp_path):
    table = pd.DataFrame({"load": [1.0, 2.0], "note": "fair"})
    assert cli.choose_target(table, None, from_csv=True) == "load"


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"load": [np.nan, 1.0, 2.0]}, "column 'load' has 1 missing values, the first at 0; fill"),
        (
            {"heat": [np.nan, 1.0, 2.0]},
            "missing values in heat; fill them first, or choose other --f",
        ),
        ({"heat": [np.inf, 1.0, 2.0]}, "the table holds infinite values"),
        ({"load": list("abc"), "heat": list("abc")}, "none of these columns holds numbers: day"),
    ],
)
def test_values_that_no_network_can_read(tmp_path, capsys, columns, message):
    path = write_csv(tmp_path / "bad.csv", rows=3, **columns)
    assert message in fails(capsys, "--csv", path, "--target", "load")


@pytest.mark.parametrize(
    ("days", "message"),
    [
        (["2020-01-01", None, "2020-01-03"], "column 'day' has 1 missing dates"),
        (["2020-01-01", "2020-01-02", "2020-01-02"], "has 2020-01-02 00:00:00 more than once"),
    ],
)
def test_dates_that_order_nothing(tmp_path, capsys, days, message):
    path = write_csv(tmp_path / "bad.csv", rows=3, day=days)
    assert message in fails(capsys, "--csv", path, "--target", "load", "--time-column", "day")


@pytest.mark.parametrize(
    "options", [["--timesteps", "200"], ["--folds", "99"], ["--horizon", "30"]]
)
def test_too_few_rows_are_counted_out(csv, capsys, options):
    message = fails(capsys, "--csv", csv, "--target", "load", *options)
    assert re.search("(119|90) rows with a future of (1 step|30 steps) are too few: ", message)
    assert message.endswith("use fewer timesteps or folds\n")


@pytest.mark.parametrize("rows", range(2, 40))
def test_whatever_the_count_of_rows_a_run_works_or_says_why(rows):
    args = cli.parse_args(["--timesteps", "3", "--folds", "3", "--horizon", "2"])
    table = pd.DataFrame({"load": np.arange(float(rows))})
    with_future, y = cli.rows_with_future(table, "load", 2)
    try:
        n_train, n_test = cli.split_tail(len(with_future), args)
    except cli.CommandError:
        assert rows < 20
        return
    # What the last row to tune on forecasts last is the last that the tail's first one knows.
    assert y[n_train - 1][-1] == table["load"].iloc[with_future[-n_test]]
    folds = list(cli.TimeSeriesSplit(3, gap=1).split(table[:n_train]))
    assert all(len(head) >= 3 and len(tail) for head, tail in folds)


def test_unreadable_files(tmp_path, capsys):
    assert "No such file or directory" in fails(capsys, "--csv", str(tmp_path / "none.csv"))
    assert "Is a directory" in fails(capsys, "--csv", str(tmp_path))
    (tmp_path / "empty.csv").write_text("")
    assert "No columns to parse from file" in fails(capsys, "--csv", str(tmp_path / "empty.csv"))
    (tmp_path / "binary.csv").write_bytes(b"\xff\xfe\x00\x01")
    assert "cannot read" in fails(capsys, "--csv", str(tmp_path / "binary.csv"))
    (tmp_path / "torn.csv").write_text('a,b\n1,2\n"3,4\n')
    assert "cannot read" in fails(capsys, "--csv", str(tmp_path / "torn.csv"))


@pytest.mark.parametrize("option", ["--plot", "--save"])
def test_places_that_cannot_be_written_are_refused_before_the_search(tmp_path, capsys, option):
    for path, reason in [(tmp_path / "no" / "x", "no such folder"), (tmp_path, "it is a folder")]:
        assert cli.main([option, str(path)]) == 1
        assert reason in capsys.readouterr().err


def test_an_interrupted_save_leaves_the_old_file(tmp_path):
    path = tmp_path / "model.joblib"
    cli.save_model({"old": 1}, path)
    with pytest.raises(TypeError):
        cli.save_model((line for line in "unpicklable"), path)
    assert joblib.load(path) == {"old": 1}


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["--timesteps", "0"], "'0' is not a whole number from 1 up"),
        (["--timesteps", "many"], "'many' is not a whole number from 1 up"),
        (["--folds", "1"], "'1' is not a whole number from 2 up"),
        (["--seed", "-1"], "'-1' is not a whole number from 0 up"),
        (["--n-jobs", "0"], "'0' is not a whole number from 1 up"),
        (["--n-jobs", "some"], "'some' is not a whole number from 1 up"),
        (["--test-size", "1"], "'1' is not a number between 0 and 1"),
        (["--test-size", "half"], "'half' is not a number between 0 and 1"),
        (["--time-column", "day"], "--time-column goes with --csv"),
        (["--nonsense"], "unrecognized arguments: --nonsense"),
    ],
)
def test_wrong_options_exit_with_2(capsys, argv, message):
    with pytest.raises(SystemExit) as stop:
        cli.main(argv)
    assert stop.value.code == 2
    assert message in capsys.readouterr().err


def test_negative_processes_leave_cores_alone():
    assert cli.parse_args(["--n-jobs", "-1"]).n_jobs == -1


def test_interrupting_exits_with_130(monkeypatch, capsys):
    def interrupted(args):
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "run", interrupted)
    assert cli.main([]) == 130
    assert capsys.readouterr().err == "skl-lstm: interrupted\n"


def test_a_missing_extra_is_named(monkeypatch, capsys):
    monkeypatch.delitem(sys.modules, "skl_lstm.cli")
    monkeypatch.delattr("skl_lstm.cli")
    monkeypatch.setitem(sys.modules, "rich.console", None)
    assert __main__.main() == 1
    message = "skl-lstm: error: the command needs rich.console: pip install 'skl-lstm[cli]'\n"
    assert capsys.readouterr().err == message


def test_without_scikit_learns_progress_bar_there_are_lines(monkeypatch):
    args = cli.parse_args([])
    search = cli.make_search(args)
    monkeypatch.setitem(sys.modules, "sklearn.callback", None)
    cli.show_progress(search)
    assert search.verbose == 2


def test_on_a_terminal_there_is_a_progress_bar(monkeypatch):
    callback = pytest.importorskip("sklearn.callback", reason="scikit-learn 1.9 brings it")
    search = cli.make_search(cli.parse_args([]))
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    cli.show_progress(search)
    assert [type(bar) for bar in search._skl_callbacks] == [callback.ProgressBar]


def test_silence_ends_even_when_loading_fails(capfd):
    def load():
        os.write(2, b"noise")
        raise ImportError

    with pytest.raises(ImportError), cli.native_log_silenced():
        load()
    os.write(2, b"voice")
    assert capfd.readouterr().err == "voice"
