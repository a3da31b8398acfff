"""The role of a directory: its `.xacct.toml`, which the user has trusted."""
