"""`xacctctl status --watch`: how roles stand, live. Loaded where it is asked for."""
