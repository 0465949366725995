"""What AWS must allow for a command to work: as an IAM policy, and tried call by call."""
