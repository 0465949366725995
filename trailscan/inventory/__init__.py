"""What S3 Inventory and S3 Metadata say a bucket holds, in place of listing it."""
