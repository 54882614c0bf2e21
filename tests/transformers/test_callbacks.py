"""The transformers take part in the callbacks of scikit-learn, as a fit without subtasks."""

import pickle
import warnings

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from skl_lstm import PerTimestep, SequencePadder, SequenceReshaper, SequenceWindower

callback = pytest.importorskip("sklearn.callback", reason="new in scikit-learn 1.9")

TABLE = np.random.default_rng(0).normal(size=(12, 4))
TARGET = TABLE.sum(axis=1)
SEQUENCES = list(TABLE.reshape(12, 2, 2))
TRANSFORMERS = [
    (SequenceReshaper(features=2), TABLE),
    (SequenceWindower(timesteps=2), TABLE),
    (SequencePadder(), SEQUENCES),
    (PerTimestep(StandardScaler()), SEQUENCES),
]


def _flat(X):
    return np.reshape(X, (len(X), -1))


class Recorder:
    """A callback that is passed on to the steps of a Pipeline."""

    max_propagation_depth = None

    def __init__(self):
        self.events = []

    def setup(self, estimator, context):
        self.events.append(("setup", type(estimator).__name__, context.max_subtasks))

    def on_fit_task_begin(self, estimator, context, *, X, y):
        self.events.append(("begin", type(estimator).__name__, len(X)))

    def on_fit_task_end(self, estimator, context, *, fitted_estimator):
        self.events.append(
            ("end", type(estimator).__name__, hasattr(fitted_estimator, "transform"))
        )

    def teardown(self, estimator, context):
        self.events.append(("teardown", type(estimator).__name__, context.max_subtasks))


@pytest.mark.parametrize(("transformer", "X"), TRANSFORMERS, ids=lambda value: type(value).__name__)
def test_the_fit_of_a_transformer_is_one_task(transformer, X):
    recorder, name = Recorder(), type(transformer).__name__
    fitted = clone(transformer).set_callbacks(recorder).fit(X)
    assert recorder.events == [
        ("setup", name, 0),
        ("begin", name, 12),
        ("end", name, True),
        ("teardown", name, 0),
    ]
    # A second fit is reported again, and without callbacks nothing is.
    fitted.fit_transform(X)
    assert len(recorder.events) == 8
    pickle.dumps(fitted.set_callbacks().fit(X))
    assert len(recorder.events) == 8


@pytest.mark.parametrize(("transformer", "X"), TRANSFORMERS, ids=lambda value: type(value).__name__)
def test_callbacks_are_torn_down_after_a_failed_fit(transformer, X):
    recorder = Recorder()
    with pytest.raises(ValueError, match=r"0 sample|empty list"):
        clone(transformer).set_callbacks(recorder).fit(X[:0])
    assert [event for event, *_ in recorder.events] == ["setup", "begin", "teardown"]


@pytest.mark.parametrize(("transformer", "X"), TRANSFORMERS, ids=lambda value: type(value).__name__)
def test_the_progress_bar_of_a_search_includes_the_transformers(
    transformer, X, capsys, monkeypatch
):
    rich = pytest.importorskip("rich")
    monkeypatch.setenv("COLUMNS", "200")  # room for the numbers
    monkeypatch.setattr(rich, "_console", None)  # an earlier test may have made a narrow one
    steps = (clone(transformer), FunctionTransformer(_flat), Ridge())
    search = GridSearchCV(make_pipeline(*steps), {"ridge__alpha": [1, 2]}, cv=2)
    search.set_callbacks(callback.ProgressBar(max_propagation_depth=None))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        search.fit(X, TARGET)
    unsupported = {str(warning.message).split()[2] for warning in caught}
    assert unsupported <= {"FunctionTransformer", "Ridge"}
    name = type(transformer).__name__
    bars = [line for line in capsys.readouterr().out.splitlines() if f"{name} - fit" in line]
    assert len(bars) == 2 * 2 + 1
    assert [bar for bar in bars if "100%" not in bar] == []
