"""The audit: who had which role's credentials, by which grant, and when. A line each, and never a secret."""
