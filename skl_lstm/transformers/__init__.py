"""Transformers: a table or a list of sequences becomes (samples, timesteps, features).

Public names are imported from `skl_lstm`.
"""
