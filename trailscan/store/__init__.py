"""The Parquet store: its layout, the ledger of what was done, a writer that is whole or absent."""
