"""Pictures of a backtest: every line is the rows of its model, series and step, in time order."""

import re
from functools import partial

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.colors import to_rgb
from matplotlib.dates import date2num
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.metrics import (
    mean_absolute_error,
    mean_pinball_loss,
    r2_score,
    root_mean_squared_error,
)

from skl_lstm.inspection import ForecastDisplay, StepErrorDisplay

HOURS = pd.date_range("2024-03-30 20:00", periods=12, freq="h")
DISPLAYS = [ForecastDisplay, StepErrorDisplay]


def whole(message):
    return f"^{re.escape(message)}$"


@pytest.fixture(autouse=True)
def no_figure_left():
    yield
    plt.close("all")


def backtest_of(
    times=HOURS, *, models=("lstm",), series=(None,), targets=(None,), steps=(1, 2), origins=None
):
    """The rows of a backtest as a loop writes them; series are names, or tuples of names."""
    rng = np.random.default_rng(0)
    rows = []
    for model in models:
        for name in series:
            names = name if isinstance(name, tuple) else (name,) * (name is not None)
            for target in targets:
                truth = np.random.default_rng(len(str((name, target)))).normal(size=len(times))
                for origin in range(len(times) - max(steps)) if origins is None else origins:
                    for step in steps:
                        row = {"model": model, "fold": origin // 4, "origin": times[origin]}
                        row |= dict(zip(("river", "station"), names, strict=False))
                        row |= {} if target is None else {"target": target}
                        row |= {"step": step, "time": times[origin + step]}
                        row |= {"truth": truth[origin + step], "forecast": rng.normal()}
                        rows.append(row)
    return pd.DataFrame(rows)


def as_numbers(times):
    """Times on the axis of a plot: dates in days, lengths of time in seconds."""
    times = pd.Index(times)
    if isinstance(times, pd.PeriodIndex):
        times = times.to_timestamp()
    if isinstance(times, pd.TimedeltaIndex):
        return times.total_seconds()
    if isinstance(times, pd.DatetimeIndex):
        return date2num(times.tz_localize(None))
    return times


def assert_drawn(lines, frame, models):
    """The lines of a panel are the rows of `frame`, a model at a time."""
    truth, *forecasts = lines
    assert truth.get_label() == "truth"
    assert [line.get_label() for line in forecasts] == list(models)
    for name, line in zip(models, forecasts, strict=True):
        rows = frame[frame["model"] == name].sort_values("time", kind="stable")
        for drawn, column in [(truth, "truth"), (line, "forecast")]:
            x = drawn.get_xdata()
            x = date2num(x) if x.dtype.kind == "M" else x
            assert_array_equal(x, as_numbers(rows["time"]))
            assert_array_equal(drawn.get_ydata(), rows[column])


def legend_of(display):
    (legend,) = display.figure_.legends or [display.axes_[0, 0].get_legend()]
    return [text.get_text() for text in legend.get_texts()]


# --- ForecastDisplay -------------------------------------------------------------------------


def test_one_model_of_one_series():
    frame = backtest_of(steps=[1])
    display = ForecastDisplay.from_backtest(frame)
    assert display.lines_.shape == (1, 1, 2)
    assert_drawn(display.lines_[0, 0], frame, ["lstm"])
    (ax,) = display.axes_.flat
    assert (ax.get_title(), ax.get_xlabel(), ax.get_ylabel()) == ("", "time", "")
    assert legend_of(display) == ["truth", "lstm"]


@pytest.mark.parametrize(
    ("model", "drawn"),
    [
        (None, ["lstm", "ridge", "naive"]),
        ("ridge", ["ridge"]),
        (["naive", "lstm"], ["naive", "lstm"]),
        (np.array(["naive", "lstm", "naive"]), ["naive", "lstm"]),
    ],
)
def test_a_line_a_model(model, drawn):
    frame = backtest_of(models=["lstm", "ridge", "naive"])
    display = ForecastDisplay.from_backtest(frame, model=model)
    assert display.lines_.shape == (1, 2, 1 + len(drawn))
    assert list(display.y_pred) == drawn
    for column, step in enumerate([1, 2]):
        assert_drawn(display.lines_[0, column], frame[frame["step"] == step], drawn)
    assert legend_of(display) == ["truth", *drawn]
    looks = {(line.get_color(), line.get_linestyle()) for line in display.lines_[0, 0]}
    assert len(looks) == 1 + len(drawn)


def test_more_models_than_colours():
    frame = backtest_of(models=[f"model {i}" for i in range(9)], steps=[1])
    lines = ForecastDisplay.from_backtest(frame).lines_[0, 0]
    assert len({(line.get_color(), line.get_linestyle()) for line in lines}) == 10


def test_a_model_may_have_any_name():
    frame = backtest_of(models=["truth", "forecast"], steps=[1])
    display = ForecastDisplay.from_backtest(frame)
    assert_drawn(display.lines_[0, 0], frame, ["truth", "forecast"])


@pytest.mark.parametrize("series", [["north", "south"], [("Elbe", 2), ("Elbe", 1), ("Po", 1)]])
def test_a_row_of_panels_a_series(series):
    frame = backtest_of(models=["a", "b"], series=series, steps=[1, 2, 3])
    display = ForecastDisplay.from_backtest(frame.sample(frac=1, random_state=0))
    assert display.axes_.shape == (len(series), 2)
    panels = zip(display.axes_.flat, display.lines_.reshape(-1, 3), strict=True)
    lines_of = {ax.get_title(): lines for ax, lines in panels}
    names = ["river", "station"][: 2 if isinstance(series[0], tuple) else 1]
    for labels, rows in frame.groupby(names):
        for step in (1, 3):
            title = f"{', '.join(map(str, labels))}, {step} step{'s' * (step > 1)} ahead"
            assert_drawn(lines_of.pop(title), rows[rows["step"] == step], list(display.y_pred))
    assert not lines_of
    assert set(display.y_pred) == {"a", "b"}


def test_series_are_in_the_order_of_the_frame():
    frame = backtest_of(series=["south", "north", "west"], steps=[1])
    display = ForecastDisplay.from_backtest(frame)
    assert [ax.get_title() for ax in display.axes_.flat] == ["south", "north", "west"]
    display = ForecastDisplay.from_backtest(frame, series=[2])
    assert [ax.get_title() for ax in display.axes_.flat] == ["west"]
    display = ForecastDisplay.from_backtest(frame, series=2)
    assert [ax.get_title() for ax in display.axes_.flat] == ["south", "west"]


def test_series_that_are_categories():
    frame = backtest_of(series=["south", "north"], models=["a", "b"], steps=[1])
    frame = frame.astype({"river": "category", "model": "category"})
    display = ForecastDisplay.from_backtest(frame[frame["river"] == "south"])
    assert display.axes_.shape == (1, 1)
    assert list(display.lines_[0, 0, 1].get_ydata()) == list(
        frame.query("river == 'south' and model == 'a'")["forecast"]
    )


@pytest.mark.parametrize(
    ("steps", "columns"), [(None, [3, 5]), (4, [4]), ([5, 3], [5, 3]), (np.int64(3), [3])]
)
def test_steps_begin_after_a_gap(steps, columns):
    frame = backtest_of(steps=[3, 4, 5])
    display = ForecastDisplay.from_backtest(frame, steps=steps)
    assert [ax.get_title() for ax in display.axes_.flat] == [f"{n} steps ahead" for n in columns]
    for lines, step in zip(display.lines_[0], columns, strict=True):
        assert_drawn(lines, frame[frame["step"] == step], ["lstm"])
    assert_array_equal(display.steps_ahead, [3, 4, 5])


def test_the_only_step_is_named_unless_it_is_the_next_one():
    display = ForecastDisplay.from_backtest(backtest_of(steps=[3]))
    assert display.axes_[0, 0].get_title() == "3 steps ahead"


@pytest.mark.parametrize(
    "times",
    [
        pd.date_range("2024-01-01", periods=12, tz="America/New_York"),
        HOURS.tz_localize("UTC").tz_convert("Europe/Berlin"),  # the clocks go forward
        pd.period_range("2024-01", periods=12, freq="M"),
        pd.timedelta_range("0h", periods=12, freq="h"),
        pd.RangeIndex(12),
        pd.Index(np.arange(12) * 0.5),
    ],
    ids=["zone", "clock change", "months", "lengths", "integers", "floats"],
)
@pytest.mark.parametrize("series", [(None,), ("north", "south")])
def test_times_of_any_kind(times, series):
    frame = backtest_of(times, series=series)
    display = ForecastDisplay.from_backtest(frame.sample(frac=1, random_state=0))
    for row, name in enumerate(pd.unique(display.times.get_level_values(0))[: len(series)]):
        rows = frame if series == (None,) else frame[frame["river"] == name]
        for column, step in enumerate([1, 2]):
            assert_drawn(display.lines_[row, column], rows[rows["step"] == step], ["lstm"])
    display.figure_.draw_without_rendering()


def test_forecasts_made_once_a_day_are_one_line():
    days = pd.date_range("2024-01-01", periods=97, freq="h")
    frame = backtest_of(days, steps=range(1, 25), origins=[0, 24, 48, 72])
    display = ForecastDisplay.from_backtest(frame, steps=[1, 12])
    for lines, step in zip(display.lines_[0], [1, 12], strict=True):
        assert_drawn(lines, frame[frame["step"] == step], ["lstm"])
        assert np.isfinite([line.get_ydata() for line in lines]).all()


def test_a_single_forecast_can_be_seen():
    display = ForecastDisplay.from_backtest(backtest_of(origins=[0]))
    assert [line.get_marker() for line in display.lines_.flat] == ["o"] * 4
    display = ForecastDisplay.from_backtest(backtest_of(origins=[0, 1]))
    assert [line.get_marker() for line in display.lines_.flat] == ["None"] * 4


@pytest.mark.parametrize("dtype", ["float64", "Float64"])
def test_a_truth_that_is_not_known_yet_is_a_gap_here_too(dtype):
    frame = backtest_of(steps=[1]).astype({"truth": dtype})
    frame.loc[4, "truth"] = pd.NA if dtype == "Float64" else np.nan
    truth, forecast = ForecastDisplay.from_backtest(frame).lines_[0, 0]
    assert_array_equal(np.isnan(truth.get_ydata()), np.arange(11) == 4)
    assert_array_equal(forecast.get_ydata(), frame["forecast"])


@pytest.mark.parametrize("target", ["load", "wind"])
def test_one_of_several_targets(target):
    frame = backtest_of(targets=["load", "wind"], steps=[1])
    display = ForecastDisplay.from_backtest(frame, target=target)
    only = frame[frame["target"] == target]
    assert_drawn(display.lines_[0, 0], only, ["lstm"])
    again = ForecastDisplay.from_backtest(only)
    assert_drawn(again.lines_[0, 0], only, ["lstm"])
    assert [d.axes_[0, 0].get_ylabel() for d in (display, again)] == [target, target]


def test_other_columns_on_the_right_name_no_series():
    frame = backtest_of(steps=[1]).assign(error=1.0, month="March")
    display = ForecastDisplay.from_backtest(frame)
    assert display.axes_.shape == (1, 1)


def test_it_draws_on_given_axes():
    _, axes = plt.subplots(2, 1)
    frame = backtest_of(models=["a", "b"])
    display = ForecastDisplay.from_backtest(frame, ax=axes)
    assert list(display.axes_.flat) == list(axes)
    assert legend_of(display) == ["truth", "a", "b"]
    assert display.plot(steps=2).axes_.shape == (1, 1)
    assert len(plt.get_fignums()) == 2


def test_the_frame_stays_as_it_is():
    frame = backtest_of(models=["a", "b"], series=["n", "s"])
    before = frame.copy()
    for display in DISPLAYS:
        display.from_backtest(frame, model="b")
    pd.testing.assert_frame_equal(frame, before)


@pytest.mark.parametrize(
    ("steps", "error", "message"),
    [
        (1, ValueError, "steps must be in the column step of frame, 3, 4; got [1]."),
        ([4, 5], ValueError, "steps must be in the column step of frame, 3, 4; got [5]."),
        ("last", TypeError, "steps must be an integer or a list of them; got 'last'."),
    ],
)
def test_steps_that_are_not_in_a_backtest(steps, error, message):
    with pytest.raises(error, match=whole(message)):
        ForecastDisplay.from_backtest(backtest_of(steps=[3, 4]), steps=steps)
    assert not plt.get_fignums()


@pytest.mark.parametrize("again", [{"fold": 9}, {"month": "May"}])
def test_two_forecasts_for_one_time_are_no_line(again):
    frame = backtest_of(steps=[2])
    frame = pd.concat([frame, frame[3:5].assign(**again)])
    message = (
        "4 rows of frame are not the only forecast of their model, series, step and time; the "
        "first is 2 step(s) ahead for 2024-03-31 01:00:00. If test folds overlap, select one: "
        "frame[frame['fold'] == 0]. Columns that name the series must be left of 'step'."
    )
    with pytest.raises(ValueError, match=whole(message)):
        ForecastDisplay.from_backtest(frame)
    assert not plt.get_fignums()


# --- bands of intervals ----------------------------------------------------------------------


def with_intervals(frame, *models):
    """A frame with intervals, only for the given models if there are any."""
    half = 0.2 + np.random.default_rng(1).random(len(frame))
    frame = frame.assign(
        lower=frame["forecast"] - half, upper=frame["forecast"] + 2 * half, coverage=0.9
    )
    if models:
        frame.loc[~frame["model"].isin(models), ["lower", "upper", "coverage"]] = np.nan
    return frame


def assert_band(band, line, rows):
    """A band goes along the lower bounds, and back along the upper ones, in time order."""
    rows = rows.sort_values("time", kind="stable")
    (path,) = band.get_paths()
    x = as_numbers(rows["time"])
    lower, upper = rows["lower"].to_numpy(float), rows["upper"].to_numpy(float)
    n = len(rows)
    assert_allclose(path.vertices[1 : n + 1], np.column_stack([x, lower]))
    assert_allclose(path.vertices[n + 2 : 2 * n + 2], np.column_stack([x, upper])[::-1])
    assert to_rgb(band.get_facecolor()[0]) == to_rgb(line.get_color())
    assert band.get_alpha() < 1


def test_the_interval_of_one_model_is_a_band_with_a_name():
    frame = with_intervals(backtest_of(steps=[1]))
    display = ForecastDisplay.from_backtest(frame.sample(frac=1, random_state=0))
    assert display.bands_.shape == (1, 1, 1)
    assert_band(display.bands_[0, 0, 0], display.lines_[0, 0, 1], frame)
    assert legend_of(display) == ["truth", "lstm", "90 % interval"]
    display.figure_.draw_without_rendering()


@pytest.mark.parametrize(
    ("coverage", "name"),
    [(0.95 - 0.05, "90 % interval"), (0.9973, "99.73 % interval"), (np.nan, "interval")],
)
def test_the_name_of_a_band(coverage, name):
    frame = with_intervals(backtest_of(steps=[1])).assign(coverage=coverage)
    assert legend_of(ForecastDisplay.from_backtest(frame))[-1] == name
    frame.loc[3, "coverage"] = 0.5
    frame["coverage"] = frame["coverage"].fillna(0.6)
    assert legend_of(ForecastDisplay.from_backtest(frame))[-1] == "interval"
    no_promise = frame.drop(columns="coverage")
    assert legend_of(ForecastDisplay.from_backtest(no_promise))[-1] == "interval"


def test_bands_of_several_models_are_known_by_their_colours():
    frame = with_intervals(backtest_of(models=["lstm", "ridge", "naive"]), "lstm", "ridge")
    display = ForecastDisplay.from_backtest(frame)
    assert display.bands_.shape == (1, 2, 3)
    for column, step in enumerate([1, 2]):
        for model, name in enumerate(["lstm", "ridge"]):
            rows = frame[(frame["model"] == name) & (frame["step"] == step)]
            line = display.lines_[0, column, 1 + model]
            assert_band(display.bands_[0, column, model], line, rows)
        assert display.bands_[0, column, 2] is None
    assert legend_of(display) == ["truth", "lstm", "ridge", "naive"]
    only = ForecastDisplay.from_backtest(frame, model="naive")
    assert only.bands_.tolist() == [[[None], [None]]]


def test_a_backtest_without_intervals_has_no_bands():
    frame = backtest_of(steps=[1])
    for each in (frame, frame.assign(lower=0.0, coverage="of snow")):
        display = ForecastDisplay.from_backtest(each)
        assert display.bands_.tolist() == [[[None]]]
        assert not display.axes_[0, 0].collections


@pytest.mark.parametrize(
    "times",
    [
        pd.date_range("2024-01-01", periods=12, tz="America/New_York"),
        pd.period_range("2024-01", periods=12, freq="M"),
        pd.timedelta_range("0h", periods=12, freq="h"),
        pd.RangeIndex(12),
    ],
    ids=["zone", "months", "lengths", "integers"],
)
def test_a_panel_of_bands_a_series(times):
    frame = with_intervals(backtest_of(times, series=("north", "south"), steps=[2, 3]))
    display = ForecastDisplay.from_backtest(frame)
    for row, name in enumerate(["north", "south"]):
        for column, step in enumerate([2, 3]):
            rows = frame[(frame["river"] == name) & (frame["step"] == step)]
            line = display.lines_[row, column, 1]
            assert_band(display.bands_[row, column, 0], line, rows)


def test_bands_of_forecasts_made_once_a_day_have_no_gaps():
    days = pd.date_range("2024-01-01", periods=97, freq="h")
    frame = with_intervals(backtest_of(days, steps=range(1, 25), origins=[0, 24, 48, 72]))
    display = ForecastDisplay.from_backtest(frame, steps=[1, 12])
    for column, step in enumerate([1, 12]):
        line = display.lines_[0, column, 1]
        assert_band(display.bands_[0, column, 0], line, frame[frame["step"] == step])


@pytest.mark.parametrize("dtype", ["float64", "Float64"])
def test_a_bound_that_is_not_known_is_a_gap(dtype):
    frame = with_intervals(backtest_of(steps=[1])).astype({"upper": dtype})
    frame.loc[4, "upper"] = pd.NA if dtype == "Float64" else np.nan
    display = ForecastDisplay.from_backtest(frame)
    before, after = display.bands_[0, 0, 0].get_paths()
    assert before.vertices[:, 0].max() == date2num(frame["time"][3])
    assert after.vertices[:, 0].min() == date2num(frame["time"][5])


def test_a_single_interval_can_be_seen():
    display = ForecastDisplay.from_backtest(with_intervals(backtest_of(origins=[0])))
    assert [band.get_linewidth() for band in display.bands_.flat] == [[3], [3]]
    display = ForecastDisplay.from_backtest(with_intervals(backtest_of(origins=[0, 1])))
    assert [band.get_linewidth() for band in display.bands_.flat] == [[0], [0]]


# --- StepErrorDisplay ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("metric", "function", "name"),
    [
        (root_mean_squared_error, root_mean_squared_error, "root mean squared error"),
        ("mean_absolute_error", mean_absolute_error, "mean absolute error"),
        ("neg_mean_absolute_error", mean_absolute_error, "mean absolute error"),
        (partial(mean_pinball_loss, alpha=0.9), None, "mean pinball loss"),
    ],
)
def test_the_error_of_every_step(metric, function, name):
    frame = backtest_of(models=["lstm", "ridge"], series=["n", "s"], steps=[2, 3, 4])
    display = StepErrorDisplay.from_backtest(frame.sample(frac=1), metric=metric, model=None)
    assert set(display.errors) == {"lstm", "ridge"}
    assert display.errors.index.tolist() == [2, 3, 4]
    assert (display.errors.index.name, display.errors.columns.name) == ("step", "model")
    for (model, step), rows in frame.groupby(["model", "step"]):
        expected = (function or metric)(rows["truth"], rows["forecast"])
        assert display.errors.loc[step, model] == pytest.approx(expected)
    assert display.lines_.shape == (2,)
    for model, line in zip(display.errors, display.lines_, strict=True):
        assert line.get_label() == model
        assert_array_equal(line.get_xdata(), [2, 3, 4])
        assert_array_equal(line.get_ydata(), display.errors[model])
    assert (display.ax_.get_xlabel(), display.ax_.get_ylabel()) == ("steps ahead", name)
    assert display.figure_ is display.ax_.figure
    assert display.ax_.get_ylim()[0] == 0


