"""What a human is asked: one open prompt per MFA device, used codes, and yes or no to the use of a role."""
