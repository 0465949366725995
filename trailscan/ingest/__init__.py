"""From source to store: plan which log files to read, read them, and count what became of them."""
