"""The heart: leases of credentials over time. It knows STS and humans by protocol, never by import."""
