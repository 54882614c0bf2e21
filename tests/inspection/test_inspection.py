"""Frames and pictures: every number in its place, and what is drawn is what came."""

import re
import subprocess
import sys
from itertools import groupby, pairwise

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.colors import to_hex, to_rgb
from matplotlib.dates import date2num
from numpy.testing import assert_array_equal
from sklearn.linear_model import LinearRegression
from strategies import unhurried

from skl_lstm import SequencePadder, SequenceWindower, sliding_windows
from skl_lstm.inspection import ForecastDisplay, plot_sequences, to_frame

HOURS = pd.date_range("2024-03-01", periods=6, freq="h", name="hour")
RAGGED = [np.array([[1.0, 5.0], [2.0, 4.0]]), np.array([[3.0, 3.0], [4.0, 2.0], [5.0, 1.0]])]


def whole(message):
    return f"^{re.escape(message)}$"


@pytest.fixture(autouse=True)
def no_figure_left():
    yield
    plt.close("all")


# --- to_frame --------------------------------------------------------------------------------


@given(st.lists(st.integers(1, 4), min_size=1, max_size=4), st.integers(1, 3))
@unhurried
def test_every_number_stands_at_its_sample_timestep_and_feature(lengths, features):
    counter = iter(range(1000))
    X = [
        np.array([[next(counter) for _ in range(features)] for _ in range(length)])
        for length in lengths
    ]
    frame = to_frame(X)
    assert list(frame.columns) == [f"x{feature}" for feature in range(features)]
    assert frame.index.names == ["sample", "timestep"]
    assert len(frame) == sum(lengths)
    for sample, sequence in enumerate(X):
        for step, row in enumerate(sequence):
            for feature, number in enumerate(row):
                assert frame.loc[(sample, step), f"x{feature}"] == number


def test_a_frame_of_an_array_is_its_rows_in_order():
    X = np.arange(12, dtype=np.int16).reshape(2, 3, 2)
    frame = to_frame(X, feature_names=["a", "b"])
    assert_array_equal(frame.to_numpy().reshape(X.shape), X)
    assert list(frame) == ["a", "b"]
    assert set(frame.dtypes) == {np.dtype(np.int16)}


def test_a_frame_can_be_changed_without_harm_to_the_array():
    X = np.zeros((2, 3, 2))
    frame = to_frame(X)
    frame.iloc[0, 0] = 1
    assert not X.any()
    windows = sliding_windows(np.arange(5.0), 3)
    frame = to_frame(windows)
    frame.iloc[:] = 7
    assert_array_equal(windows[:, 0, 0], [0, 1, 2])


def test_a_table_is_sequences_of_one_feature():
    assert to_frame([[1, 2], [3, 4]])["x0"].tolist() == [1, 2, 3, 4]


def test_frames_in_the_list_name_the_features():
    X = [pd.DataFrame({"a": [1.0], "b": [2.0]}), pd.DataFrame({"a": [3.0], "b": [4.0]})]
    assert list(to_frame(X)) == ["a", "b"]
    assert list(to_frame(X, feature_names=["c", "d"])) == ["c", "d"]


def test_a_frame_shows_what_no_transformer_would_take():
    X = np.array([[[np.nan], [np.inf]]])
    assert_array_equal(to_frame(X)["x0"], [np.nan, np.inf])


def test_padding_is_part_of_the_frame():
    frame = to_frame(SequencePadder(mask_value=-1).fit_transform(RAGGED))
    assert frame.loc[(0, 2)].tolist() == [-1, -1]


@pytest.mark.parametrize("names", [["a"], ["a", "b", "c"], "ab"])
@pytest.mark.parametrize("function", [to_frame, plot_sequences])
def test_names_must_be_one_a_feature(function, names):
    message = f"feature_names must have one name for each of the 2 features; got {names!r}."
    with pytest.raises(ValueError, match=whole(message)):
        function(np.zeros((1, 3, 2)), feature_names=names)


@pytest.mark.parametrize(
    ("X", "message"),
    [
        (np.zeros((1, 2, 3, 4)), "X has shape (1, 2, 3, 4), but must have shape"),
        ([[[1.0]], [[1.0, 2.0]]], "Sequence 1 of X has 2 features, but sequence 0 has 1"),
        ([[1.0], 2.0], "Item 1 of X is a single number"),
        ([], "X is an empty list"),
    ],
)
def test_what_is_no_sequence_is_refused_as_by_the_transformers(X, message):
    for function in (to_frame, plot_sequences):
        with pytest.raises(ValueError, match=re.escape(message)):
            function(X)


@pytest.mark.parametrize("X", [None, 3, np.float64(2), np.array(1.0)])
def test_a_single_thing_cannot_be_drawn(X):
    message = (
        f"X is {X}, but must be an array of shape (samples, timesteps, features) or a list of "
        "arrays."
    )
    with pytest.raises(TypeError, match=whole(message)):
        plot_sequences(X)


# --- plot_sequences --------------------------------------------------------------------------


def lines_of(ax):
    return [line.get_ydata() for line in ax.lines]


def shaded(ax):
    """The steps that are shaded, by the patches of a panel."""
    spans = [patch.get_extents().transformed(ax.transData.inverted()) for patch in ax.patches]
    return [step for span in spans for step in range(round(span.x0 + 0.5), round(span.x1 + 0.5))]


def legend_of(axes):
    (legend,) = axes[0].figure.legends
    return legend.get_title().get_text(), [text.get_text() for text in legend.get_texts()]


@pytest.mark.parametrize("samples", [1, 2, 5, 9])
@pytest.mark.parametrize("features", [1, 3])
def test_a_panel_a_sample_and_a_line_a_feature(samples, features):
    X = np.random.default_rng(0).normal(size=(samples, 4, features))
    axes = plot_sequences(X)
    assert axes.shape == (samples,)
    for number, ax in enumerate(axes):
        assert ax.get_title() == f"sample {number}"
        assert_array_equal(lines_of(ax), X[number].T)
        assert [line.get_xdata().tolist() for line in ax.lines] == [[0, 1, 2, 3]] * features


@pytest.mark.parametrize(
    ("count", "expected"),
    [(1, "axis 0: 1 sample"), (3, "axis 0: 3 samples"), (100, "axis 0: 9 of 100 samples")],
)
def test_the_three_axes_are_named(count, expected):
    axes = plot_sequences(np.zeros((count, 2, 2)), feature_names=["load", "wind"])
    figure = axes[0].figure
    assert figure.get_suptitle() == expected
    assert figure.get_supxlabel() == "axis 1: timesteps"
    assert legend_of(axes) == ("axis 2: features", ["load", "wind"])