@settings(max_examples=10, deadline=None)
@given(st.data())
def test_the_table_of_errors_is_a_loop_over_the_rows(data):
    models = data.draw(st.lists(st.sampled_from("abcd"), min_size=1, max_size=3, unique=True))
    steps = data.draw(st.lists(st.integers(1, 5), min_size=1, max_size=3, unique=True))
    frame = backtest_of(models=models, steps=steps, series=["n", "s"])
    unknown = data.draw(st.lists(st.sampled_from(range(len(frame))), max_size=5))
    frame.loc[unknown, "truth"] = np.nan
    errors = StepErrorDisplay.from_backtest(frame).errors
    plt.close()
    assert errors.columns.tolist() == models
    assert errors.index.tolist() == sorted(steps)
    for model in models:
        for step in steps:
            squares = [
                (row.truth - row.forecast) ** 2
                for row in frame.itertuples()
                if row.model == model and row.step == step and row.truth == row.truth
            ]
            assert_allclose(errors.loc[step, model], np.sqrt(np.mean(squares)))


@pytest.mark.parametrize(
    ("model", "drawn"), [(None, ["b", "a"]), ("a", ["a"]), (["a", "b"], ["a", "b"])]
)
def test_the_columns_are_the_chosen_models(model, drawn):
    display = StepErrorDisplay.from_backtest(backtest_of(models=["b", "a"]), model=model)
    assert list(display.errors) == drawn
    assert [text.get_text() for text in display.ax_.get_legend().get_texts()] == drawn


