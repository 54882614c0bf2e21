"""Four padded sequences of unequal length, drawn by `plot_sequences`."""

import numpy as np
from matplotlib.figure import Figure

from skl_lstm import SequencePadder
from skl_lstm.inspection import plot_sequences


def draw() -> Figure:
    rng = np.random.default_rng(3)
    trips = [rng.normal(0.2, 1, size=(length, 2)).cumsum(axis=0) for length in (9, 24, 15, 18)]
    padded = SequencePadder().fit_transform(trips)
    return plot_sequences(padded, feature_names=["north", "east"])[0].figure
