"""Reports: one question a module, a table each. No words for people but the titles, no files."""
