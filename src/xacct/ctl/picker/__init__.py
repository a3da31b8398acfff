"""`xacctctl login` alone at a terminal: which roles. Loaded where it is asked."""
