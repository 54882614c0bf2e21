"""A grid search tunes the look-back and the network together."""

import numpy as np
import pytest
from scikeras.wrappers import KerasClassifier, KerasRegressor
from sklearn.model_selection import GridSearchCV, KFold, TimeSeriesSplit
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from skl_lstm import SequenceReshaper, lstm_network, make_supervised

BUILT = []


def counted_network(meta):
    BUILT.append(meta["X_shape_"])
    return lstm_network(meta, units=2)


def make_pipeline(model=lstm_network, **network):
    return Pipeline(
        [
            ("scale", StandardScaler()),
            ("reshape", SequenceReshaper(features=2, truncating="pre")),
            (
                "lstm",
                KerasRegressor(
                    model=model,
                    loss="mse",
                    optimizer="adam",
                    epochs=2,
                    verbose=0,
                    random_state=0,
                    # Tracing a graph would take longer than these few steps without it.
                    run_eagerly=True,
                    **network,
                ),
            ),
        ]
    )


def search_timesteps(X, y, n_jobs):
    grid = {"reshape__timesteps": [3, 6, 12]}
    search = GridSearchCV(
        make_pipeline(model__units=3),
        grid,
        cv=TimeSeriesSplit(2),
        scoring="neg_root_mean_squared_error",
        n_jobs=n_jobs,
        error_score="raise",
    )
    return search.fit(X, y)


@pytest.fixture(scope="module")
def supervised(series):
    return make_supervised(series, 12, target=0)


@pytest.fixture(scope="module")
def search(supervised):
    return search_timesteps(*supervised, n_jobs=1)


def test_timesteps_is_the_only_parameter_to_tune_the_look_back(search, supervised):
    X, _ = supervised
    best = search.best_estimator_
    timesteps = search.best_params_["reshape__timesteps"]
    assert best[:-1].transform(X).shape == (len(X), timesteps, 2)
    assert best["lstm"].model_.input_shape == (None, None, 2)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    # Equal scores would mean that the look-back was not tuned.
    assert len(set(search.cv_results_["mean_test_score"])) == 3


def test_two_processes_give_the_same_scores_as_one(search, supervised):
    parallel = search_timesteps(*supervised, n_jobs=2)
    for key in ("split0_test_score", "split1_test_score"):
        np.testing.assert_array_equal(parallel.cv_results_[key], search.cv_results_[key])


def test_timesteps_that_cannot_fit_fail_before_a_network_is_built():
    BUILT.clear()
    X, y = np.zeros((4, 10)), np.zeros(4)
    pipeline = make_pipeline(model=counted_network)
    pipeline.set_params(reshape__timesteps=100, reshape__features=None, reshape__truncating=None)
    with pytest.raises(ValueError, match="10 columns cannot be 100 timesteps of whole features"):
        pipeline.fit(X, y)
    assert BUILT == []
    pipeline.set_params(reshape__timesteps=5).fit(X, y)
    assert BUILT == [(4, 5, 2)]


def test_classes_go_through_the_same_pipeline(supervised):
    X, y = supervised
    pipeline = make_pipeline()
    pipeline.set_params(
        lstm=KerasClassifier(
            model=lstm_network,
            loss="binary_crossentropy",
            epochs=20,
            verbose=0,
            random_state=0,
            model__units=8,
            batch_size=64,
            optimizer="adam",
            optimizer__learning_rate=0.02,
            run_eagerly=True,
        )
    )
    labels = np.where(y > 0, "up", "down")
    pipeline.fit(X, labels)
    assert set(pipeline.predict(X)) == {"up", "down"}
    assert pipeline.score(X, labels) > 0.9


def test_unshuffled_folds_predict_every_test_row(supervised):
    X, y = supervised
    for train, test in KFold(3).split(X):
        fitted = make_pipeline(model__units=2).fit(X[train], y[train])
        assert fitted.predict(X[test]).shape == y[test].shape
