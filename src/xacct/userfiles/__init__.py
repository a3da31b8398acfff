"""How a file that is the user's own is changed, for the daemon and xacctctl. Standard library only."""