@pytest.mark.parametrize(
    ("samples", "expected"),
    [
        (3, [0, 50, 99]),
        (1, [0]),
        (np.int64(2), [0, 99]),
        ([7, 3, -1], [7, 3, 99]),
        (range(2, 4), [2, 3]),
        (np.array([5]), [5]),
    ],
)
def test_which_samples_are_drawn(samples, expected):
    X = np.arange(100.0).repeat(2).reshape(100, 2, 1)
    axes = plot_sequences(X, samples=samples)
    assert [ax.get_title() for ax in axes] == [f"sample {number}" for number in expected]
    assert [lines_of(ax)[0][0] for ax in axes] == expected


def test_a_hundred_panels_fit_on_a_page():
    axes = plot_sequences(np.zeros((100, 24, 2)), samples=100)
    assert axes.shape == (100,)
    width, height = axes[0].figure.get_size_inches()
    assert width <= 13
    assert height <= 13
    axes[0].figure.draw_without_rendering()
    boxes = [ax.get_position() for ax in axes]
    assert min(box.width for box in boxes) * width > 0.5


@pytest.mark.parametrize(
    ("samples", "error", "message"),
    [
        (0, ValueError, "samples must be 1 or more, or a list of positions; got 0."),
        (-2, ValueError, "samples must be 1 or more, or a list of positions; got -2."),
        ([3], ValueError, "samples must be positions between 0 and 2; got [3]."),
        ([0, -4], ValueError, "samples must be positions between 0 and 2; got [-4]."),
        (True, TypeError, "samples must be an integer, or a list of positions; got True."),
        ([], TypeError, "samples must be an integer, or a list of positions; got []."),
        (1.5, TypeError, "samples must be an integer, or a list of positions; got 1.5."),
        ("all", TypeError, "samples must be an integer, or a list of positions; got 'all'."),
        ([[0]], TypeError, "samples must be an integer, or a list of positions; got [[0]]."),
    ],
)
def test_samples_that_are_not_there(samples, error, message):
    with pytest.raises(error, match=whole(message)):
        plot_sequences(np.zeros((3, 2, 1)), samples=samples)
    assert not plt.get_fignums()


@pytest.mark.parametrize("padding", ["pre", "post"])
@pytest.mark.parametrize("mask_value", [0.0, -7.0])
def test_padding_is_shaded_and_holds_no_line(padding, mask_value):
    padder = SequencePadder(padding=padding, mask_value=mask_value)
    axes = plot_sequences(padder.fit_transform(RAGGED))
    step = 0 if padding == "pre" else 2
    assert [shaded(ax) for ax in axes] == [[step], []]
    for ax, sequence in zip(axes, RAGGED, strict=True):
        drawn = np.array(lines_of(ax)).T
        assert_array_equal(drawn[~np.isnan(drawn).any(axis=1)], sequence)
    assert legend_of(axes)[1] == ["x0", "x1", "padding"]


def test_what_a_network_masks_is_shaded_if_it_is_told():
    X = pd.DataFrame({"load": [1.0, 2.0, 3.0]}, index=HOURS[:3])
    windows = SequenceWindower(timesteps=3, padding=-1).fit_transform(X)
    assert [shaded(ax) for ax in plot_sequences(windows)] == [[], [], []]
    assert [shaded(ax) for ax in plot_sequences(windows, mask_value=-1)] == [[0, 1], [0], []]


def test_only_whole_steps_are_padding():
    X = np.array([[[0.0, 1.0], [0.0, 0.0], [1.0, 0.0], [0.0, 0.0]]])
    (ax,) = plot_sequences(X, mask_value=0)
    assert shaded(ax) == [1, 3]


def test_unequal_lengths_are_drawn_as_they_are():
    axes = plot_sequences(RAGGED)
    assert [len(line) for ax in axes for line in lines_of(ax)] == [2, 2, 3, 3]
    assert axes[0].get_xlim() == axes[1].get_xlim() == (-0.5, 2.5)
    assert axes[0].get_ylim() == axes[1].get_ylim()
    assert [ax.get_title() for ax in plot_sequences(RAGGED, samples=[1])] == ["sample 1"]


def test_features_are_told_apart_by_colour_and_then_by_style():
    (ax,) = plot_sequences(np.zeros((1, 2, 28)))
    assert len({(line.get_color(), line.get_linestyle()) for line in ax.lines}) == 28
    assert len({line.get_color() for line in ax.lines}) == 7


def seen_by(colour, confusion):
    """A colour as it is seen without one kind of cone (Machado et al., 2009, severity 1)."""
    linear = np.where(np.array(colour) > 0.04045, ((np.array(colour) + 0.055) / 1.055) ** 2.4, 0)
    return np.clip(np.array(confusion) @ linear, 0, 1)


CONFUSIONS = {
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "tritanopia": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}


@pytest.mark.parametrize("kind", CONFUSIONS)
def test_the_first_colours_differ_to_the_colour_blind(kind):
    (ax,) = plot_sequences(np.zeros((1, 2, 7)))
    seen = [seen_by(to_rgb(line.get_color()), CONFUSIONS[kind]) for line in ax.lines]
    distances = [np.abs(a - b).max() for i, a in enumerate(seen) for b in seen[:i]]
    assert min(distances) > 0.05


def test_short_sequences_have_dots_and_long_ones_have_none():
    (short,) = plot_sequences(np.zeros((1, 5, 1)))
    (long,) = plot_sequences(np.zeros((1, 500, 1)))
    assert short.lines[0].get_marker() == "o"
    assert long.lines[0].get_marker() == "None"


def test_a_single_step_can_be_seen():
    (ax,) = plot_sequences(np.ones((1, 1, 1)))
    assert ax.lines[0].get_marker() == "o"


def test_windows_of_a_long_series_are_not_written_out():
    import tracemalloc

    windows = sliding_windows(np.zeros((100_000, 10)), 100)
    tracemalloc.start()
    plot_sequences(windows, samples=2)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < windows.nbytes / 50


# --- plot_sequences: labels and numbers of the steps -----------------------------------------


def strips_of(ax):
    """The runs of colour in the strips under a panel, by name: (first step, last step, class)."""
    (area,) = ax.child_axes
    # Also names that are not shown, unlike get_yticklabels.
    names = area.yaxis.get_major_formatter().format_ticks(area.get_yticks())
    strips = {name: [] for name in names}
    for collection in area.collections:
        for path in collection.get_paths():
            (left, top), (right, bottom) = path.get_extents().get_points()
            assert int(top) == int(bottom)
            run = (round(left + 0.5), round(right - 0.5), collection.get_label())
            assert (left, right) == pytest.approx((run[0] - 0.5, run[1] + 0.5))
            strips[names[int(top)]].append(run)
    return {name: sorted(runs) for name, runs in strips.items()}


