"""Published test scores, beside those of this package and of models of scikit-learn.

All models learn from the published training rows and are scored on the published test rows. Each
task family has one setting: `make_classifier` for whole sequences, `make_forecaster` for the next
value. ``docs/accuracy.md`` shows the tables and says how the settings were chosen.
"""

from collections.abc import Callable, Mapping, Sequence
from math import ceil, cos, pi
from statistics import mean, stdev
from typing import Any, NamedTuple

import numpy as np
from keras.callbacks import LearningRateScheduler
from numpy.typing import NDArray
from rich import box
from rich.table import Table
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.linear_model import LinearRegression, RidgeClassifierCV, RidgeCV
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from skl_lstm import (
    LSTMClassifier,
    LSTMRegressor,
    NaiveRegressor,
    PerTimestep,
    SequenceFlattener,
    SequencePadder,
    SequenceWindower,
)

from ._data import ARCHIVE, Task, read_archive, read_nyse
from ._timing import console, show_setting, with_progress

OURS = "skl_lstm, this setting"
SEEDS = range(5)
_MASK_VALUE = -99.0  # not a value of the data
_TIMESTEPS = 5  # of the windows, as in the book
_ALPHAS = np.logspace(-2, 4, 13)


class Published(NamedTuple):
    """A model, where its test scores are printed, and the scores by the name of the data set."""

    model: str
    source: str
    scores: Mapping[str, str]


class Contestant(NamedTuple):
    """A function that makes a model for a number of training rows and a seed, and the seeds."""

    make: Callable[[int, int], Any]
    seeds: Sequence[int] = SEEDS


PUBLISHED_ACCURACY = (
    Published(
        "FCN",
        "[1]",
        {
            "JapaneseVowels": "0.993 ± 0.002",
            "ItalyPowerDemand": "0.961 ± 0.003",
            "GunPoint": "1.000 ± 0.000",
        },
    ),
    Published(
        "ResNet",
        "[1]",
        {
            "JapaneseVowels": "0.992 ± 0.003",
            "ItalyPowerDemand": "0.963 ± 0.004",
            "GunPoint": "0.991 ± 0.007",
        },
    ),
    Published("LSTM-FCN", "[2]", {"ItalyPowerDemand": "0.962", "GunPoint": "1.000"}),
    Published("FCN", "[3]", {"ItalyPowerDemand": "0.970", "GunPoint": "1.000"}),
    Published("InceptionTime", "[4]", {"ItalyPowerDemand": "0.968", "GunPoint": "1.000"}),
)
PUBLISHED_R2 = (
    Published("RNN", "[5]", {"NYSE": "0.42"}),
    Published("RNN, weekday known", "[5]", {"NYSE": "0.46"}),
    Published("linear AR, weekday known", "[5]", {"NYSE": "0.46"}),
    Published("nonlinear AR, weekday known", "[5]", {"NYSE": "0.47"}),
)
SOURCES = {
    "[1]": (
        "Ismail Fawaz et al., Deep learning for time series classification: a review, 2019. Mean "
        "and standard deviation of 10 runs."
    ),
    "[2]": (
        "Karim et al., LSTM fully convolutional networks for time series classification, 2018, as "
        "given in the file of results that the authors have published since."
    ),
    "[3]": (
        "Wang et al., Time series classification from scratch with deep neural networks: a strong "
        "baseline, 2017, as given in the file of [2]."
    ),
    "[4]": (
        "Ismail Fawaz et al., InceptionTime: finding AlexNet for time series classification, 2020, "
        "as given in the file of results of the authors. An ensemble of five networks."
    ),
    "[5]": (
        "James et al., An introduction to statistical learning with applications in Python, 2023, "
        "section 10.5.2."
    ),
}


def main() -> None:
    try:
        nyse = {"NYSE": read_nyse()}
        archive = {name: read_archive(name) for name in ARCHIVE}
    except FileNotFoundError as error:
        console.print(f"Skipped. {error}")
        return
    show_setting("numpy", "scikit-learn", "keras", "tensorflow", "aeon", "ISLP")
    _show("R² on the test rows", PUBLISHED_R2, FORECASTERS, nyse)
    _show("Accuracy on the test rows", PUBLISHED_ACCURACY, CLASSIFIERS, archive)
    console.print(
        f"Mean ± standard deviation of the seeds {SEEDS[0]} to {SEEDS[-1]}, or one value for a "
        "model without randomness. Published:"
    )
    for label, source in SOURCES.items():
        console.print(f"{label} {source}")


def _show(
    title: str,
    published: Sequence[Published],
    contestants: Mapping[str, Contestant],
    tasks: Mapping[str, Task],
) -> None:
    table = Table(title=title, title_justify="left", title_style="bold", box=box.MARKDOWN)
    table.add_column("")
    for name in tasks:
        table.add_column(name, justify="right")
    work = [
        (f"{model} on {name}, seed {seed}", (model, name, seed))
        for model, contestant in contestants.items()
        for name in tasks
        for seed in contestant.seeds
    ]
    scores: dict[str, dict[str, list[float]]] = {}
    for model, name, seed in with_progress(work):
        score = score_on_test_rows(contestants[model], tasks[name], seed)
        scores.setdefault(model, {}).setdefault(name, []).append(score)
    for row in rows_of(published, scores, list(tasks)):
        table.add_row(*row)
    console.print(table)


