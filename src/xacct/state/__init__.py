"""What outlives a process: the keeper's state as bytes, and what keeps those bytes for the next one."""