def colours_of(axes):
    """The colours of each class, in all panels and in the legend."""
    colours = {}
    for collection in (drawn for ax in axes for drawn in ax.child_axes[0].collections):
        for colour in collection.get_facecolor():
            colours.setdefault(collection.get_label(), set()).add(to_hex(colour))
    (legend,) = axes[0].figure.legends
    for handle, text in zip(legend.legend_handles, legend.get_texts(), strict=True):
        if text.get_text() in colours:
            colours[text.get_text()].add(to_hex(handle.get_facecolor()))
    return colours


LABELS = [["rest", "run"], ["run", "run", "rest"]]
STRIPS = [[(0, 0, "rest"), (1, 1, "run")], [(0, 1, "run"), (2, 2, "rest")]]


def moved(strips, by):
    return [
        [(start + n, stop + n, name) for start, stop, name in runs]
        for runs, n in zip(strips, by, strict=True)
    ]


def test_labels_are_strips_under_the_panels():
    axes = plot_sequences(RAGGED, y=LABELS, y_pred=[["rest", "rest"], ["run", "rest", "rest"]])
    assert [strips_of(ax)["truth"] for ax in axes] == STRIPS
    predicted = [[(0, 1, "rest")], [(0, 0, "run"), (1, 2, "rest")]]
    assert [strips_of(ax)["prediction"] for ax in axes] == predicted
    assert legend_of(axes)[1] == ["x0", "x1", "y: labels", "rest", "run"]
    wrong = [[(1, 1, "wrong")], [(1, 1, "wrong")]]
    assert [strips_of(ax)["wrong"] for ax in axes] == wrong
    (area,) = axes[0].child_axes
    truth, prediction, errors = area.transData.transform([(0, tick) for tick in area.get_yticks()])
    assert axes[0].transAxes.transform((0, 0))[1] > truth[1] > prediction[1] > errors[1]


@pytest.mark.parametrize(("name", "strip"), [("y", "truth"), ("y_pred", "prediction")])
def test_one_of_both_is_one_strip(name, strip):
    axes = plot_sequences(RAGGED, **{name: LABELS})
    assert [strips_of(ax) for ax in axes] == [{strip: runs} for runs in STRIPS]


def test_the_panels_are_drawn_as_without_labels():
    without, with_labels = plot_sequences(RAGGED), plot_sequences(RAGGED, y=LABELS)
    for plain, ax in zip(without, with_labels, strict=True):
        assert (ax.get_xlim(), ax.get_ylim()) == (plain.get_xlim(), plain.get_ylim())
        for line, plain_line in zip(ax.lines, plain.lines, strict=True):
            assert_array_equal(line.get_xydata(), plain_line.get_xydata())
            assert line.get_color() == plain_line.get_color()
    assert not any(ax.child_axes for ax in without)


@pytest.mark.parametrize("samples", [1, 3, 5, 36])
def test_strips_share_the_timesteps_of_their_panel_and_hide_nothing(samples):
    axes = plot_sequences(np.zeros((samples, 8, 1)), samples=samples, y=[["a"] * 8] * samples)
    axes[0].figure.draw_without_rendering()
    boxes = []
    for ax in axes:
        (area,) = ax.child_axes
        panel, strip = ax.get_window_extent(), area.get_window_extent()
        assert (strip.x0, strip.x1) == pytest.approx((panel.x0, panel.x1))
        assert strip.y1 == pytest.approx(panel.y0)
        assert area.get_xlim() == ax.get_xlim() == (-0.5, 7.5)
        boxes.append(ax.get_tightbbox())
    assert not any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[:i])


def test_the_outer_strips_have_the_ticks():
    axes = plot_sequences(np.zeros((5, 8, 1)), y=[["a"] * 8] * 5)

    def has_labels(axis):
        return axis.get_major_ticks()[0].label1.get_visible()

    areas = [ax.child_axes[0] for ax in axes]
    assert [has_labels(area.yaxis) for area in areas] == [True, False, False, True, False]
    assert [has_labels(area.xaxis) for area in areas] == [False, False, True, True, True]
    assert not any(has_labels(ax.xaxis) for ax in axes)


@pytest.mark.parametrize("form", [list, "object", "Series", "arrays", "columns"])
def test_labels_come_in_every_form(form):
    y = [np.array(labels) for labels in LABELS]
    if form == "columns":
        y = [labels[:, np.newaxis] for labels in y]
    elif form in ("object", "Series"):
        box = np.empty(2, object)
        box[:] = y
        y = pd.Series(box) if form == "Series" else box
    elif form is list:
        y = LABELS
    assert [strips_of(ax)["truth"] for ax in plot_sequences(RAGGED, y=y)] == STRIPS


@pytest.mark.parametrize("padding", ["pre", "post"])
def test_labels_of_padded_sequences_are_at_their_steps(padding):
    X = SequencePadder(timesteps=4, padding=padding, mask_value=-1).fit_transform(RAGGED)
    expected = moved(STRIPS, [2, 1] if padding == "pre" else [0, 0])
    filled = np.full((2, 4), None, object)
    by_position = np.full((2, 4), "padding", object)
    for row, labels in enumerate(LABELS):
        places = slice(-len(labels), None) if padding == "pre" else slice(len(labels))
        filled[row, places] = by_position[row, places] = labels
    for y in (LABELS, filled, by_position):
        axes = plot_sequences(X, y=y)
        assert [strips_of(ax)["truth"] for ax in axes] == expected
        plain = plot_sequences(np.asarray(X), y=y, mask_value=-1)
        assert [strips_of(ax)["truth"] for ax in plain] == expected
        assert [shaded(ax.child_axes[0]) for ax in axes] == [shaded(ax) for ax in axes]
    assert legend_of(axes)[1] == ["x0", "x1", "padding", "y: labels", "rest", "run"]


@pytest.mark.parametrize("truncating", ["pre", "post"])
def test_labels_of_truncated_sequences_are_those_of_the_steps_that_are_left(truncating):
    X = [[1.0, 2.0, 3.0, 4.0], [5.0], [6.0, 7.0]]
    y = [["a", "b", "c", "d"], ["e"], ["f", "g"]]
    padder = SequencePadder(timesteps=2, truncating=truncating)
    axes = plot_sequences(padder.fit_transform(X), y=y)
    left = ["c", "d"] if truncating == "pre" else ["a", "b"]
    assert strips_of(axes[0])["truth"] == [(0, 0, left[0]), (1, 1, left[1])]
    assert [strips_of(ax)["truth"] for ax in axes[1:]] == [
        [(0, 0, "e")],
        [(0, 0, "f"), (1, 1, "g")],
    ]
    y[0] = y[0][:2]
    (ax,) = plot_sequences(padder.fit_transform(X), y=y, samples=[0])
    assert strips_of(ax)["truth"] == [(0, 0, "a"), (1, 1, "b")]


