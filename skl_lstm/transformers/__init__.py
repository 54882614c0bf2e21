"""The first stage: a table or a list becomes (samples, timesteps, features).

Public names are imported from `skl_lstm`.
"""
