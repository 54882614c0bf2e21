"""Code that every stage uses: shapes, parameters, sequences, windows, validation, memory maps."""