def test_only_the_samples_that_are_drawn_have_strips():
    X = np.zeros((4, 3, 1))
    y = [["a"] * 3, ["b"] * 3, ["c"] * 3, ["b"] * 3]
    axes = plot_sequences(X, y=y, samples=[3, 2])
    assert [strips_of(ax)["truth"] for ax in axes] == [[(0, 2, "b")], [(0, 2, "c")]]
    assert legend_of(axes)[1] == ["x0", "y: labels", "b", "c"]
    every = colours_of(plot_sequences(X, y=y))
    assert colours_of(axes) == {name: every[name] for name in "bc"}


@pytest.mark.parametrize("missing", [None, np.nan, pd.NA])
def test_steps_without_a_label_stay_blank(missing):
    y = [["a", missing, "a", "a", missing]]
    (ax,) = plot_sequences(np.zeros((1, 5, 1)), y=y)
    assert strips_of(ax) == {"truth": [(0, 0, "a"), (2, 3, "a")]}
    (ax,) = plot_sequences(np.zeros((1, 5, 1)), y=[[missing] * 5])
    assert strips_of(ax) == {"truth": []}
    assert legend_of([ax])[1] == ["x0", "y: labels"]


@given(st.lists(st.sampled_from(["a", "b", "c", None]), min_size=1, max_size=12))
@unhurried
def test_each_run_of_equal_labels_is_one_patch(labels):
    (ax,) = plot_sequences(np.zeros((1, len(labels), 1)), y=[labels])
    runs = strips_of(ax)["truth"]
    plt.close("all")
    drawn = [None] * len(labels)
    for start, stop, name in runs:
        drawn[start : stop + 1] = [name] * (stop - start + 1)
    assert drawn == labels
    assert len(runs) == sum(name is not None for name, _ in groupby(labels))


def test_a_class_has_one_colour_everywhere():
    y = [["a", "b", "c"], ["c", "a", "a"], ["b", "c", "d"]]
    axes = plot_sequences(np.zeros((3, 3, 1)), y=y, y_pred=y[::-1])
    colours = colours_of(axes)
    assert colours.pop("wrong") == {"#000000"}
    assert [len(colour) for colour in colours.values()] == [1] * 4
    assert len(set.union(*colours.values())) == 4


def test_classes_are_told_apart_by_colour_and_then_by_hatch():
    axes = plot_sequences(np.zeros((1, 40, 7)), y=[[f"class {n:02}" for n in range(40)]])
    patches = axes[0].child_axes[0].collections
    kinds = [(to_hex(patch.get_facecolor()[0]), patch.get_hatch()) for patch in patches]
    assert len({colour for colour, _ in kinds}) == 8
    assert len(set(kinds[:32])) == 32
    assert kinds[32:] == kinds[:8]
    lines = {to_hex(line.get_color()) for line in axes[0].lines}
    assert not lines & {colour for colour, _ in kinds}


@pytest.mark.parametrize("kind", CONFUSIONS)
@pytest.mark.parametrize(("classes", "distance"), [(3, 0.3), (5, 0.2), (8, 0.05)])
def test_the_colours_of_classes_differ_to_the_colour_blind(kind, classes, distance):
    (ax,) = plot_sequences(np.zeros((1, classes, 1)), y=[list("abcdefgh"[:classes])])
    colours = [patch.get_facecolor()[0][:3] for patch in ax.child_axes[0].collections]
    seen = [seen_by(colour, CONFUSIONS[kind]) for colour in colours]
    assert min(np.abs(a - b).max() for i, a in enumerate(seen) for b in seen[:i]) > distance


def bars_of(ax):
    """The drawn bars under a panel, in the order of drawing: (name, left edges, widths)."""
    (area,) = ax.child_axes
    boxes = [
        (
            drawn.get_label(),
            np.array([path.get_extents().get_points() for path in drawn.get_paths()]),
        )
        for drawn in area.collections
    ]
    return [(name, box[:, 0, 0], np.diff(box[:, :, 0]).ravel()) for name, box in boxes]


def with_faults(steps, faults):
    labels = np.full(steps, "ok", object)
    labels[faults] = "a fault"
    return labels


@pytest.mark.parametrize("steps", [900, 5000])
def test_rare_labels_are_widened_around_their_steps(steps):
    faults = np.arange(50, 850, 100)
    (ax,) = plot_sequences(np.zeros((1, steps, 1)), y=[with_faults(steps, faults)])
    (common, _, _), (rare, left, widths) = bars_of(ax)
    assert (common, rare) == ("ok", "a fault")
    np.testing.assert_allclose(widths, steps / 250)
    np.testing.assert_allclose(left + widths / 2, faults)


@pytest.mark.parametrize("panels", [1, 9, 25, 49])
def test_every_rare_label_can_be_seen(panels):
    steps = 2000
    y = [with_faults(steps, np.arange(100, 1700, 200) + 5 * number) for number in range(panels)]
    axes = plot_sequences(np.zeros((panels, steps, 1)), y=y, samples=panels)
    figure = axes[0].figure
    figure.set_dpi(100)
    figure.canvas.draw()
    pixels = np.asarray(figure.canvas.buffer_rgba())[::-1, :, :3].astype(int)
    for ax in axes:
        box = ax.child_axes[0].get_window_extent()
        row = pixels[int((box.y0 + box.y1) / 2), int(box.x0) + 3 : int(box.x1) - 3]
        marked = np.abs(row - np.median(row, axis=0)).max(axis=1) > 50
        assert np.count_nonzero(np.diff(marked, prepend=False) & marked) == 8


def test_rare_labels_at_the_ends_are_widened_inside_the_panel():
    (ax,) = plot_sequences(np.zeros((1, 1200, 1)), y=[with_faults(1200, [0, 1199])])
    _, (_, left, widths) = bars_of(ax)
    np.testing.assert_allclose(widths, 4.8)
    np.testing.assert_allclose(left, [-0.5, 1194.7])
    assert ax.get_xlim() == (-0.5, 1199.5)


def test_long_runs_and_frequent_labels_keep_their_width():
    long = with_faults(1200, slice(100, 110))
    often = with_faults(1200, slice(None, None, 20))
    for y, width in ((long, 10), (often, 1)):
        (ax,) = plot_sequences(np.zeros((1, 1200, 1)), y=[y])
        np.testing.assert_allclose(bars_of(ax)[1][2], width)


