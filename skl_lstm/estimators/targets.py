"""`NumericTarget` for regressors and `ClassTarget` for classifiers.

A target validates and describes y, encodes y for the network, and decodes the output of the
network to predictions. The argument `network` is a `KerasNetwork` or a `NativeNetwork`.
"""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Real
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils import check_array
from sklearn.utils.class_weight import compute_sample_weight
from sklearn.utils.multiclass import check_classification_targets, type_of_target

from .._compat.sklearn import check_y, type_of_numbers
from .._core.diagrams import shape_of
from .._core.float_type import floatx
from .._core.messages import listed
from .._core.validation import explained, numeric

_LARGEST_PROBABILITY = 1.001  # a softmax may exceed 1 by a rounding error


class NumericTarget(NamedTuple):
    """One or several numbers per sample."""

    kind: str  # scikit-learn's type_of_target
    dtype: np.dtype
    ndim: int
    n_outputs: int
    quantiles: tuple[float, ...] = ()  # the levels to predict, or empty

    @staticmethod
    def read(y: ArrayLike, estimator: Any) -> NDArray:
        """Validate y."""
        with explained(y, "y"):
            target = numeric(check_y(y, multi_output=True, estimator=estimator), "y")
        if target.dtype.kind in "USV":
            raise ValueError(
                f"y is of dtype {target.dtype}, but a regressor learns numbers. Convert it to "
                "numbers, or use a classifier."
            )
        with explained(y, "y"):
            # A finite float64 can be infinite in the float type of the network.
            in_network = target.astype(floatx())
            check_array(in_network, ensure_2d=False, estimator=estimator, input_name="y")
        return target

    @classmethod
    def describe(cls, y: NDArray, name: str, quantiles: tuple[float, ...] = ()) -> NumericTarget:
        """Describe a validated y. `quantiles` are the levels to predict."""
        n_outputs = 1 if y.ndim == 1 else y.shape[1]
        return cls(type_of_numbers(y), y.dtype, y.ndim, n_outputs, quantiles)

    @property
    def width(self) -> int:
        """The number of outputs of the network: one for each output of y and quantile."""
        return self.n_outputs * max(len(self.quantiles), 1)

    @property
    def meta(self) -> dict[str, Any]:
        """The entries for y in the `meta` argument of a function that builds a network."""
        return {**_common_meta(self), "n_outputs_": self.width}

    @property
    def shape(self) -> str:
        """The shape of a prediction, as text."""
        return shape_of("n") if self.ndim == 1 else shape_of("n", self.n_outputs)

    def default_loss(self, width: int) -> str:
        """Return the loss for a network with `width` outputs."""
        return "pinball" if self.quantiles else "mean_squared_error"

    def check_remaining(self, y: NDArray, kept: NDArray, name: str) -> None:
        """Do nothing: a regressor can be trained on any targets."""

    def missing_classes(self, y: NDArray, y_train: NDArray) -> list[Any]:
        """Return an empty list, for the same reason."""
        return []

    def is_constant(self, y: NDArray) -> bool:
        """Return whether all targets are equal, so that their scale is unknown."""
        return bool((y == y[0]).all())

    def encode(self, y: NDArray, network: Any, name: str) -> NDArray:
        """Return y in the form that the network is trained on, (samples, outputs)."""
        _check_n_outputs(network, {self.width}, 'keras.layers.Dense(meta["n_outputs_"])')
        y = y.reshape(len(y), -1)
        if y.shape[1] != self.n_outputs:
            raise ValueError(
                f"y has {y.shape[1]} outputs, but {name} was fitted on {self.n_outputs}."
            )
        return y

    def decode(self, output: NDArray) -> NDArray:
        """Return predictions in the shape of y, and in the dtype of y if it is a float type."""
        if self.quantiles:
            output = point_forecast(self._sorted(output), self.quantiles)
        return self._like_y(output)

    def decode_quantiles(self, output: NDArray) -> NDArray:
        """Return the quantiles, with an axis of quantiles after the axes of y."""
        return self._like_y(self._sorted(output))

    def _sorted(self, output: NDArray) -> NDArray:
        """Return the sorted quantiles of each output of y, (samples, outputs, quantiles)."""
        return np.sort(output.reshape(len(output), self.n_outputs, len(self.quantiles)), axis=-1)

    def _like_y(self, values: NDArray) -> NDArray:
        """Return values, (samples, outputs, ...), without the axis of outputs if y has none."""
        dtype = self.dtype if self.dtype.kind == "f" else np.float64
        return (values[:, 0] if self.ndim == 1 else values).astype(dtype)


