"""What a saved model remembers of its file, and how later files are read."""

import io
import sys

import numpy as np
import pandas as pd
import pytest
import skops.io
from hypothesis import given, settings
from hypothesis import strategies as st

from skl_lstm import TRUSTED_TYPES, cli
from skl_lstm.cli import files
from skl_lstm.cli.reading import Reading, as_in_training, from_plain, to_plain

QUICK = ["--timesteps", "2", "--units", "2", "--epochs", "1", "--folds", "2", "--no-plot"]
OPTIONS = {
    "separator": st.sampled_from([";", "\t"]),
    "decimal": st.sampled_from([".", ","]),
    "encoding": st.just("cp437"),
    "header": st.booleans(),
    "skip_above": st.integers(0, 3),
    "skip_below": st.integers(0, 3),
    "time_columns": st.just(("day", "time")),
    "series": st.just(("site",)),
    "day_first": st.booleans(),
    "time_format": st.just("%d.%m.%y"),
    "usual_decimal": st.sampled_from([".", ","]),
}
READINGS = st.fixed_dictionaries({}, optional=OPTIONS).map(lambda fields: Reading(**fields))


@settings(deadline=None)
@given(reading=READINGS)
def test_a_reading_is_the_same_after_a_file(reading):
    assert from_plain(to_plain(reading)) == reading


@settings(deadline=None)
@given(trained=READINGS, given_again=READINGS)
def test_an_option_replaces_that_of_the_training(trained, given_again):
    reading, remark = as_in_training(trained, given_again)
    form = {"day_first", "time_format"}
    is_form_given = any(getattr(given_again, name) is not None for name in form)
    for name in Reading._fields:
        new, old = getattr(given_again, name), getattr(trained, name)
        expected = old if new in (None, ()) else new
        if name in form and is_form_given:
            expected = new
        assert getattr(reading, name) == expected
    assert as_in_training(trained, trained)[1] == ""
    if given_again == Reading() and trained.time_format:
        assert "--time-format '%d.%m.%y'" in remark


def test_a_remark_lists_what_is_remembered():
    trained = Reading(
        ";", ",", "cp437", False, 2, 1, ("day", "time"), ("site",), True, "%d.%m.%y", ","
    )
    assert as_in_training(trained, Reading())[1] == (
        "as in the training, read with --sep ';' --decimal ',' --encoding cp437 --no-header "
        "--skip-above 2 --skip-below 1 --dayfirst --time-format '%d.%m.%y'"
    )
    given_again = Reading(separator="\t", day_first=False, header=True)
    assert as_in_training(trained, given_again)[1] == (
        "as in the training, read with --decimal ',' --encoding cp437 --skip-above 2 --skip-below 1"
    )
    assert as_in_training(Reading(separator="\t"), Reading())[1] == (
        "as in the training, read with --sep tab"
    )


@pytest.mark.parametrize(
    "fields", [{"separator": 5}, {"skip_above": True}, {"time_columns": "day"}, {"other": "x"}]
)
def test_a_reading_that_is_none_is_refused(fields):
    (field,) = fields.items()
    with pytest.raises(ValueError, match="^{}={!r} is not a way to read a file$".format(*field)):
        from_plain(fields)


# The whole command.


def run(capsys, *argv):
    """Run a command that must succeed; return its standard output and standard error."""
    assert cli.main([*map(str, argv)]) == 0
    return capsys.readouterr()


def error_of(capsys, *argv):
    assert cli.main([*map(str, argv)]) == 1
    return capsys.readouterr().err


def hours(start, rows):
    times = pd.date_range(start, periods=rows, freq="h")
    load = np.random.default_rng(0).normal(3, size=rows).round(3)
    return pd.DataFrame({"time": times, "load": load})


def german(table):
    """Return a table as text with the day first, the time of day apart, and decimal commas."""
    columns = {
        "Datum": table["time"].dt.strftime("%d.%m.%Y"),
        "Uhrzeit": table["time"].dt.strftime("%H:%M"),
        "load": table["load"].map("{:.3f}".format).str.replace(".", ","),
    }
    return pd.DataFrame(columns).to_csv(index=False, sep=";")


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """A model of hours in March 2026, from a file with the day first."""
    folder = tmp_path_factory.mktemp("model")
    (folder / "load.csv").write_text(german(hours("2026-03-20", 120)))
    argv = ["fit", folder / "load.csv", *QUICK, "--save", folder / "load.skops"]
    assert cli.main([*map(str, argv)]) == 0
    return folder / "load.skops"


