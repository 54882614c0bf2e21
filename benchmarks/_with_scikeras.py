"""The network of the search, written for plain scikeras."""

import keras
from scikeras.wrappers import KerasRegressor


def make_network(meta: dict, units: int) -> keras.Model:
    return keras.Sequential(
        [keras.Input(meta["X_shape_"][1:]), keras.layers.LSTM(units), keras.layers.Dense(1)]
    )


def make_net(units: int, epochs: int, batch_size: int) -> KerasRegressor:
    return KerasRegressor(
        make_network,
        model__units=units,
        loss="mse",
        optimizer="adam",
        optimizer__learning_rate=1e-3,
        epochs=epochs,
        batch_size=batch_size,
        verbose=0,
    )
