"""What CloudTrail delivers: the S3 key grammar, log files, envelopes. Bytes in, records out."""
