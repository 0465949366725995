"""Words on the command line, one module a command group. Heavy imports stand inside commands."""