def test_what_is_rare_is_counted_without_blank_steps():
    y = with_faults(1200, [5])
    y[10:] = None
    (ax,) = plot_sequences(np.zeros((1, 1200, 1)), y=[y])
    np.testing.assert_allclose(bars_of(ax)[1][2], 1)


def test_the_rarest_labels_are_drawn_last():
    y = [list("abbccccdddd"), list("dddddbbbaaa")]
    axes = plot_sequences(np.zeros((2, 11, 1)), y=y)
    assert [[name for name, _, _ in bars_of(ax)] for ax in axes] == [list("cdba"), list("dab")]


def test_errors_are_a_thin_black_strip():
    y, y_pred = [["a", "b", None, "a", "a"]], [["a", "a", "b", None, "b"]]
    axes = plot_sequences(np.zeros((1, 5, 1)), y=y, y_pred=y_pred)
    assert strips_of(axes[0])["wrong"] == [(1, 1, "wrong"), (4, 4, "wrong")]
    (area,) = axes[0].child_axes
    *classes, errors = area.collections
    assert {to_hex(colour) for colour in errors.get_facecolor()} == {"#000000"}
    heights = [np.ptp(drawn.get_paths()[0].get_extents().intervaly) for drawn in [*classes, errors]]
    assert heights[-1] < 0.7 * min(heights[:-1])
    assert legend_of(axes)[1] == ["x0", "y: labels", "a", "b"]


def test_rare_errors_are_widened():
    truth, predicted = with_faults(1200, []), with_faults(1200, [300, 600])
    (ax,) = plot_sequences(np.zeros((1, 1200, 1)), y=[truth], y_pred=[predicted])
    name, left, widths = bars_of(ax)[-1]
    assert name == "wrong"
    np.testing.assert_allclose(widths, 4.8)
    np.testing.assert_allclose(left, [297.6, 597.6])
    (ax,) = plot_sequences(np.zeros((1, 1200, 1)), y=[truth], y_pred=[with_faults(1200, range(99))])
    np.testing.assert_allclose(bars_of(ax)[-1][1:], [[-0.5], [99]])


def test_errors_of_numbers_have_no_strip():
    (ax,) = plot_sequences(np.zeros((1, 2, 1)), y=[[0.5, 1.0]], y_pred=[[1.5, 1.0]])
    assert not ax.child_axes


@pytest.mark.parametrize("samples", [1, 9, 25, 100])
def test_the_names_of_the_strips_are_not_written_over_anything(samples):
    X = np.random.default_rng(0).normal(size=(samples, 8, 1))
    y = [["a"] * 8] * samples
    axes = plot_sequences(X, y=y, y_pred=y, samples=samples)
    axes[0].figure.draw_without_rendering()
    (area,) = axes[0].child_axes
    names = area.get_yticklabels()
    assert [name.get_text() for name in names] == ["truth", "prediction", "wrong"]
    boxes = [name.get_window_extent() for name in names]
    # The boxes have room for accents and descenders.
    for upper, lower in pairwise(boxes):
        assert upper.y0 - lower.y0 > 0.75 * lower.height
    low, high = axes[0].get_ylim()
    ticks = [tick for tick in axes[0].get_yticks() if low <= tick <= high]
    assert len(ticks) > 1
    if samples == 100:
        assert min(ticks) > low + 0.1 * (high - low)


@pytest.mark.parametrize(
    ("samples", "classes", "prefix"),
    [
        (1, 3, ""),
        (1, 30, ""),
        (1, 30, "a rather long name for "),
        (2, 100, ""),
        (2, 100, "a rather long name for "),
        (9, 30, ""),
        (25, 60, "a rather long name for "),
    ],
)
def test_the_legend_is_inside_the_figure_and_covers_nothing(samples, classes, prefix):
    y = [[f"{prefix}class {number}" for number in range(classes)]] * samples
    axes = plot_sequences(np.zeros((samples, classes, 1)), y=y, samples=samples)
    figure = axes[0].figure
    figure.draw_without_rendering()
    (legend,) = figure.legends
    assert len(legend.get_texts()) == classes + 2
    box = legend.get_window_extent()
    assert box.y0 >= figure.bbox.y0
    assert box.y1 <= figure.bbox.y1
    assert box.x1 <= figure.bbox.x1
    for title in (figure.texts[0], figure.texts[1]):
        assert not box.overlaps(title.get_window_extent())
    assert not any(box.overlaps(ax.get_tightbbox()) for ax in axes)
    assert min(ax.get_window_extent().width for ax in axes) > 50


@pytest.mark.parametrize(
    ("y", "classes"),
    [
        ([[True, False]], ["False", "True"]),
        ([[10, 9]], ["9", "10"]),
        ([[1.0, np.nan]], ["1"]),
        ([[0.0, None]], ["0"]),
        (np.array([[np.int8(3), np.float32(2)]]), ["2", "3"]),
        ([["b", 1]], ["1", "b"]),
        ([[np.True_, "b"]], ["True", "b"]),
        ([["x0", "padding"]], ["padding", "x0"]),
        (pd.DataFrame({"t0": ["u"], "t1": ["v"]}), ["u", "v"]),
        (pd.DataFrame({"t0": ["u"], "t1": ["v"]}, dtype="category"), ["u", "v"]),
    ],
)
def test_what_is_a_label(y, classes):
    axes = plot_sequences(np.zeros((1, 2, 1)), y=y)
    assert legend_of(axes)[1] == ["x0", "y: labels", *classes]


def test_whole_numbers_are_labels_if_there_are_few():
    X = np.zeros((1, 21, 1))
    whole_numbers = np.arange(21).reshape(1, -1)
    few = np.minimum(whole_numbers, 19)
    assert not plot_sequences(X, y=whole_numbers)[0].child_axes
    assert not plot_sequences(X, y=few, y_pred=few + 1)[0].child_axes
    for y in (few, few.astype(float), whole_numbers.astype(str)):
        assert plot_sequences(X, y=y)[0].child_axes


def test_classes_of_truth_and_prediction_are_equal_whatever_their_type():
    axes = plot_sequences(np.zeros((1, 3, 1)), y=[[1, 0, None]], y_pred=np.array([[1.0, 0.0, 1.0]]))
    assert strips_of(axes[0]) == {
        "truth": [(0, 0, "1"), (1, 1, "0")],
        "prediction": [(0, 0, "1"), (1, 1, "0"), (2, 2, "1")],
        "wrong": [],
    }
    assert legend_of(axes)[1] == ["x0", "y: labels", "0", "1"]