class ClassTarget(NamedTuple):
    """One class per sample, or several binary labels per sample."""

    kind: str  # scikit-learn's type_of_target
    dtype: np.dtype
    ndim: int
    classes: NDArray

    @staticmethod
    def read(y: ArrayLike, estimator: Any) -> NDArray:
        """Validate y."""
        with explained(y, "y", numbers=False):
            shape = np.asarray(y).shape
            is_wide = len(shape) == 2 and shape[1] > 1
            target = check_y(y, multi_output=is_wide, estimator=estimator)
            if target.dtype.kind == "O":
                sorted_labels(target)  # raises if the labels cannot be sorted
            check_classification_targets(target)
        return target

    @classmethod
    def describe(cls, y: NDArray, name: str, classes: ArrayLike | None = None) -> ClassTarget:
        """Describe a validated y. `classes` can contain labels that are not in y."""
        kind = type_of_target(y, input_name="y")
        if kind == "multiclass-multioutput":
            raise ValueError(
                f"{name} does not support multiclass-multioutput targets. Wrap it in "
                "sklearn.multioutput.MultiOutputClassifier."
            )
        if kind == "multilabel-indicator":
            return cls(kind, y.dtype, y.ndim, np.arange(y.shape[1]))
        labels = sorted_labels(y if classes is None else classes)
        if len(labels) == 0:
            raise ValueError("classes is empty. Pass all labels that y can contain in any call.")
        if len(labels) == 1:
            raise ValueError(
                f"{name} needs samples of at least 2 classes, but the data contains only one "
                f"class: {labels.tolist()[0]!r}"
            )
        # The type of all labels, because the first batch may not contain every class.
        return cls(type_of_target(labels), y.dtype, y.ndim, labels)

    @property
    def quantiles(self) -> tuple[float, ...]:
        """No levels, because classes have no quantiles."""
        return ()

    @property
    def is_multilabel(self) -> bool:
        """Whether a sample can have several labels."""
        return self.kind == "multilabel-indicator"

    @property
    def meta(self) -> dict[str, Any]:
        """The entries for y in the `meta` argument of a function that builds a network."""
        n_classes = len(self.classes)
        return {
            **_common_meta(self),
            "n_outputs_": 1,
            "classes_": self.classes,
            "n_classes_": n_classes,
        }

    @property
    def shape(self) -> str:
        """The shape of a prediction, as text."""
        n_classes = len(self.classes)
        return shape_of("n", n_classes) if self.is_multilabel else f"(n,) of {n_classes} classes"

    def default_loss(self, width: int) -> str:
        """Return the loss for a network with `width` outputs."""
        if self.is_multilabel or width == 1:
            return "binary_crossentropy"
        return "sparse_categorical_crossentropy"

    def check_remaining(self, y: NDArray, kept: NDArray, name: str) -> None:
        """Raise if `kept`, the labels of the samples with nonzero weight, has only one class."""
        remaining = np.unique(kept)
        if y.ndim == 1 and len(remaining) < 2 <= len(np.unique(y)):
            raise ValueError(
                f"{name} needs samples of at least 2 classes, but only one class has a weight "
                f"above zero: {remaining.tolist()[0]!r}"
            )

    def is_constant(self, y: NDArray) -> bool:
        """Return False: classes are not scaled."""
        return False

    def missing_classes(self, y: NDArray, y_train: NDArray) -> list[Any]:
        """Return the classes that are in y, but not among the training targets."""
        return [] if y.ndim == 2 else np.setdiff1d(y, y_train).tolist()

    def encode(self, y: NDArray, network: Any, name: str) -> NDArray:
        """Return y in the form that the network is trained on, (samples, outputs)."""
        n_classes, dtype = len(self.classes), floatx()
        if (y.ndim == 2) != self.is_multilabel or (self.is_multilabel and y.shape[1] != n_classes):
            fitted = f"(n_samples, {n_classes})" if self.is_multilabel else "(n_samples,)"
            raise ValueError(
                f"y has shape {y.shape}, but {name} was fitted on a y of shape {fitted}."
            )
        if self.is_multilabel:
            _check_n_outputs(
                network, {n_classes}, 'keras.layers.Dense(meta["n_classes_"], "sigmoid")'
            )
            return y.astype(dtype)
        widths = {1, 2} if n_classes == 2 else {n_classes}
        _check_n_outputs(network, widths, 'keras.layers.Dense(meta["n_classes_"], "softmax")')
        if unseen := np.setdiff1d(y, self.classes).tolist():
            raise ValueError(
                f"y contains labels that are not classes of this {name}: {unseen}. Pass all "
                "classes in the first call of partial_fit."
            )
        codes = np.searchsorted(self.classes, y)
        if network.trains_on_one_hot:
            return np.eye(n_classes, dtype=dtype)[codes]
        return codes.astype(dtype)[:, np.newaxis]

    def probabilities(self, output: NDArray) -> NDArray:
        """Return the probability of each class, (samples, classes)."""
        output = output.astype(np.float64)
        if output.size and (output.min() < 0 or output.max() > _LARGEST_PROBABILITY):
            raise ValueError(
                f"The network returned values between {output.min():.3g} and {output.max():.3g}, "
                "which are not probabilities. Use the activation softmax in the last layer, or "
                "sigmoid for one output or several labels."
            )
        if self.is_multilabel:
            return output
        if output.shape[1] == 1:
            return np.hstack([1 - output, output])
        return output / output.sum(axis=1, keepdims=True)

    def decode(self, output: NDArray) -> NDArray:
        """Return the most probable class, or 1 for each label with a probability above 0.5."""
        probabilities = self.probabilities(output)
        if self.is_multilabel:
            return (probabilities > 0.5).astype(self.dtype)
        return self.classes[probabilities.argmax(axis=1)]


