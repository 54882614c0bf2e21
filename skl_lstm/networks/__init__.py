"""Recurrent networks as plain data, and building, copying and saving of Keras models."""
