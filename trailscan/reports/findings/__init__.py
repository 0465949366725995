"""Findings: what deserves a look, and why."""
