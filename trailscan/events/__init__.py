"""Decoded records: the event, the principal who acted, and the Arrow schema of events."""
