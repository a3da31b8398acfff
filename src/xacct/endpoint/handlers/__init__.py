"""What the listeners answer: one file for each protocol that SDKs speak."""
