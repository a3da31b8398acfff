"""How a human is asked where no terminal attends: one small file a way. Each listens to the keeper's events."""
