"""The heart: entries of credentials over time. It knows STS and humans by protocol, never by import."""
