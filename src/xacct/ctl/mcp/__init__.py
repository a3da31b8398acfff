"""`xacctctl mcp`: scoped access for coding agents, by the Model Context Protocol. Its SDK is imported here alone."""
