"""Keras' LSTM by TensorFlow's fused CPU kernel, for the copies that the engine trains.

Only where the kernel computes what the layer does; the rest of
an architecture stays as it is.
"""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

# With more of them Keras' matrix products are faster than the kernel's (measured on two cores).
_MOST_UNITS = 112
# From here on it pays to run each half of a batch on a core of its own.
_UNITS_TO_HALVE = 48

# What the kernel is made for; other layers run as Keras wrote them.
_EXACT: dict[str, Any] = {
    "activation": "tanh",
    "recurrent_activation": "sigmoid",
    "use_bias": True,
    "recurrent_dropout": 0.0,
    "stateful": False,
    "unroll": False,  # backwards, Keras' unrolled loop takes the mask for zeros forwards
}


@keras.saving.register_keras_serializable("skl_lstm")
class FusedLSTM(keras.layers.LSTM):
    """`keras.layers.LSTM` with the loop over time in one operation, ``BlockLSTM``."""

    def inner_loop(
        self,
        sequences: tf.Tensor,
        initial_state: list[tf.Tensor],
        mask: Any,
        training: bool = False,
    ) -> tuple[tf.Tensor, tf.Tensor, list[tf.Tensor]]:
        """Return the last output, all outputs and the last states, as Keras' method does."""
        sequences = tf.cast(sequences, self.compute_dtype)
        mask = mask[0] if isinstance(mask, list | tuple) else mask
        if mask is not None:  # Keras takes numbers too, with a third axis of one as well
            mask = tf.reshape(tf.cast(mask, tf.bool), tf.shape(sequences)[:2])
        if training and self.dropout:
            sequences *= self.cell.get_dropout_mask(sequences[:, 0, :])[:, tf.newaxis]
        if self.go_backwards:
            sequences = tf.reverse(sequences, [1])
            mask = None if mask is None else tf.reverse(mask, [1])
        if mask is not None:
            return self._run_masked(sequences, initial_state, mask)
        h, c = self._run(sequences, *initial_state)
        return h[-1], _swapped(h), [h[-1], c[-1]]

    def _run_masked(
        self, sequences: tf.Tensor, initial_state: list[tf.Tensor], mask: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor, list[tf.Tensor]]:
        # The real steps to the front, in their order: what is behind them is never read.
        order = tf.argsort(tf.cast(~mask, tf.int8), axis=1, stable=True)
        h, c = self._run(tf.gather(sequences, order, batch_dims=1), *initial_state)
        seen = tf.cumsum(tf.cast(mask, tf.int32), axis=1)
        zeros = tf.zeros_like(initial_state[0])
        last, outputs = _after(seen[:, -1:], h, zeros)[:, 0], _after(seen, h, zeros)
        if self.zero_output_for_mask:
            last = tf.where(mask[:, -1:], last, 0.0)
            outputs = tf.where(mask[:, :, tf.newaxis], outputs, 0.0)
        states = zip((h, c), initial_state, strict=True)
        return last, outputs, [_after(seen[:, -1:], *state)[:, 0] for state in states]

    def _run(self, sequences: tf.Tensor, h: tf.Tensor, c: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Return h and c after every step, (timesteps, samples, units)."""
        # Time stays first: TensorFlow takes longer to swap the axes than for all of the rest.
        steps = _swapped(sequences)
        # Whether there are two cores to use or not: the sums are to be the same everywhere.
        if self.units < _UNITS_TO_HALVE:
            return self._run_at_once(steps, h, c)
        half = tf.shape(steps)[1] // 2
        # A lone sample runs twice: of none at all, the kernel's gradient is whatever was in memory.
        some = tf.maximum(half, 1)
        first = self._run_at_once(steps[:, :some], h[:some], c[:some])
        second = self._run_at_once(steps[:, half:], h[half:], c[half:])
        both = zip(first, second, strict=True)
        return tuple(tf.concat([one[:, :half], other], axis=1) for one, other in both)

    def _run_at_once(
        self, steps: tf.Tensor, h: tf.Tensor, c: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        kernels = [_even(self.cell.kernel, 0), _even(self.cell.recurrent_kernel, 0)]
        bias = _gates_of_kernel(self.cell.bias)
        unused = tf.zeros((bias.shape[0] // 4,), steps.dtype)
        result = tf.raw_ops.BlockLSTM(
            seq_len_max=tf.cast(tf.shape(steps)[0], tf.int64),
            x=_even(steps, 2),
            h_prev=_even(h, 1),
            cs_prev=_even(c, 1),
            w=_gates_of_kernel(tf.concat(kernels, axis=0)),
            b=bias,
            wci=unused,
            wcf=unused,
            wco=unused,
            forget_bias=0,  # it is in Keras' bias
            cell_clip=-1,  # none
        )
        return result.h[:, :, : self.units], result.cs[:, :, : self.units]


def _even(values: tf.Tensor, axis: int) -> tf.Tensor:
    """Append zeros to an axis whose size is odd.

    Features and units of odd number make TensorFlow complain on its log, call by call, if that
    of the samples is odd too. Zeros among them stay zeros.
    """
    if values.shape[axis] % 2 == 0:
        return values
    return tf.pad(values, [[0, int(number == axis)] for number in range(len(values.shape))])


def _swapped(steps: tf.Tensor) -> tf.Tensor:
    """Bring the time axis in front of the samples, or behind them again."""
    # TensorFlow's own transposition takes longer than all else that surrounds a small LSTM.
    first, second, _ = tf.unstack(tf.shape(steps))
    places = tf.range(first) * second + tf.range(second)[:, tf.newaxis]
    return tf.gather(tf.reshape(steps, [-1, steps.shape[-1]]), places)


def _gates_of_kernel(weights: tf.Tensor) -> tf.Tensor:
    """Bring the gates out of Keras' order, i, f, c, o, into that of the kernel: i, c, f, o."""
    axis = len(weights.shape) - 1
    i, f, c, o = (_even(gate, axis) for gate in tf.split(weights, 4, axis))
    return tf.concat([i, c, f, o], axis)


def _after(counts: tf.Tensor, values: tf.Tensor, before: tf.Tensor) -> tf.Tensor:
    """Return what each sample has after so many steps, `before` after none; samples first."""
    samples = tf.zeros_like(counts) + tf.range(tf.shape(counts)[0])[:, tf.newaxis]
    taken = tf.gather_nd(values, tf.stack([tf.maximum(counts - 1, 0), samples], axis=-1))
    return tf.where(counts[:, :, tf.newaxis] > 0, taken, before[:, tf.newaxis])


def fused(config: Any) -> Any:
    """Return the config of a model with every LSTM replaced that the kernel is made for."""
    if isinstance(config, list | tuple):
        return [fused(item) for item in config]
    if not isinstance(config, dict):
        return config
    config = {name: fused(value) for name, value in config.items()}
    if _is_exact(config):
        config |= {
            "module": FusedLSTM.__module__,
            "class_name": "FusedLSTM",
            "registered_name": "skl_lstm>FusedLSTM",
        }
    return config


def _is_exact(config: dict[str, Any]) -> bool:
    if (config.get("module"), config.get("class_name")) != ("keras.layers", "LSTM"):
        return False
    params = config["config"]
    policy = params.get("dtype", "float32")
    precision = policy["config"]["name"] if isinstance(policy, dict) else policy
    if precision != "float32" or params["units"] > _MOST_UNITS:
        return False
    return all(params.get(name) == _EXACT[name] for name in _EXACT)
