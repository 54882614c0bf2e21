"""Training of recurrent networks by functions that numba compiles, without Keras.

The arrays of a network have the time axis first: (timesteps, samples, features).
"""
