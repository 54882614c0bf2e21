"""Forecasts of the coming steps of every series.

Public names are imported from `skl_lstm`.
"""
