"""xacctctl: the daily command. Imports `wire` and the standard library, to start at once."""
