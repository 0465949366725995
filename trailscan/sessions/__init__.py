"""Sessions: which record issued which credentials, and who stands at the beginning of a chain."""
