"""Checking log files against CloudTrail's digests: list, read, judge, keep the verdicts."""
