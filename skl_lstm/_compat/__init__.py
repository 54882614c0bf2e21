"""The private names of scikit-learn, Keras, scikeras and numba that this package uses.

Each module has a dict ``PRIVATE_NAMES``. Its values state why a name is needed and what could
replace it. Modules outside this folder use no private names of other packages. A test looks up
every name and reports the names that a new release has removed.
"""
