"""The one door to boto3: sessions, roles, what S3 says of a bucket. Answers are plain values."""