def rows_of(
    published: Sequence[Published],
    scores: Mapping[str, Mapping[str, Sequence[float]]],
    names: Sequence[str],
) -> list[list[str]]:
    """Return the rows of a table: the published models, then the measured ones.

    A row is the name of a model and a text for each data set, empty for one without a score.
    """
    printed = [
        [f"{model} {source}", *(texts.get(name, "") for name in names)]
        for model, source, texts in published
    ]
    measured = [
        [model, *(summary(by_name[name]) for name in names)] for model, by_name in scores.items()
    ]
    return printed + measured


def summary(scores: Sequence[float]) -> str:
    """Format the mean and the standard deviation, or a single score."""
    if len(scores) == 1:
        return f"{scores[0]:.3f}"
    return f"{mean(scores):.3f} ± {stdev(scores):.3f}"


def score_on_test_rows(contestant: Contestant, task: Task, seed: int) -> float:
    """Return the accuracy, or R², on the test rows after a fit on the training rows."""
    model = contestant.make(len(task.X_train), seed)
    return model.fit(task.X_train, task.y_train).score(task.X_test, task.y_test)


def make_forecaster(random_state: int) -> Pipeline:
    lstm = LSTMRegressor(units=16, epochs=20, random_state=random_state)
    return make_pipeline(SequenceWindower(_TIMESTEPS), lstm)


def make_classifier(n_samples: int, random_state: int, steps: int = 1000) -> Pipeline:
    """Return a bidirectional LSTM with the convolutions of LSTM-FCN beside it, half as wide.

    It is trained for the same number of gradient steps on any number of samples.
    """
    batch_size = 16
    epochs = ceil(steps / ceil(n_samples / batch_size))

    def learning_rate(epoch: int) -> float:
        return 1e-3 * (1 + cos(pi * epoch / epochs)) / 2

    lstm = LSTMClassifier(
        units=32,
        bidirectional=True,
        dropout=0.5,
        conv_filters=(64, 128, 64),
        kernel_size=(7, 5, 3),
        conv_padding="same",
        conv_position="beside",
        batch_normalization=True,
        mask_value=_MASK_VALUE,
        epochs=epochs,
        batch_size=batch_size,
        callbacks=[LearningRateScheduler(learning_rate)],
        random_state=random_state,
    )
    return make_pipeline(SequencePadder(mask_value=_MASK_VALUE), lstm)


def _default_lstm(random_state: int) -> Pipeline:
    lstm = LSTMClassifier(mask_value=_MASK_VALUE, random_state=random_state)
    return make_pipeline(SequencePadder(mask_value=_MASK_VALUE), lstm)


def _on_rows(estimator: Any) -> Pipeline:
    """Return a model of scikit-learn that reads each padded sequence as one row.

    The features are scaled before the padding, so the zeros of the padding are their means.
    """
    scaler = PerTimestep(StandardScaler())
    # A plain array, because SequenceFlattener warns of padding.
    unmarked = FunctionTransformer(np.asarray)
    return make_pipeline(scaler, SequencePadder(), unmarked, SequenceFlattener(), estimator)


def _inputs_of_the_book(windows: NDArray) -> NDArray:
    """Return the values of the five days, and the weekday of the day that is forecast only."""
    values, weekday = windows[:, :, :3], windows[:, -1, -5:]
    return np.hstack([values.reshape(len(windows), -1), weekday])


def _on_windows(*steps: Any) -> Pipeline:
    return make_pipeline(SequenceWindower(_TIMESTEPS), *steps)


FORECASTERS = {
    OURS: Contestant(lambda n, seed: make_forecaster(seed)),
    "LSTMRegressor()": Contestant(lambda n, seed: _on_windows(LSTMRegressor(random_state=seed))),
    "linear AR of [5], refitted": Contestant(
        lambda n, seed: _on_windows(FunctionTransformer(_inputs_of_the_book), LinearRegression()),
        seeds=[0],
    ),
    "ridge, same windows": Contestant(
        lambda n, seed: _on_windows(SequenceFlattener(), StandardScaler(), RidgeCV(_ALPHAS)),
        seeds=[0],
    ),
    "random forest, same windows": Contestant(
        lambda n, seed: _on_windows(SequenceFlattener(), RandomForestRegressor(random_state=seed))
    ),
    "persistence": Contestant(lambda n, seed: _on_windows(NaiveRegressor("log_volume")), seeds=[0]),
}
CLASSIFIERS = {
    OURS: Contestant(make_classifier),
    "LSTMClassifier()": Contestant(lambda n, seed: _default_lstm(seed)),
    "nearest neighbour": Contestant(lambda n, seed: _on_rows(KNeighborsClassifier(1)), seeds=[0]),
    "ridge classifier": Contestant(lambda n, seed: _on_rows(RidgeClassifierCV(_ALPHAS)), seeds=[0]),
    "random forest": Contestant(
        lambda n, seed: _on_rows(RandomForestClassifier(random_state=seed))
    ),
}
