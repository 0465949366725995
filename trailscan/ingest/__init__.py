"""From source to store: which log files to read, reading them, and the accounts of it."""