def test_the_error_of_one_target():
    frame = backtest_of(targets=["load", "wind"])
    one = StepErrorDisplay.from_backtest(frame, target="wind").errors
    only = StepErrorDisplay.from_backtest(frame[frame["target"] == "wind"]).errors
    pd.testing.assert_frame_equal(one, only)


@pytest.mark.parametrize("step", [1, 4])
def test_the_error_of_a_single_step_can_be_seen(step):
    display = StepErrorDisplay.from_backtest(backtest_of(models=["a", "b"], steps=[step]))
    assert [line.get_marker() for line in display.lines_] == ["o", "o"]
    assert display.ax_.get_xlim() == (step - 0.5, step + 0.5)
    left, right = display.ax_.get_xlim()
    assert [tick for tick in display.ax_.get_xticks() if left <= tick <= right] == [step]


def test_many_steps_have_no_markers():
    frame = backtest_of(pd.RangeIndex(110), steps=range(1, 97))
    (line,) = StepErrorDisplay.from_backtest(frame).lines_
    assert line.get_marker() == "None"


def test_a_metric_of_ones_own_can_be_below_zero():
    display = StepErrorDisplay.from_backtest(backtest_of(), metric=r2_score)
    lowest = display.errors.min(axis=None)
    assert display.ax_.get_ylim()[0] < lowest < 0
    assert display.ax_.get_ylabel() == "r2 score"

    class Bias:
        def __call__(self, y_true, y_pred):
            return np.mean(y_pred - y_true)

    assert StepErrorDisplay.from_backtest(backtest_of(), metric=Bias()).metric_name == "Bias"


