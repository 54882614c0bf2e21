"""Model selection in time: folds, backtests, and the comparison of forecasts.

Public names are imported from `skl_lstm`.
"""
