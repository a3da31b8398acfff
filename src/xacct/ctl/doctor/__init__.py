"""`xacctctl doctor`: small checks by subject, each finding with what to type. Needs no daemon to run."""
