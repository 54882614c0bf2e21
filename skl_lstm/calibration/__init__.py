"""Prediction intervals for any forecaster, calibrated on held-out rows."""
