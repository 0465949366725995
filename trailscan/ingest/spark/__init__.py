"""The Spark engine: the same scan, comparison and commits as on one machine, on a cluster."""