def test_two_displays_share_axes():
    _, ax = plt.subplots()
    small = backtest_of(models=["small"])
    large = backtest_of(models=["large"], steps=[1, 2, 3, 4]).assign(forecast=100.0)
    for frame in (small, large):
        display = StepErrorDisplay.from_backtest(frame, ax=ax)
        assert display.ax_ is ax
    display.figure_.draw_without_rendering()
    assert ax.get_xlim() == (0.5, 4.5)
    assert ax.get_ylim()[0] == 0
    assert ax.get_ylim()[1] > display.errors.max(axis=None)
    assert len(plt.get_fignums()) == 1


def test_errors_can_be_drawn_without_a_backtest():
    errors = pd.DataFrame({"a": [1.0, 2.0]}, index=[1, 2])
    display = StepErrorDisplay(errors=errors)
    assert display.plot() is display
    assert display.ax_.get_ylabel() == "error"
    assert_array_equal(display.lines_[0].get_ydata(), [1, 2])


_NAMES = (
    "'max_error', 'mean_absolute_error', 'mean_absolute_percentage_error', 'mean_squared_error', "
    "'mean_squared_log_error', 'median_absolute_error', 'root_mean_squared_error', "
    "'root_mean_squared_log_error', 'coverage', 'interval_score', 'pinball_loss', 'width'"
)


