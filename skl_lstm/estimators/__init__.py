"""Estimators of the scikit-learn API around Keras networks.

Import the public names from `skl_lstm`.
"""
