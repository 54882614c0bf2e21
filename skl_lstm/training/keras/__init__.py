"""Keras models, trained and evaluated by traced copies."""
