"""Training and prediction of networks, with and without Keras."""
