"""Were log files changed, removed, or never attested? Pure: values in, verdicts out."""