@pytest.mark.parametrize(
    ("metric", "error", "message"),
    [
        (
            "mean_square_error",
            ValueError,
            f"metric 'mean_square_error' is not one of {_NAMES}. Any other error can be passed as "
            "a function metric(y_true, y_pred). Did you mean 'mean_squared_error' or "
            "'mean_squared_log_error' or 'root_mean_squared_error'?",
        ),
        (
            "r2",
            ValueError,
            f"metric 'r2' is not one of {_NAMES}. Any other error can be passed as a function "
            "metric(y_true, y_pred).",
        ),
        (None, TypeError, "metric must be a function metric(y_true, y_pred) or a name; got None."),
    ],
)
def test_a_metric_that_is_none(metric, error, message):
    with pytest.raises(error, match=whole(message)):
        StepErrorDisplay.from_backtest(backtest_of(), metric=metric)


def test_no_error_without_truth_or_forecast():
    frame = backtest_of(models=["lstm", "naive"], steps=[1])
    message = (
        "truth is NaN in all 22 rows, but an error needs 1 known value or more. ForecastDisplay "
        "draws forecasts without it."
    )
    with pytest.raises(ValueError, match=whole(message)):
        StepErrorDisplay.from_backtest(frame.assign(truth=np.nan))
    frame.loc[[12, 15], "forecast"] = np.nan
    message = (
        "forecast is NaN in 2 of 22 rows, of the models 'naive'. Leave out these times for all "
        "models, so that their errors can be compared, or choose other models by model=."
    )
    with pytest.raises(ValueError, match=whole(message)):
        StepErrorDisplay.from_backtest(frame)
    assert list(StepErrorDisplay.from_backtest(frame, model="lstm").errors) == ["lstm"]