def test_numbers_are_lines_over_those_of_the_features():
    X = SequencePadder(mask_value=-9).fit_transform(RAGGED)
    y = [[0.5, 1.5], [2.5, np.nan, 0.5]]
    y_pred = np.array([[0.25, 1.25, 7.0], [2.0, 1.0, 0.0]])
    axes = plot_sequences(X, y=y, y_pred=y_pred)
    assert_array_equal(lines_of(axes[0])[2:], [[0.5, 1.5, np.nan], [0.25, 1.25, np.nan]])
    assert_array_equal(lines_of(axes[1])[2:], [[2.5, np.nan, 0.5], [2.0, 1.0, 0.0]])
    assert [line.get_linestyle() for line in axes[0].lines] == ["-", "-", "-", "--"]
    assert len({line.get_color() for line in axes[0].lines}) == 4
    assert legend_of(axes)[1] == ["x0", "x1", "padding", "y: numbers", "truth", "prediction"]
    assert not any(ax.child_axes for ax in axes)
    (ax,) = plot_sequences(RAGGED, y_pred=y, samples=[0])
    assert legend_of([ax])[1] == ["x0", "x1", "y: numbers", "prediction"]


def test_numbers_of_a_whole_truth_are_lines_with_it():
    (ax,) = plot_sequences(np.zeros((1, 2, 1)), y=[[True, False]], y_pred=[[0.75, 0.5]])
    assert_array_equal(lines_of(ax)[1:], [[1, 0], [0.75, 0.5]])


def test_a_number_between_missing_ones_has_a_marker():
    y = [[0.5, None, 1.5, None, 2.5, 3.5]]
    (ax,) = plot_sequences(np.zeros((1, 6, 1)), y=y)
    line = ax.lines[1]
    assert line.get_marker() == "o"
    assert line.get_markevery() == [0, 2]


@pytest.mark.parametrize("name", ["y", "y_pred"])
@pytest.mark.parametrize(
    ("X", "y", "message"),
    [
        (
            RAGGED,
            LABELS[:1],
            "{0} has 1 sequence, but X has 2. Pass in {0} the steps of each sequence of X, in the "
            "same order.",
        ),
        (
            RAGGED,
            [["a", "b"], ["a", "b"]],
            "Sequence 1 of {0} has 2 values, but sequence 1 of X has 3 steps. If X is padded, pass "
            "its mask_value. Steps without a value can be NaN or None.",
        ),
        (
            RAGGED,
            [["a", "b", "c"], ["a", "b", "c"]],
            "Sequence 0 of {0} has 3 values, but sequence 0 of X has 2 steps. If X was truncated, "
            "pass it as SequencePadder returned it, which knows how many steps it dropped.",
        ),
        (
            SequencePadder(timesteps=4).fit_transform(RAGGED),
            [["a"], ["a", "b", "c"]],
            "Sequence 0 of {0} has 1 value, but sequence 0 of X has 4 steps, 2 of them padding. "
            "Pass one value for each step, with or without the padding.",
        ),
        (
            RAGGED,
            [np.zeros((2, 3)), np.zeros((3, 3))],
            "{0} has 3 values for each step, but the plot shows one. Pass one column, for example "
            "[values[:, 0] for values in {0}].",
        ),
    ],
)
def test_values_that_are_not_those_of_the_steps(name, X, y, message):
    with pytest.raises(ValueError, match=whole(message.format(name))):
        plot_sequences(X, **{name: y})
    assert not plt.get_fignums()


@pytest.mark.parametrize("name", ["y", "y_pred"])
@pytest.mark.parametrize("y", [[0, 1], np.array(["a", "b"]), pd.Series([0.5, 1.5])])
def test_one_value_a_sequence_is_not_one_a_step(name, y):
    message = f"^{name} has one value for each of the 2 sequences, but needs one for each of "
    with pytest.raises(ValueError, match=message) as caught:
        plot_sequences(RAGGED, **{name: y})
    assert "LSTM" not in str(caught.value)
    assert ("pass [X] and [y]" in str(caught.value)) == (name == "y")


def test_labels_and_fractions_cannot_be_compared():
    message = (
        "y and y_pred have labels, such as 'rest', and numbers, such as 0.5. Pass labels in both "
        "or numbers in both; predict of a classifier returns labels."
    )
    with pytest.raises(ValueError, match=whole(message)):
        plot_sequences(RAGGED, y=[["rest"] * 2, ["rest"] * 3], y_pred=[[0.5] * 2, [0.5] * 3])


# --- ForecastDisplay -------------------------------------------------------------------------


def drawn(display, row=0, column=0):
    truth, forecast = display.lines_[row, column]
    assert_array_equal(truth.get_xdata(), forecast.get_xdata())
    return truth.get_xdata(), truth.get_ydata(), forecast.get_ydata()


def test_forecast_and_truth_are_drawn_at_the_times_of_y():
    y = pd.Series(np.arange(6.0), HOURS, name="load")
    display = ForecastDisplay.from_predictions(y, y + 0.5)
    times, truth, forecast = drawn(display)
    assert_array_equal(date2num(times), date2num(HOURS))
    assert_array_equal(truth, y)
    assert_array_equal(forecast, y + 0.5)
    (ax,) = display.axes_.flat
    assert (ax.get_xlabel(), ax.get_ylabel(), ax.get_title()) == ("hour", "load", "")
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["truth", "forecast"]
    assert display.figure_ is ax.figure


def test_an_estimator_forecasts_at_the_times_of_its_table():
    X = pd.DataFrame({"a": np.arange(6.0)}, HOURS)
    y = np.arange(6.0) * 2
    model = LinearRegression().fit(X, y)
    times, truth, forecast = drawn(ForecastDisplay.from_estimator(model, X, y))
    assert_array_equal(date2num(times), date2num(HOURS))
    assert_array_equal(truth, y)
    np.testing.assert_allclose(forecast, y, atol=1e-9)
    later = HOURS + pd.Timedelta("1h")
    for labels, kwargs in [(later, {}), (HOURS, {"times": later})]:
        display = ForecastDisplay.from_estimator(model, X, pd.Series(y, labels), **kwargs)
        assert_array_equal(date2num(drawn(display)[0]), date2num(later))


@pytest.mark.parametrize("values", [[1.0, 2.0, 3.0], np.array([1, 2, 3])])
def test_without_labels_positions_are_the_times(values):
    display = ForecastDisplay.from_predictions(values, [1.5, 2.5, 3.5])
    assert [array.tolist() for array in drawn(display)] == [[0, 1, 2], [1, 2, 3], [1.5, 2.5, 3.5]]


