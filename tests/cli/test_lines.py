"""`skl-lstm predict MODEL -`: rows from standard input, answered line by line."""

import io
import os
import signal
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import skops.io
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from skl_lstm import ConformalRegressor, LSTMRegressor, SequenceWindower, cli, leads


def one_table(rows=160):
    time = np.arange(rows)
    days = pd.date_range("2020-01-01", periods=rows, name="day")
    values = {"load": np.sin(time / 5).round(4), "heat": np.cos(time / 5).round(4)}
    return pd.DataFrame({"note": "fair", **values}, days)


def save(path, table, conformal=False, windower=None):
    """Save a model of the first 120 rows, two steps ahead."""
    y = leads(table, "load", horizon=2)[:120]
    X = table.loc[y.index, ["load", "heat"]]
    lstm = LSTMRegressor(2, epochs=1, random_state=0)
    model = make_pipeline(windower or SequenceWindower(3), lstm)
    if conformal:
        model = ConformalRegressor(model, coverage=0.8, calibration=30)
    model.fit(X, y).target_ = "load"
    skops.io.dump(model, path)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with models with a time, with intervals and without a time, and new rows."""
    folder, table = tmp_path_factory.mktemp("lines"), one_table()
    save(folder / "load.skops", table)
    save(folder / "intervals.skops", table, conformal=True)
    save(folder / "rows.skops", table.reset_index(drop=True))
    save(folder / "unnamed.skops", table.rename_axis(None))
    table[120:].to_csv(folder / "new.csv")
    return folder


def command(folder, *argv):
    return [sys.executable, "-m", "skl_lstm", "predict", *argv]


@pytest.fixture
def answer(folder, monkeypatch, capsys):
    """Return a function that passes text to `predict MODEL -`: exit code, output and errors."""

    def run(text, *argv, model="load.skops"):
        data = text if isinstance(text, bytes) else text.encode()
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))
        code = cli.main(["predict", str(folder / model), "-", *argv])
        return code, *capsys.readouterr()

    return run


def of_file(folder, capsys, *argv, model="load.skops", csv="new.csv"):
    assert cli.main(["predict", str(folder / model), str(folder / csv), *argv]) == 0
    return capsys.readouterr().out


def test_every_line_is_answered_before_the_next_one_until_an_interrupt(folder, capsys):
    lines = (folder / "new.csv").read_text().splitlines(keepends=True)
    expected = of_file(folder, capsys).splitlines(keepends=True)
    answers = []
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command(folder, "load.skops", "-"), cwd=folder, text=True, **pipes) as p:
        for line in lines:
            p.stdin.write(line)
            p.stdin.flush()
            answers.append(p.stdout.readline())
        p.send_signal(signal.SIGINT)
        assert (p.stdout.read(), p.stderr.read()) == ("", "skl-lstm: interrupted\n")
        assert p.wait() == 130
    assert answers == expected


@pytest.mark.parametrize("argv", [[], ["--coverage", "0.5"]])
def test_the_bounds_of_intervals_are_those_of_a_file(folder, answer, capsys, argv):
    expected = of_file(folder, capsys, *argv, model="intervals.skops")
    assert expected.startswith("day,load+1,load+1_lower,load+1_upper,load+2,")
    text = (folder / "new.csv").read_text()
    assert answer(text, *argv, model="intervals.skops") == (0, expected, "")


def test_rows_without_a_time_are_a_new_series(folder, answer, capsys):
    expected = of_file(folder, capsys, model="rows.skops")
    assert expected.startswith("row,load+1,load+2\n0,")
    assert answer((folder / "new.csv").read_text(), model="rows.skops") == (0, expected, "")


def test_hours_another_time_column_and_day_first_are_read_as_in_a_file(tmp_path, answer, capsys):
    hours = one_table().set_index(pd.date_range("2020-01-01", periods=160, freq="h", name="day"))
    save(tmp_path / "hours.skops", hours)
    rows = hours[120:].rename_axis("hour")
    rows.to_csv(tmp_path / "new.csv", date_format="%d.%m.%Y %H:%M")
    text = (tmp_path / "new.csv").read_text().replace(".01.2020", ".06.2020")
    (tmp_path / "new.csv").write_text(text)
    argv = "--time-column", "hour", "--dayfirst"
    expected = of_file(tmp_path, capsys, *argv, model="hours.skops")
    code, out, err = answer("\ufeff" + text, *argv, model=tmp_path / "hours.skops")
    assert (code, out) == (0, expected)
    assert err == (
        "skl-lstm: note: line 2: The row at 2020-06-06 00:00:00 comes after a hole in time, "
        "because the row before it is at 2020-01-05 23:00:00: its window and those of the next row "
        "are padded\n"
    )


def test_bad_lines_are_reported_and_the_next_ones_answered(folder, answer, capsys):
    head, *rows = (folder / "new.csv").read_text().splitlines(keepends=True)
    expected = of_file(folder, capsys)
    bad = [
        "2020-06-09,fair,1\n",
        "2020-06-09,fair,1,2,3\n",
        "2020-06-09,fair,x,1\n",
        "2020-06-09,fair,,1\n",
        "2020-06-09,fair,inf,1\n",
        "soon,fair,1,1\n",
        ",fair,1,1\n",
        rows[30],
        rows[10],
        rows[0],
        '2020-06-09,"fair,1,1\n',
        "2020-06-09T00:00+01:00,fair,1,1\n",
        b"2020-06-09,fair,\xff,1\n".decode(errors="surrogateescape"),
    ]
    text = "".join([head, *rows[:31], "\n", *bad, *rows[31:]])
    code, out, err = answer(text.encode(errors="surrogateescape"))
    assert (code, out) == (1, expected)
    messages = [
        "line 34: it has 3 cells, but the header has 4",
        "line 35: it has 5 cells, but the header has 4",
        "line 36: column 'load' is not numeric; the numeric columns are: heat",
        "line 37: it has no value in load",
        "line 38: the table contains infinite values; replace them first",
        "line 39: column 'day' does not contain dates in one form, but '2020-04-30' and 'soon'",
        "line 40: column 'day' has 1 missing dates",
        "line 41: The row at 2020-05-30 00:00:00 is not later than the last row of the stream, at ",
        "line 42: The row at 2020-05-10 00:00:00 is not later than the last row of the stream, at ",
        "line 43: The row at 2020-04-30 00:00:00 is not later than the last row of the stream, at ",
        "line 44: a quoted cell does not end in this line; a cell may not contain a line break",
        "line 45: column 'day' has times with an offset to UTC and times without",
        "line 46: column 'load' is not numeric; the numeric columns are: heat; '\ufffd' is not a n",
    ]
    for line, message in zip(err.splitlines(), messages, strict=True):
        assert line.startswith(f"skl-lstm: {message}")
    assert "create a new Stream" not in err
    assert "Push the rows" not in err


def test_reasons_have_no_advice_for_python(folder, answer):
    text = "day,load,heat\n2020-06-09T00:00+01:00,1,1\n"
    code, _, err = answer(text)
    assert code == 1
    assert err == (
        "skl-lstm: line 2: The index of rows has dates in a time zone as the time of its rows, but "
        "in fit it had dates\n"
    )


def test_a_point_in_a_name_does_not_end_a_reason():
    text = "The row of series 'St. Ives' is late. Push it."
    assert cli.lines.first_sentence(text) == "The row of series 'St. Ives' is late"
    assert cli.lines.first_sentence("One sentence.") == "One sentence."


@pytest.mark.parametrize("with_series", [False, True])
@pytest.mark.parametrize(
    ("times", "argv"),
    [
        (["2020-05-09", "2020-05-10"], []),
        (["2020-05-09 00:00", "2020-05-09 12:30"], []),
        (["2020-05-09 00:00:00.250", "2020-05-09 00:00:01.500"], []),
        (["2020-05-09T00:00:00+02:00", "2020-05-09T01:00:00+02:00"], []),
        (["20200509T0000", "20200509T1230"], []),
        (["2020-05-09T00", "2020-05-09T12"], ["--time-format", "%Y-%m-%dT%H"]),
        (["9 May 20", "10 May 20"], ["--time-format", "%d %b %y"]),
        (["1588982400", "1589025600"], []),
    ],
)
def test_times_are_printed_as_for_a_file(tmp_path, answer, capsys, with_series, times, argv):
    table = one_table()
    if "+" in times[0]:
        table = table.tz_localize("Europe/Berlin")
    if with_series:
        table = pd.concat({"a": table}, names=["city", "day"])
    save(tmp_path / "day.skops", table)
    rows = "".join(f"a,{time},a:b,1,{i}\n" for i, time in enumerate(times))
    text = "city,day,note,load,heat\n" + rows
    (tmp_path / "new.csv").write_text(text)
    expected = of_file(tmp_path, capsys, *argv, model="day.skops")
    assert answer(text, *argv, model=tmp_path / "day.skops")[:2] == (0, expected)


def test_a_first_line_that_is_refused_does_not_count(folder, answer, capsys):
    head, *rows = (folder / "new.csv").read_text().splitlines(keepends=True)
    code, out, err = answer("".join([head, "soon,fair,1,1\n", *rows]).rstrip("\n"))
    assert (code, out, err.count("\n")) == (1, of_file(folder, capsys), 1)


def test_rows_of_the_training_are_late(answer):
    code, out, err = answer("day,note,load,heat\n2020-04-01,fair,1,1\n")
    assert (code, out) == (1, "day,load+1,load+2\n")
    assert "line 2: The row at 2020-04-01 00:00:00 is not later than the last row of the s" in err


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "standard input is empty; its first line must name the columns"),
        ("day,load\n", "no column 'heat'; the columns are: day, load"),
        ("date,load,heat\n", "no column 'day'; the columns are: date, load, heat"),
        (
            'day,load,"heat\n2020-06-09,1,1\n',
            "a quoted name does not end in the first line of standard input; a name may not "
            "contain a line break",
        ),
        (
            '"day,load,heat\n2020-06-09,1,1\n',
            "a quoted name does not end in the first line of standard input; a name may not "
            "contain a line break",
        ),
    ],
)
def test_a_head_without_the_columns_ends_the_command(answer, text, message):
    assert answer(text) == (1, "", f"skl-lstm: error: {message}\n")


def test_a_closed_input_ends_the_command(folder, monkeypatch, capsys):
    monkeypatch.setattr(sys, "stdin", None)
    assert cli.main(["predict", str(folder / "load.skops"), "-"]) == 1
    assert capsys.readouterr() == ("", "skl-lstm: error: standard input is closed\n")


@pytest.mark.parametrize(
    ("model", "argv", "message"),
    [
        (
            "intervals.skops",
            ["--coverage", "0.99999"],
            "--coverage 0.99999 needs more rows: 30 row",
        ),
        (
            "rows.skops",
            ["--time-column", "day"],
            "column 'day' cannot be the time of the rows, bec",
        ),
        ("unnamed.skops", [], "the model was trained on rows with dates as their times; name thei"),
        ("load.skops", ["--series", "note"], "the model was trained on rows with 0 columns of se"),
        ("rows.skops", ["--series", "note"], "--series needs the times of the rows, but no column"),
    ],
)
def test_what_would_refuse_every_line_ends_the_command(folder, answer, model, argv, message):
    code, out, err = answer((folder / "new.csv").read_text(), *argv, model=model)
    assert (code, out, err.count("\n")) == (1, "", 1)
    assert err.startswith(f"skl-lstm: error: {message}")


def test_the_highest_coverage_is_possible(folder, answer):
    text = (folder / "new.csv").read_text()
    assert answer(text, "--coverage", repr(30 / 31), model="intervals.skops")[0] == 0


def test_a_head_alone_is_answered(answer):
    assert answer("day,heat,load\n") == (0, "day,load+1,load+2\n", "")


@pytest.mark.parametrize("names", [["day"], ["city", "day"]])
def test_a_head_is_answered_by_a_model_that_keeps_no_rows(tmp_path, answer, names):
    table = one_table().tz_localize("UTC").rename_axis("day")
    table = pd.concat({"a": table}, names=names) if len(names) > 1 else table
    save(tmp_path / "one.skops", table, windower=SequenceWindower())
    code, out, err = answer(",".join([*names, "load,heat\n"]), model=tmp_path / "one.skops")
    assert (code, out, err) == (0, ",".join([*names, "load+1,load+2\n"]), "")


def no_zeros(frame):
    if not frame.to_numpy().all():
        raise ValueError("a zero")
    return frame


def test_the_head_waits_for_a_row_if_the_number_of_outputs_is_unknown(
    folder, answer, monkeypatch, capsys
):
    expected = of_file(folder, capsys)
    load_model = cli.jobs.load_model

    def load_with_a_step_in_front(path):
        model = load_model(path)
        model.pipeline.steps.insert(0, ("check", FunctionTransformer(no_zeros).fit([[1]])))
        return model

    monkeypatch.setattr(cli.jobs, "load_model", load_with_a_step_in_front)
    assert answer((folder / "new.csv").read_text()) == (0, expected, "")
    assert answer("day,heat,load\n") == (0, "", "")


def test_a_model_without_windows_of_labelled_rows_is_refused(tmp_path, answer):
    table = one_table()
    model = make_pipeline(FunctionTransformer(), LSTMRegressor(1, epochs=1))
    y = leads(table, "load")
    skops.io.dump(model.fit(table.loc[y.index, ["load", "heat"]], y), tmp_path / "rows.skops")
    code, out, err = answer("load,heat\n1,1\n", model=tmp_path / "rows.skops")
    assert (code, out) == (1, "")
    assert err.startswith("skl-lstm: error: cannot forecast: Stream needs a fitted Pipeline with a")


def test_an_output_file_is_a_wrong_option(folder, capsys):
    with pytest.raises(SystemExit) as stopped:
        cli.main(["predict", str(folder / "load.skops"), "-", "--output", "x.csv"])
    assert stopped.value.code == 2
    assert "--output requires a file as CSV" in capsys.readouterr().err


def test_a_closed_output_ends_the_command(folder):
    read_end, write_end = os.pipe()
    pipes = {"stdin": subprocess.PIPE, "stderr": subprocess.PIPE, "stdout": write_end}
    with subprocess.Popen(command(folder, "load.skops", "-"), cwd=folder, **pipes) as process:
        os.close(write_end)
        os.close(read_end)
        _, err = process.communicate((folder / "new.csv").read_bytes())
    assert (process.returncode, err) == (0, b"")


def test_lines_of_several_series_with_semicolons_and_commas_are_read_as_in_a_file(
    tmp_path, answer, capsys
):
    one = one_table()[["load"]]
    table = pd.concat({"north": one, "007": one * 2}, names=["city", "day"]).sort_index()
    y = leads(table, "load", horizon=2)
    model = make_pipeline(SequenceWindower(3), LSTMRegressor(2, epochs=1, random_state=0))
    model.fit(table.loc[y.index], y).target_ = "load"
    skops.io.dump(model, tmp_path / "cities.skops")
    days = pd.date_range("2020-06-07", periods=20, name="day")
    new = pd.concat({"north": one[:20].set_axis(days), "007": one[20:40].set_axis(days)})
    rows = new.rename_axis(["city", "day"]).reset_index()
    text = rows.to_csv(sep=";", decimal=",", index=False, date_format="%d.%m.%Y")
    (tmp_path / "new.csv").write_text(text)
    expected = of_file(tmp_path, capsys, "--dayfirst", model="cities.skops")
    assert expected.startswith("city,day,load+1,load+2\n007,2020-06-07,")
    code, out, err = answer(text, "--dayfirst", model=tmp_path / "cities.skops")
    assert (code, err) == (0, "")
    assert sorted(out.splitlines()) == sorted(expected.splitlines())


def test_the_first_line_decides_what_the_others_leave_open(folder, answer):
    head, decided, open_line = "day;load;heat\n", "13.06.2020;1,5;2\n", "08.07.2020;1,25;1.000\n"
    code, out, err = answer(head + decided + open_line)
    days = [line.split(",")[0] for line in out.splitlines()]
    assert (code, days) == (0, ["day", "2020-06-13", "2020-07-08"])
    assert err.startswith("skl-lstm: note: dates in 'day' have the day first\n")
    code, out, err = answer(head + open_line + decided)
    days = [line.split(",")[0] for line in out.splitlines()]
    assert (code, days) == (1, ["day", "2020-06-13"])
    number, refused, note, _ = err.splitlines()
    assert number == (
        "skl-lstm: note: 'heat' is read with decimal commas, because other columns have them"
    )
    assert refused.startswith(
        "skl-lstm: line 2: column 'day' has dates such as '08.07.2020', and no"
    )
    assert note == "skl-lstm: note: dates in 'day' have the day first"


@pytest.mark.parametrize("option", [["--output", "x.csv"], ["--fill", "drop"], ["--no-header"]])
def test_options_of_files_are_refused(folder, capsys, option):
    with pytest.raises(SystemExit, match="2"):
        cli.main(["predict", str(folder / "load.skops"), "-", *option])
    assert f"{option[0]} requires a file as CSV, but CSV is -" in capsys.readouterr().err
