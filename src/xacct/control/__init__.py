"""What xacctctl talks to: HTTP and JSON over a Unix socket. docs/control-api.md describes it for people."""