@pytest.mark.parametrize(
    ("steps", "columns"), [(None, [1, 4]), (2, [2]), ([1, 2, 3], [1, 2, 3]), (np.int64(4), [4])]
)
def test_a_column_of_panels_a_step_ahead(steps, columns):
    y = np.arange(24.0).reshape(6, 4)
    display = ForecastDisplay.from_predictions(y, -y, steps=steps)
    assert display.axes_.shape == (1, len(columns))
    for column, step in enumerate(columns):
        _, truth, forecast = drawn(display, column=column)
        assert_array_equal(truth, y[:, step - 1])
        assert_array_equal(forecast, -y[:, step - 1])
        title = "1 step ahead" if step == 1 else f"{step} steps ahead"
        assert display.axes_[0, column].get_title() == title


def test_every_step_can_have_times_of_its_own():
    y = np.arange(6.0).reshape(3, 2)
    times = np.array([[1, 2], [2, 3], [3, 4]])
    display = ForecastDisplay.from_predictions(y, y, times=times)
    assert drawn(display)[0].tolist() == [1, 2, 3]
    assert drawn(display, column=1)[0].tolist() == [2, 3, 4]


def test_a_row_of_panels_a_series():
    index = pd.MultiIndex.from_product([["north", "south"], HOURS[:3]], names=["station", "hour"])
    y = pd.Series(np.arange(6.0), index)
    shuffled = y.iloc[[5, 0, 3, 2, 1, 4]]
    display = ForecastDisplay.from_predictions(shuffled, shuffled + 10)
    assert display.axes_.shape == (2, 1)
    titles = [ax.get_title() for ax in display.axes_[:, 0]]
    assert titles == ["south", "north"]
    for row, name in enumerate(titles):
        times, truth, forecast = drawn(display, row=row)
        assert_array_equal(date2num(times), date2num(HOURS[:3]))
        assert_array_equal(truth, y[name])
        assert_array_equal(forecast, y[name] + 10)
    only = ForecastDisplay.from_predictions(y, y, series=[1])
    assert [ax.get_title() for ax in only.axes_.flat] == ["south"]


def test_of_many_series_some_are_drawn():
    index = pd.MultiIndex.from_product([range(40), ["a", "b"], range(2)])
    y = pd.Series(np.arange(160.0), index)
    display = ForecastDisplay.from_predictions(y, y)
    assert display.axes_.shape == (6, 1)
    assert display.axes_[0, 0].get_title() == "0, a"
    assert display.axes_[-1, 0].get_title() == "39, b"


@pytest.mark.parametrize(
    ("index", "expected"),
    [
        (pd.date_range("2024-01-01", periods=3, tz="Europe/Berlin"), "2024-01-01"),
        (pd.period_range("2024-01", periods=3, freq="M"), "2024-01-01"),
        (pd.DatetimeIndex(["2024-01-03", "2024-01-01", "2024-01-02"]), "2024-01-01"),
    ],
)
def test_dates_of_any_kind_run_from_left_to_right(index, expected):
    y = pd.Series([1.0, 2.0, 3.0], index)
    times, _, _ = drawn(display := ForecastDisplay.from_predictions(y, y))
    assert date2num(times[0]) == date2num(np.datetime64(expected))
    assert (np.diff(date2num(times)) > 0).all()
    display.figure_.draw_without_rendering()


def test_lengths_of_time_are_drawn_in_seconds():
    y = pd.Series([1.0, 2.0], pd.to_timedelta(["1min", "2min"]))
    assert drawn(ForecastDisplay.from_predictions(y, y))[0].tolist() == [60, 120]


def test_a_truth_that_nobody_knows_yet_is_a_gap():
    _, truth, forecast = drawn(ForecastDisplay.from_predictions([1.0, np.nan], [1.0, 2.0]))
    assert np.isnan(truth[1])
    assert forecast[1] == 2


def test_it_draws_where_it_is_told():
    figure, (left, right) = plt.subplots(1, 2)
    one = ForecastDisplay.from_predictions([1.0, 2.0], [1.0, 2.0], ax=right)
    assert one.axes_[0, 0] is right
    assert not left.lines
    y = np.zeros((3, 5))
    two = ForecastDisplay.from_predictions(y, y, ax=[left, right])
    assert list(two.axes_[0]) == [left, right]
    assert two.figure_ is figure
    assert plt.get_fignums() == [figure.number]


def test_a_display_can_be_drawn_again():
    y = np.arange(10.0).reshape(5, 2)
    display = ForecastDisplay.from_predictions(y, y)
    assert display.plot(steps=2) is display
    assert display.axes_.shape == (1, 1)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (
            {"y_pred": [1.0]},
            ValueError,
            "y_true has shape (2,), but y_pred has shape (1,): they must be equal. Use NaN for "
            "true values that are not known yet.",
        ),
        (
            {"y_pred": [[1.0], [2.0]]},
            ValueError,
            "y_true has shape (2,), but y_pred has shape (2, 1): they must be equal. Use NaN for "
            "true values that are not known yet.",
        ),
        (
            {"y_true": ["a", "b"]},
            ValueError,
            "y_true has dtype <U1 and shape (2,), but must be numeric with shape (n_samples,) or "
            "(n_samples, n_steps). For classes, use sklearn.metrics.ConfusionMatrixDisplay.",
        ),
        ({"steps": 2}, ValueError, "steps must be between 1 and 1, as in y; got [2]."),
        ({"steps": [0]}, ValueError, "steps must be between 1 and 1, as in y; got [0]."),
        ({"steps": "last"}, TypeError, "steps must be an integer or a list of them; got 'last'."),
        ({"steps": []}, TypeError, "steps must be an integer or a list of them; got []."),
        ({"series": 0}, ValueError, "series must be 1 or more, or a list of positions; got 0."),
        (
            {"series": [1]},
            ValueError,
            "series must be positions between 0 and 0; got [1].",
        ),
        (
            {"times": [1, 2, 3]},
            ValueError,
            "Found input variables with inconsistent numbers of samples: [2, 3]",
        ),
    ],
)
def test_what_cannot_be_drawn(arguments, error, message):
    defaults = {"y_true": [1.0, 2.0], "y_pred": [1.0, 2.0]}
    with pytest.raises(error, match=whole(message)):
        ForecastDisplay.from_predictions(**{**defaults, **arguments})
    assert not plt.get_fignums()


BOUNDS = np.array([[0.0, 2.0], [1.0, 3.0], [2.0, 4.0]])