def test_the_coverage_of_every_step_and_what_is_promised():
    frame = with_intervals(backtest_of(models=["lstm", "ridge"], series=["n", "s"]))
    frame.loc[5, ["truth", "lower"]] = np.nan
    display = StepErrorDisplay.from_backtest(frame, metric="coverage")
    for model in ("lstm", "ridge"):
        for step in (1, 2):
            inside = [
                row.lower <= row.truth <= row.upper
                for row in frame.itertuples()
                if row.model == model and row.step == step and row.truth == row.truth
            ]
            assert display.errors.loc[step, model] == pytest.approx(sum(inside) / len(inside))
    assert display.promised == [0.9]
    *_, promised = display.ax_.lines
    assert list(promised.get_ydata()) == [0.9, 0.9]
    assert promised.get_linestyle() == "--"
    assert [text.get_text() for text in display.ax_.get_legend().get_texts()] == [
        "lstm", "ridge", "promised 90 %",
    ]  # fmt: skip
    assert display.ax_.get_ylabel() == "coverage"
    assert display.lines_.shape == (2,)


def test_every_promise_is_a_line():
    frame = with_intervals(backtest_of(models=["a", "b", "c"]))
    frame["coverage"] = frame["model"].map({"a": 0.9, "b": 0.5, "c": 0.95 - 0.05})
    display = StepErrorDisplay.from_backtest(frame, metric="coverage")
    assert display.promised == [0.5, 0.9]
    labels = [text.get_text() for text in display.ax_.get_legend().get_texts()]
    assert labels == ["a", "b", "c", "promised 50 %", "promised 90 %"]
    no_promise = frame.drop(columns="coverage")
    assert StepErrorDisplay.from_backtest(no_promise, metric="coverage").promised is None
    assert StepErrorDisplay.from_backtest(frame, metric="width").promised is None