def test_two_columns_of_times_are_reported_and_saved(model, capsys):
    out, err = run(capsys, "fit", model.with_name("load.csv"), *QUICK)
    assert err == ""
    assert out.startswith(
        "The time of the rows is in the columns 'Datum' and 'Uhrzeit'.\n"
        "Dates in 'Datum Uhrzeit' have the day first.\n120 rows of 1 feature"
    )
    saved = files.load_model(model)
    assert saved.reading == Reading(
        time_columns=("Datum", "Uhrzeit"), day_first=True, usual_decimal=","
    )
    assert saved.windower.history_.index.names == ["Datum Uhrzeit"]


def test_a_short_later_file_is_read_as_in_the_training(model, tmp_path, capsys, monkeypatch):
    new = hours("2026-04-03", 3)
    text = german(new)
    assert "03.04.2026;00:00;" in text
    (tmp_path / "new.csv").write_text(text)
    iso = new.rename(columns={"time": "Datum Uhrzeit"})
    iso.to_csv(tmp_path / "iso.csv", index=False)
    other = ["--time-column", "Datum Uhrzeit", "--dayfirst"]
    for job, csv in [("forecast", "new.csv"), ("predict", "new.csv")]:
        expected, _ = run(capsys, job, model, tmp_path / "iso.csv", *other)
        out, err = run(capsys, job, model, tmp_path / csv)
        assert out == expected
        assert out.startswith("Datum Uhrzeit,load")
        notes = err.splitlines()
        assert notes[:2] == [
            "skl-lstm: note: as in the training, read with --dayfirst",
            "skl-lstm: note: 'load' is read with decimal commas, as in the training",
        ]
    expected, _ = run(capsys, "predict", model, tmp_path / "new.csv")
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
    out, err = run(capsys, "predict", model, "-")
    # Times of lines are printed with seconds at midnight.
    assert [line.split(",")[1:] for line in out.splitlines()] == [
        line.split(",")[1:] for line in expected.splitlines()
    ]
    assert "as in the training, read with --dayfirst" in err
    out, _ = run(capsys, "export", model, tmp_path / "load.onnx")
    assert "Its input X has windows of 2 timesteps of the features load." in out


def test_an_option_overrides_what_a_model_remembers(model, tmp_path, capsys):
    path = tmp_path / "new.csv"
    path.write_text("Datum;Uhrzeit;load\n04/03/2026;00:00;1,5\n04/03/2026;01:00;2,5\n")
    out, err = run(capsys, "predict", model, path, "--no-dayfirst")
    assert "\n2026-04-03 01:00:00," in out
    assert "as in the training" not in err
    path.write_text("Datum;Uhrzeit;load\n04/30/2026;00:00;1,5\n")
    assert error_of(capsys, "predict", model, path).endswith(
        "skl-lstm: error: column 'Datum Uhrzeit' contains '04/30/2026 00:00', which is not a date; "
        "correct it, or name the form of the column with --time-format, --dayfirst or "
        "--no-dayfirst\n"
    )
    path.write_text("Datum;load\n03.04.2026;1,5\n")
    assert "no column 'Uhrzeit'; the columns are: Datum, load; name it with --time-column" in (
        error_of(capsys, "predict", model, path)
    )


def test_the_marks_of_a_later_file_decide_before_those_of_the_training(model, tmp_path, capsys):
    path = tmp_path / "new.csv"
    path.write_text("Datum;Uhrzeit;load;heat\n03.04.2026;00:00;1.234;1.5\n")
    _, err = run(capsys, "predict", model, path)
    assert "'load' is read with decimal points, because other columns have them" in err