@pytest.mark.parametrize("as_input", [np.array, list, pd.DataFrame])
def test_an_interval_is_a_band_from_its_lower_to_its_upper_bound(as_input):
    display = ForecastDisplay.from_predictions(
        [1.0, 2.0, 3.0], [1.0, 2.0, 3.0], y_interval=as_input(BOUNDS), coverage=0.8
    )
    (band,) = display.bands_.flat
    (path,) = band.get_paths()
    assert path.vertices[1:4].tolist() == [[0, 0], [1, 1], [2, 2]]
    assert path.vertices[5:8].tolist() == [[2, 4], [1, 3], [0, 2]]
    (ax,) = display.axes_.flat
    assert [text.get_text() for text in ax.get_legend().get_texts()] == [
        "truth", "forecast", "80 % interval",
    ]  # fmt: skip
    assert display.plot().bands_[0, 0, 0] is not band


def test_every_step_has_a_band_of_its_own():
    y = np.arange(6.0).reshape(3, 2)
    bounds = np.stack([y - 1, y + 2], axis=-1)
    times = np.array([3, 1, 2])
    display = ForecastDisplay.from_predictions(y, y, y_interval=bounds, times=times)
    order = [1, 2, 0]
    for column, band in enumerate(display.bands_[0, :, 0]):
        (path,) = band.get_paths()
        assert path.vertices[1:4, 0].tolist() == [1, 2, 3]
        assert_array_equal(path.vertices[1:4, 1], y[order, column] - 1)
        assert_array_equal(path.vertices[5:8, 1], y[order[::-1], column] + 2)
        assert band.get_label() == "interval"


def test_an_interval_that_is_not_known_anywhere_is_no_band():
    display = ForecastDisplay.from_predictions(
        [1.0, 2.0], [1.0, 2.0], y_interval=[[np.nan] * 2] * 2
    )
    assert not display.bands_[0, 0, 0].get_paths()
    display.figure_.draw_without_rendering()


def test_models_may_have_intervals_by_name():
    y = np.arange(3.0)
    display = ForecastDisplay(
        y_true=y, y_pred={"a": y, "b": y}, times=y, y_interval={"b": BOUNDS}
    ).plot()  # fmt: skip
    assert display.bands_[0, 0, 0] is None
    assert len(display.bands_[0, 0, 1].get_paths()) == 1


class Uncertain(LinearRegression):
    """Predicts quantiles, or an interval if it has a coverage."""

    def predict(self, X, return_quantiles=False):
        forecast = super().predict(X)
        quantiles = forecast[..., np.newaxis] + np.array([-1, 0, 2])
        return (forecast, quantiles) if return_quantiles else forecast

    @property
    def quantiles_(self):
        return np.array([0.05, 0.5, 0.95])


class Interval(LinearRegression):
    coverage = 0.75

    def predict_interval(self, X):
        forecast = self.predict(X)
        return np.stack([forecast - 1, forecast + 2], axis=-1)


@pytest.mark.parametrize(
    ("model", "name"), [(Uncertain(), "90 % interval"), (Interval(), "75 % interval")]
)
@pytest.mark.parametrize("shape", [(6,), (6, 2)])
def test_the_interval_of_an_estimator_is_drawn(model, name, shape):
    X = pd.DataFrame({"a": np.arange(6.0)}, HOURS)
    y = np.arange(np.prod(shape)).reshape(shape) * 1.0
    display = ForecastDisplay.from_estimator(model.fit(X, y), X, y)
    columns = y.reshape(6, -1)
    assert display.bands_.shape == (1, columns.shape[1], 1)
    for column, band in zip(columns.T, display.bands_[0, :, 0], strict=True):
        (path,) = band.get_paths()
        np.testing.assert_allclose(path.vertices[1:7, 0], date2num(HOURS))
        np.testing.assert_allclose(path.vertices[1:7, 1], column - 1, atol=1e-9)
        np.testing.assert_allclose(path.vertices[8:14, 1], column[::-1] + 2, atol=1e-9)
        assert band.get_label() == name


def test_an_estimator_without_an_interval_has_no_band():
    X, y = np.arange(6.0)[:, np.newaxis], np.arange(6.0)
    display = ForecastDisplay.from_estimator(LinearRegression().fit(X, y), X, y)
    assert display.bands_.tolist() == [[[None]]]


@pytest.mark.parametrize(
    ("y_interval", "message"),
    [
        (
            [1.0, 2.0],
            "y_interval has dtype float64 and shape (2,), but must be numeric with shape (2, 2): a "
            "lower and an upper bound for each value of y_true.",
        ),
        (
            np.zeros((2, 1, 2)),
            "y_interval has dtype float64 and shape (2, 1, 2), but must be numeric with shape "
            "(2, 2): a lower and an upper bound for each value of y_true.",
        ),
        (
            [["a", "b"]] * 2,
            "y_interval has dtype <U1 and shape (2, 2), but must be numeric with shape (2, 2): a "
            "lower and an upper bound for each value of y_true.",
        ),
        (
            [[0.0, 1.0], [2.5, 1.0]],
            "The lower bound is above the upper one in 1 of 2 intervals of y_interval; the first "
            "is [2.5, 1]. The last axis must be the lower bound, then the upper one.",
        ),
    ],
)
def test_an_interval_that_cannot_be_drawn(y_interval, message):
    with pytest.raises(ValueError, match=whole(message)):
        ForecastDisplay.from_predictions([1.0, 2.0], [1.0, 2.0], y_interval=y_interval)
    assert not plt.get_fignums()


def test_too_few_panels_are_refused():
    _, ax = plt.subplots()
    y = np.zeros((3, 2))
    message = (
        "ax has 1 Axes, but 1 series with 2 step(s) ahead need 2. Choose them with series= and "
        "steps=, or pass ax=None."
    )
    with pytest.raises(ValueError, match=whole(message)):
        ForecastDisplay.from_predictions(y, y, ax=ax)
    assert not ax.lines


# --- without matplotlib ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "name"),
    [
        ("plot_sequences([[1.0]])", "plot_sequences"),
        (
            "ForecastDisplay.from_predictions([1.0], [1.0])",
            "ForecastDisplay.from_predictions",
        ),
        ("ForecastDisplay.from_backtest(None)", "ForecastDisplay.from_backtest"),
        ("StepErrorDisplay.from_backtest(None)", "StepErrorDisplay.from_backtest"),
    ],
)
def test_without_matplotlib_it_says_what_to_install(call, name):
    code = (
        "import sys; sys.modules['matplotlib'] = None\n"
        "from skl_lstm.inspection import *\n"
        f"try: {call}\nexcept ImportError as error: print(error)"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], check=True, capture_output=True, text=True
    )
    assert done.stdout.startswith(f"{name} requires matplotlib.")
