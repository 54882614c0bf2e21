"""A label for every time step: the time to train on sequences of unequal length, and the accuracy.

All contestants train the same network on the same sequences, for the same epochs in batches of the
same size, and pad the sequences, each in its own way.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skl_lstm import LSTMStepClassifier, flatten_steps

from ._timing import alternate, console, show_setting, show_table, stopwatch

_SEQUENCES, _LENGTHS, _FEATURES = 200, (20, 200), 4
_UNITS, _BATCH_SIZE, _EPOCHS, _RATE = 32, 16, 5, 0.005
_ROUNDS = 3

Sequences = list[NDArray[np.float32]]
Labels = list[NDArray[np.int64]]


def main() -> None:
    show_setting("numpy", "scikit-learn", "keras", "tensorflow", "torch")
    X, y = make_sequences(_SEQUENCES, seed=0)
    unseen, truth = make_sequences(_SEQUENCES, seed=1)
    contestants: dict[str, Callable[[], Any]] = {
        "LSTMStepClassifier": lambda: _ours("native").fit(X, y),
        "its engine='keras'": lambda: _ours("keras").fit(X, y),
        "Keras": lambda: _PlainKeras().fit(X, y),
        "PyTorch": lambda: _PyTorch().fit(X, y),
    }
    accuracy = {
        name: f"{np.mean(np.equal(*flatten_steps(truth, fit().predict(unseen)))):.3f}"
        for name, fit in contestants.items()
    }
    times = alternate({name: stopwatch(fit) for name, fit in contestants.items()}, _ROUNDS)
    show_table("Training", times, {"accuracy": accuracy})
    low, high = _LENGTHS
    console.print(
        f"{_SEQUENCES} sequences of {low} to {high} steps with {_FEATURES} features. An LSTM layer "
        f"of {_UNITS} units, {_EPOCHS} epochs of Adam, batches of {_BATCH_SIZE} sequences. The "
        "label is whether the sum of the first feature over the last five steps is positive. Each "
        "fit builds the network; plain Keras also compiles it. Keras gets padded sequences, and "
        "weights of 0 for the padding. PyTorch gets packed sequences."
    )


def make_sequences(n: int, seed: int) -> tuple[Sequences, Labels]:
    rng = np.random.default_rng(seed)
    lengths = rng.integers(*_LENGTHS, size=n, endpoint=True)
    X = [rng.normal(size=(length, _FEATURES)).astype(np.float32) for length in lengths]
    return X, [(np.convolve(x[:, 0], np.ones(5))[: len(x)] > 0).astype(int) for x in X]


def _ours(engine: str) -> LSTMStepClassifier:
    return LSTMStepClassifier(
        _UNITS,
        engine=engine,
        scaling=None,
        batch_size=_BATCH_SIZE,
        epochs=_EPOCHS,
        learning_rate=_RATE,
        random_state=0,
    )


class _PlainKeras:
    """Keras as its documentation shows it: pad, mask, and weigh the padded steps with zero."""

    def fit(self, X: Sequences, y: Labels) -> "_PlainKeras":
        import keras

        keras.utils.set_random_seed(0)
        self._model = keras.Sequential(
            [
                keras.layers.Masking(-9.0),
                keras.layers.LSTM(_UNITS, return_sequences=True),
                keras.layers.Dense(1, "sigmoid"),
            ]
        )
        self._model.compile(keras.optimizers.Adam(_RATE), "binary_crossentropy")
        real = _padded([np.ones(len(x)) for x in X], 0.0)
        targets = _padded(y, 0.0)[..., np.newaxis]
        self._model.fit(
            _padded(X, -9.0), targets, _BATCH_SIZE, _EPOCHS, verbose=0, sample_weight=real
        )
        return self

    def predict(self, X: Sequences) -> Labels:
        outputs = self._model.predict(_padded(X, -9.0), verbose=0)
        return [
            (output[: len(x), 0] > 0.5).astype(int) for output, x in zip(outputs, X, strict=True)
        ]


def _padded(sequences: list[Any], value: float) -> NDArray[np.float32]:
    import keras

    return keras.utils.pad_sequences(sequences, dtype="float32", padding="post", value=value)


class _PyTorch:
    """PyTorch with packed sequences, and a loop over the batches."""

    def fit(self, X: Sequences, y: Labels) -> "_PyTorch":
        import torch
        from torch.nn.functional import binary_cross_entropy_with_logits as loss

        torch.manual_seed(0)
        self._lstm = torch.nn.LSTM(_FEATURES, _UNITS)
        self._dense = torch.nn.Linear(_UNITS, 1)
        weights = [*self._lstm.parameters(), *self._dense.parameters()]
        optimizer = torch.optim.Adam(weights, _RATE)
        for _ in range(_EPOCHS):
            for rows in torch.randperm(len(X)).split(_BATCH_SIZE):
                targets = torch.nn.utils.rnn.pack_sequence(
                    [torch.tensor(y[row], dtype=torch.float32) for row in rows],
                    enforce_sorted=False,
                )
                optimizer.zero_grad()
                loss(self._outputs([X[row] for row in rows]).data[:, 0], targets.data).backward()
                optimizer.step()
        return self

    def predict(self, X: Sequences) -> Labels:
        import torch

        with torch.no_grad():
            padded, lengths = torch.nn.utils.rnn.pad_packed_sequence(self._outputs(X))
        columns = zip(padded[:, :, 0].T, lengths, strict=True)
        return [(column[:length] > 0).numpy().astype(int) for column, length in columns]

    def _outputs(self, X: Sequences) -> Any:
        import torch
        from torch.nn.utils.rnn import PackedSequence, pack_sequence

        packed = pack_sequence(list(map(torch.from_numpy, X)), enforce_sorted=False)
        states, _ = self._lstm(packed)
        return PackedSequence(self._dense(states.data), *states[1:])
