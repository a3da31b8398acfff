"""How a file that is the user's own is changed: one way for the daemon and xacctctl. Standard library only."""
