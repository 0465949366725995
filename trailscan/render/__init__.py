"""One report in the form asked for: same input, same bytes, everything escaped."""