@pytest.mark.parametrize(
    ("metric", "name"),
    [
        ("width", "mean width of the interval"),
        ("interval_score", "mean interval score"),
        ("pinball_loss", "mean pinball loss"),
    ],
)
def test_the_losses_of_uncertainty_by_step(metric, name):
    frame = with_intervals(backtest_of(models=["lstm", "ridge"], series=["n", "s"]))
    frame = frame.assign(**{"q0.05": frame["lower"], "q0.95": frame["upper"]})
    display = StepErrorDisplay.from_backtest(frame, metric=metric)
    assert display.ax_.get_ylabel() == name
    for (model, step), rows in frame.groupby(["model", "step"]):
        truth, lower, upper = rows["truth"], rows["lower"], rows["upper"]
        outside = (lower - truth).clip(0) + (truth - upper).clip(0)
        expected = {
            "width": (upper - lower).mean(),
            "interval_score": (upper - lower + 2 / (1 - 0.9) * outside).mean(),
            "pinball_loss": np.mean(
                [
                    mean_pinball_loss(truth, lower, alpha=0.05),
                    mean_pinball_loss(truth, upper, alpha=0.95),
                ]
            ),
        }
        assert display.errors.loc[step, model] == pytest.approx(expected[metric])


@pytest.mark.parametrize(
    ("metric", "what"),
    [
        ("coverage", "interval"),
        ("width", "interval"),
        ("interval_score", "interval"),
        ("pinball_loss", "quantiles"),
    ],
)
def test_a_model_that_is_not_uncertain(metric, what):
    frame = with_intervals(backtest_of(models=["lstm", "naive"]), "lstm")
    frame = frame.assign(**{"q0.5": frame["forecast"].where(frame["model"] == "lstm")})
    message = (
        f"metric={metric!r} needs the {what} of every model, but frame has none of 'naive'. Use "
        "another metric, or leave models out by frame[frame['model'] != 'naive']."
    )
    with pytest.raises(ValueError, match=whole(message)):
        StepErrorDisplay.from_backtest(frame, metric=metric)
    assert not plt.get_fignums()
    display = StepErrorDisplay.from_backtest(frame, metric=metric, model="lstm")
    assert list(display.errors) == ["lstm"]


