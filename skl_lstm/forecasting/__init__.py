"""Forecasts of the coming steps of every series, and from new rows as they come.

Public names are imported from `skl_lstm`.
"""
