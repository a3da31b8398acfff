"""The operating system: where files live, what time it is, who calls."""
