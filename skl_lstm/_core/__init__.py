"""What every stage reads: shapes, parameters, windows, sequences, validation, rows on disk."""
