"""How a human is asked beside terminals: one small file for each prompter. Each subscribes to the event bus."""