# --- what is no backtest ---------------------------------------------------------------------

_BASE = backtest_of(models=["lstm", "ridge"], targets=["load", "wind"])
_HAS = "'model', 'fold', 'origin', 'target', 'step', 'time', 'truth', 'forecast'"


@pytest.mark.parametrize("display", DISPLAYS)
@pytest.mark.parametrize(
    ("frame", "error", "message"),
    [
        (
            [1.0, 2.0],
            TypeError,
            "frame is of type list, but must be the pandas DataFrame that backtest returns.",
        ),
        (
            _BASE["truth"],
            TypeError,
            "frame is of type Series, but must be the pandas DataFrame that backtest returns.",
        ),
        (
            _BASE[["model", "fold", "origin", "step", "time"]],
            ValueError,
            "frame has no column 'truth', 'forecast'; it has 'model', 'fold', 'origin', 'step', "
            "'time'. Pass the DataFrame that backtest returns, with all of its columns.",
        ),
        (
            _BASE[_BASE["step"] == 7],
            ValueError,
            "frame has 0 rows, but must have 1 or more. If you selected rows of a backtest, no row "
            "meets the condition.",
        ),
        (
            _BASE.assign(origin=_BASE["origin"].where(_BASE["step"] == 1)),
            ValueError,
            f"Column 'origin' of frame is missing in {len(_BASE) // 2} of {len(_BASE)} rows. Leave "
            "them out by frame.dropna(subset='origin').",
        ),
        (
            _BASE.assign(truth="high"),
            TypeError,
            f"Column 'truth' of frame has dtype {_BASE.assign(truth='high')['truth'].dtype}, but "
            "must be numeric. Convert it by frame['truth'].astype(float).",
        ),
        (
            _BASE.assign(forecast=pd.Timestamp(0)),
            TypeError,
            "Column 'forecast' of frame has dtype "
            f"{_BASE.assign(forecast=pd.Timestamp(0))['forecast'].dtype}, but must be numeric. "
            "Convert it by frame['forecast'].astype(float).",
        ),
        (
            _BASE.assign(step=1.0),
            TypeError,
            "Column 'step' of frame has dtype float64, but must be integers: 1 is the next step. "
            "Convert it by frame['step'].astype(int).",
        ),
        (
            _BASE.assign(time=_BASE["time"].astype(str)),
            TypeError,
            "Column 'time' of frame contains text such as '2024-03-30 21:00:00', but must be "
            "dates, periods, lengths of time or numbers. Convert dates by "
            "pd.to_datetime(frame['time']).",
        ),
        (
            _BASE,
            ValueError,
            "frame has 2 targets, but only one can be drawn: 'load', 'wind'. Choose it by "
            "target='load'.",
        ),
    ],
)
def test_a_frame_that_is_no_backtest(display, frame, error, message):
    with pytest.raises(error, match=whole(message)):
        display.from_backtest(frame)
    assert not plt.get_fignums()


@pytest.mark.parametrize("display", DISPLAYS)
@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (
            {"model": "LTSM"},
            ValueError,
            "model 'LTSM' is not in frame, which has 'lstm', 'ridge'. Did you mean 'lstm'?",
        ),
        (
            {"model": ["ridge", 3]},
            ValueError,
            "model 3 is not in frame, which has 'lstm', 'ridge'.",
        ),
        ({"model": 3}, TypeError, "model must be a name, a list of names or None; got 3."),
        ({"model": []}, TypeError, "model must be a name, a list of names or None; got []."),
        (
            {"target": "loads"},
            ValueError,
            "target 'loads' is not in frame, which has 'load', 'wind'. Did you mean 'load'?",
        ),
    ],
)
def test_what_is_not_in_a_backtest(display, arguments, error, message):
    with pytest.raises(error, match=whole(message)):
        display.from_backtest(_BASE, **{"target": "wind", **arguments})
    assert not plt.get_fignums()


@pytest.mark.parametrize("display", DISPLAYS)
def test_a_target_that_has_no_name(display):
    message = (
        "target is 'load', but frame has no column 'target', because the backtest has one target "
        "only. Use target=None."
    )
    with pytest.raises(ValueError, match=whole(message)):
        display.from_backtest(backtest_of(), target="load")
