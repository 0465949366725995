"""Checking log files against CloudTrail's digests: list, read, judge, and store the verdicts."""