def read_quantiles(quantiles: Any, loss: Any) -> tuple[float, ...]:
    """Return the levels of the quantiles as floats, or an empty tuple for None. Validate them."""
    if quantiles is None:
        return ()
    values = np.asarray(quantiles, dtype=object)
    if values.ndim != 1 or not all(map(_is_number, values)):
        raise TypeError(
            f"quantiles={quantiles!r} must be a tuple of numbers above 0 and below 1, such as "
            "(0.1, 0.5, 0.9), or None."
        )
    levels = tuple(map(float, values))
    _check_levels(levels)
    if loss is not None:
        raise ValueError(
            f"loss={loss!r} cannot be set together with quantiles={levels}: with quantiles, the "
            "loss is the pinball loss. Leave loss=None, or set quantiles=None."
        )
    return levels


def _is_number(value: Any) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool)


def _check_levels(levels: tuple[float, ...]) -> None:
    """Raise ValueError if the levels are not strictly increasing in (0, 1)."""
    if not levels:
        raise ValueError(
            "quantiles is empty. Name at least one, such as quantiles=(0.1, 0.5, 0.9), or set "
            "quantiles=None to predict no quantiles."
        )
    if outside := [level for level in levels if not 0 < level < 1]:
        raise ValueError(
            f"quantiles={levels} contains {listed(outside)}, but a quantile is above 0 and below "
            "1: 0.9 is the value that 90 % of the targets do not exceed."
        )
    ordered = tuple(sorted(set(levels)))
    if len(ordered) < len(levels):
        repeated = [level for level in ordered if levels.count(level) > 1]
        raise ValueError(
            f"quantiles={levels} repeats {listed(repeated)}. Name each quantile once: "
            f"quantiles={ordered}."
        )
    if ordered != levels:
        raise ValueError(
            f"quantiles={levels} is not increasing. The columns of the predictions are in "
            f"increasing order, so set quantiles={ordered}."
        )


def point_forecast(quantiles: NDArray, levels: Sequence[float]) -> NDArray:
    """Return the quantile 0.5, or the mean of the nearest ones on both sides of it.

    `quantiles` is (..., quantiles). If all levels are on one side of 0.5, it is the nearest one.
    """
    return quantiles[..., nearest_to_median(levels)].mean(axis=-1)


def nearest_to_median(levels: Sequence[float]) -> NDArray[np.intp]:
    """Return the positions of the levels whose quantiles are averaged to a point forecast."""
    distances = np.abs(np.subtract(levels, 0.5))
    if distances.min() < 1e-6:  # a rounded 0.5
        return np.array([distances.argmin()])
    above = int(np.searchsorted(levels, 0.5))
    return np.unique(np.clip([above - 1, above], 0, len(levels) - 1))


def class_weights(class_weight: Any, y: NDArray) -> NDArray | None:
    """Return the class weight of each sample, or None without class weights."""
    if class_weight is None:
        return None
    weights = compute_sample_weight(class_weight, y).astype(floatx())
    if not (weights >= 0).all() or np.isinf(weights).any():
        raise ValueError(
            f"class_weight={class_weight!r} contains a weight that is negative or not finite. "
            "Use a finite weight of at least 0 for each class."
        )
    return weights


def has_several_classes(y: NDArray) -> bool:
    """Return whether a sample has several classes, which are not labels of 0 and 1."""
    return y.ndim == 2 and type_of_target(y, input_name="y") == "multiclass-multioutput"


def check_same_classes(classes: ArrayLike, fitted: NDArray) -> None:
    """Raise if the `classes` of a later call of `partial_fit` differ from those of the first."""
    labels = sorted_labels(classes)
    if not np.array_equal(labels, fitted):
        raise ValueError(
            f"classes={labels.tolist()} differ from the classes of the first call, "
            f"{fitted.tolist()}. Omit classes, or call fit to start again."
        )


def sorted_labels(y: ArrayLike) -> NDArray:
    """Return the sorted unique labels."""
    try:
        return np.unique(np.asarray(y))
    except TypeError as error:
        kinds = sorted({type(label).__name__ for label in np.asarray(y, dtype=object).ravel()})
        raise TypeError(
            f"The labels cannot be sorted. They have these types: {', '.join(kinds)}. Convert all "
            "labels to one type, and remove samples without a label."
        ) from error


def _common_meta(target: NumericTarget | ClassTarget) -> dict[str, Any]:
    return {
        "target_type_": target.kind,
        "y_dtype_": target.dtype,
        "y_ndim_": target.ndim,
        "n_outputs_expected_": 1,
    }


def _check_n_outputs(network: Any, allowed: set[int], last_layer: str) -> None:
    # Keras would broadcast y to the output, and minimize a wrong loss without an error.
    if network.n_outputs not in allowed:
        raise ValueError(
            f"The network has {network.n_outputs} outputs, but y needs "
            f"{' or '.join(map(str, sorted(allowed)))}. Use this last layer: {last_layer}."
        )
