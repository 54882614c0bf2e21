"""The network of the search, written for skorch."""

import torch
from skorch import NeuralNetRegressor


class Network(torch.nn.Module):
    def __init__(self, features: int, units: int) -> None:
        super().__init__()
        self.lstm = torch.nn.LSTM(features, units, batch_first=True)
        self.dense = torch.nn.Linear(units, 1)

    def forward(self, X: torch.Tensor) -> torch.Tensor:
        outputs, _ = self.lstm(X)
        return self.dense(outputs[:, -1])


def make_net(features: int, units: int, epochs: int, batch_size: int) -> NeuralNetRegressor:
    return NeuralNetRegressor(
        Network,
        module__features=features,
        module__units=units,
        optimizer=torch.optim.Adam,
        lr=1e-3,
        max_epochs=epochs,
        batch_size=batch_size,
        iterator_train__shuffle=True,
        train_split=None,
        verbose=0,
    )
