"""Private names of scikit-learn, Keras and scikeras, in one place.

Each module has a table ``PRIVATE_NAMES``: a name, why it is needed, and what would replace it.
No other module uses a private name of another package. A test looks every name up and says
which one a new release has dropped.
"""
