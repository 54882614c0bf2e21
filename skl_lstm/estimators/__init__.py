"""scikit-learn's face of a network: parameters, targets, fit, predict.

Public names are imported from `skl_lstm`.
"""