def test_all_options_on_text_are_remembered(tmp_path, capsys):
    table = hours("2026-03-20", 120)
    rows = zip(table["time"].dt.strftime("%y%m%d%H"), table["load"], strict=True)
    head = "Zähler 7\nStunde Wärme\n- kW\n"
    text = head + "".join(f"{time} {load}\n" for time, load in rows)
    path, model = tmp_path / "load.csv", tmp_path / "load.skops"
    path.write_bytes(text.encode("cp437"))
    options = ["--sep", " ", "--encoding", "cp437", "--skip-above", 1, "--skip-below", 1]
    options += ["--time-column", "Stunde", "--time-format", "%y%m%d%H", "--decimal", "."]
    run(capsys, "fit", path, *options, *QUICK, "--save", model)
    out, err = run(capsys, "forecast", model, path)
    assert out.startswith("Stunde,Wärme\n2026-03-25,")
    assert err == (
        "skl-lstm: note: as in the training, read with --sep ' ' --decimal '.' --encoding cp437 "
        "--skip-above 1 --skip-below 1 --time-format '%y%m%d%H'\n"
    )
    path.write_bytes(text.replace("- kW\n", "").encode("cp437"))
    assert cli.main(["forecast", str(model), str(path)]) == 1
    assert "line 3, '26032000 | " in (err := capsys.readouterr().err)
    assert "holds values like those of line 4, but --skip-below 1 leaves it out" in err


def test_integers_are_read_in_the_form_of_the_training(tmp_path, capsys):
    path, model, later = tmp_path / "load.csv", tmp_path / "load.skops", tmp_path / "new.csv"
    days = pd.date_range("2010-12-01", periods=60).strftime("%Y%m%d")
    pd.DataFrame({"t": days, "load": np.arange(60.0)}).to_csv(path, index=False)
    run(capsys, "fit", path, "--time-column", "t", "--target", "load", *QUICK, "--save", model)
    later.write_text("t,load\n20110502,1.5\n")  # or 2 o'clock on 5 November 2020
    out, err = run(capsys, "predict", model, later)
    assert "\n2011-05-02," in out
    assert "note: as in the training, read with --time-format '%Y%m%d'\n" in err


def test_a_file_of_earlier_code_is_loaded(model, tmp_path, capsys):
    pipeline = skops.io.load(model, trusted=TRUSTED_TYPES)
    del pipeline.reading_
    skops.io.dump(pipeline, tmp_path / "old.skops")
    saved = files.load_model(tmp_path / "old.skops")
    assert saved.reading == Reading(time_columns=("Datum Uhrzeit",))
    pipeline.reading_ = to_plain(Reading(time_columns=("another",), day_first=True))
    skops.io.dump(pipeline, tmp_path / "other.skops")
    assert files.load_model(tmp_path / "other.skops").reading == saved.reading
    pipeline.reading_ = {"separator": 5}
    skops.io.dump(pipeline, tmp_path / "bad.skops")
    assert error_of(capsys, "predict", tmp_path / "bad.skops", "x.csv") == (
        f"skl-lstm: error: cannot load {tmp_path / 'bad.skops'}: it is not a complete file from "
        "--save (ValueError: separator=5 is not a way to read a file)\n"
    )


def test_a_model_without_a_header_reads_lines_with_one(tmp_path, capsys, monkeypatch):
    path, model = tmp_path / "load.csv", tmp_path / "load.skops"
    table = hours("2026-03-20", 120)
    table.to_csv(path, index=False, header=False)
    run(capsys, "fit", path, "--no-header", *QUICK, "--save", model)
    out, err = run(capsys, "forecast", model, path)
    assert out.startswith("c0,c1\n2026-03-25,")
    assert err == "skl-lstm: note: as in the training, read with --no-header\n"
    lines = b"c0,c1\n2026-03-25 01:00:00,1.5\n"
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(lines)))
    out, err = run(capsys, "predict", model, "-")
    assert out.startswith("c0,c1+1\n2026-03-25 01:00:00,")
    assert "--no-header" not in err


def test_year_month_day_and_hour_are_read_from_files_and_lines(tmp_path, capsys, monkeypatch):
    path, model, new = tmp_path / "load.csv", tmp_path / "load.skops", tmp_path / "new.csv"
    table = hours("2026-03-20", 124)
    parts = {part: getattr(table["time"].dt, part) for part in ("year", "month", "day", "hour")}
    table = pd.DataFrame({**parts, "load": table["load"]})
    table[:120].to_csv(path, index=False)
    out, _ = run(capsys, "fit", path, *QUICK, "--save", model)
    assert out.startswith(
        "The time of the rows is in the columns 'year', 'month', 'day' and 'hour'.\n"
        "120 rows of 1 feature"
    )
    table[120:].to_csv(new, index=False)
    out, err = run(capsys, "predict", model, new)
    assert err == ""
    assert out.startswith("year month day hour,load+1\n2026-03-25 00:00:00,")
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(new.read_bytes())))
    assert run(capsys, "predict", model, "-") == (out, "")
