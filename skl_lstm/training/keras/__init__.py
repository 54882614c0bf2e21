"""Training and prediction of Keras models with traced copies."""
