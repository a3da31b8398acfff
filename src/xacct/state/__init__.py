"""What outlives a process: the keeper's memory as bytes, and the places where those bytes may wait for the next one."""
