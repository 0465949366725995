"""The meaning of events: a record per operation, and the engine that turns events into changes."""
