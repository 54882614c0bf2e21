"""An LSTM layer that uses TensorFlow's fused CPU kernel, for the traced copies of models.

`fused` replaces an LSTM layer only if the kernel computes the same results. All other layers stay
unchanged.
"""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

# With more units Keras' matrix products are faster than the kernel (measured on two cores).
_MAX_UNITS = 112
# From this size on it is faster to run the two halves of a batch on separate cores.
_MIN_UNITS_TO_SPLIT = 48

# The kernel supports only these settings of an LSTM layer.
_SUPPORTED_SETTINGS: dict[str, Any] = {
    "activation": "tanh",
    "recurrent_activation": "sigmoid",
    "use_bias": True,
    "recurrent_dropout": 0.0,
    "stateful": False,
    # With go_backwards and zero_output_for_mask, Keras' unrolled loop does not reverse the mask.
    "unroll": False,
}


@keras.saving.register_keras_serializable("skl_lstm")
class FusedLSTM(keras.layers.LSTM):
    """`keras.layers.LSTM` with the loop over time in the single operation ``BlockLSTM``."""

    def inner_loop(
        self,
        sequences: tf.Tensor,
        initial_state: list[tf.Tensor],
        mask: Any,
        training: bool = False,
    ) -> tuple[tf.Tensor, tf.Tensor, list[tf.Tensor]]:
        """Return the last output, all outputs and the last states, like Keras' method."""
        sequences = tf.cast(sequences, self.compute_dtype)
        mask = mask[0] if isinstance(mask, list | tuple) else mask
        if mask is not None:  # Keras also accepts masks of numbers, and of shape (..., 1)
            mask = tf.reshape(tf.cast(mask, tf.bool), tf.shape(sequences)[:2])
        if training and self.dropout:
            sequences *= self.cell.get_dropout_mask(sequences[:, 0, :])[:, tf.newaxis]
        if self.go_backwards:
            sequences = tf.reverse(sequences, [1])
            mask = None if mask is None else tf.reverse(mask, [1])
        if mask is not None:
            return self._run_masked(sequences, initial_state, mask)
        h, c = self._run(sequences, *initial_state)
        return h[-1], _swap_time_and_samples(h), [h[-1], c[-1]]

    def _run_masked(
        self, sequences: tf.Tensor, initial_state: list[tf.Tensor], mask: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor, list[tf.Tensor]]:
        # Move the unmasked steps to the front in their order, so that no result depends on the
        # masked steps.
        order = tf.argsort(tf.cast(~mask, tf.int8), axis=1, stable=True)
        h, c = self._run(tf.gather(sequences, order, batch_dims=1), *initial_state)
        seen = tf.cumsum(tf.cast(mask, tf.int32), axis=1)
        zeros = tf.zeros_like(initial_state[0])
        last, outputs = _values_after(seen[:, -1:], h, zeros)[:, 0], _values_after(seen, h, zeros)
        if self.zero_output_for_mask:
            last = tf.where(mask[:, -1:], last, 0.0)
            outputs = tf.where(mask[:, :, tf.newaxis], outputs, 0.0)
        states = zip((h, c), initial_state, strict=True)
        return last, outputs, [_values_after(seen[:, -1:], *state)[:, 0] for state in states]

    def _run(self, sequences: tf.Tensor, h: tf.Tensor, c: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Return h and c after every step, (timesteps, samples, units)."""
        # The time axis stays first: transposing takes TensorFlow longer than the other operations.
        steps = _swap_time_and_samples(sequences)
        # The split does not depend on the number of cores, so that all machines round equally.
        if self.units < _MIN_UNITS_TO_SPLIT:
            return self._run_kernel(steps, h, c)
        half = tf.shape(steps)[1] // 2
        # A single sample is computed in both halves, because the kernel does not initialize its
        # gradient for zero samples.
        first_size = tf.maximum(half, 1)
        first = self._run_kernel(steps[:, :first_size], h[:first_size], c[:first_size])
        second = self._run_kernel(steps[:, half:], h[half:], c[half:])
        both = zip(first, second, strict=True)
        return tuple(tf.concat([one[:, :half], other], axis=1) for one, other in both)

    def _run_kernel(
        self, steps: tf.Tensor, h: tf.Tensor, c: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        kernels = [
            _padded_to_even(self.cell.kernel, 0),
            _padded_to_even(self.cell.recurrent_kernel, 0),
        ]
        bias = _in_kernel_gate_order(self.cell.bias)
        unused = tf.zeros((bias.shape[0] // 4,), steps.dtype)
        result = tf.raw_ops.BlockLSTM(
            seq_len_max=tf.cast(tf.shape(steps)[0], tf.int64),
            x=_padded_to_even(steps, 2),
            h_prev=_padded_to_even(h, 1),
            cs_prev=_padded_to_even(c, 1),
            w=_in_kernel_gate_order(tf.concat(kernels, axis=0)),
            b=bias,
            wci=unused,
            wcf=unused,
            wco=unused,
            forget_bias=0,  # Keras' bias includes it
            cell_clip=-1,  # no clipping
        )
        return result.h[:, :, : self.units], result.cs[:, :, : self.units]


def _padded_to_even(values: tf.Tensor, axis: int) -> tf.Tensor:
    """Append a zero to an axis of odd size.

    TensorFlow logs a warning in every call if the number of samples and the number of features or
    units are odd. The appended zeros do not change the results: they stay zeros.
    """
    if values.shape[axis] % 2 == 0:
        return values
    return tf.pad(values, [[0, int(index == axis)] for index in range(len(values.shape))])


def _swap_time_and_samples(steps: tf.Tensor) -> tf.Tensor:
    """Swap the first two axes, time and samples."""
    # tf.transpose takes longer than all other operations around a small LSTM.
    first, second, _ = tf.unstack(tf.shape(steps))
    positions = tf.range(first) * second + tf.range(second)[:, tf.newaxis]
    return tf.gather(tf.reshape(steps, [-1, steps.shape[-1]]), positions)


def _in_kernel_gate_order(weights: tf.Tensor) -> tf.Tensor:
    """Reorder the gates from Keras' order (i, f, c, o) to that of the kernel (i, c, f, o)."""
    axis = len(weights.shape) - 1
    i, f, c, o = (_padded_to_even(gate, axis) for gate in tf.split(weights, 4, axis))
    return tf.concat([i, c, f, o], axis)


def _values_after(counts: tf.Tensor, values: tf.Tensor, before: tf.Tensor) -> tf.Tensor:
    """Return the values of each sample after the given numbers of steps.

    `counts` is (samples, counts), `values` is (timesteps, samples, units), and the result is
    (samples, counts, units). For a count of 0 the result is `before`, (samples, units).
    """
    samples = tf.zeros_like(counts) + tf.range(tf.shape(counts)[0])[:, tf.newaxis]
    taken = tf.gather_nd(values, tf.stack([tf.maximum(counts - 1, 0), samples], axis=-1))
    return tf.where(counts[:, :, tf.newaxis] > 0, taken, before[:, tf.newaxis])


def fused(config: Any) -> Any:
    """Return the config of a model with `FusedLSTM` for every LSTM that the kernel supports."""
    if isinstance(config, list | tuple):
        return [fused(item) for item in config]
    if not isinstance(config, dict):
        return config
    config = {name: fused(value) for name, value in config.items()}
    if _is_supported_lstm(config):
        config |= {
            "module": FusedLSTM.__module__,
            "class_name": "FusedLSTM",
            "registered_name": "skl_lstm>FusedLSTM",
        }
    return config


def _is_supported_lstm(config: dict[str, Any]) -> bool:
    if (config.get("module"), config.get("class_name")) != ("keras.layers", "LSTM"):
        return False
    params = config["config"]
    policy = params.get("dtype", "float32")
    precision = policy["config"]["name"] if isinstance(policy, dict) else policy
    if precision != "float32" or params["units"] > _MAX_UNITS:
        return False
    return all(params.get(name) == _SUPPORTED_SETTINGS[name] for name in _SUPPORTED_SETTINGS)
