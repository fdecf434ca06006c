"""One printer, one exact reading."""
