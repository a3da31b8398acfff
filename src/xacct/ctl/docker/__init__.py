"""xacctctl docker and podman: containers that have a role's credentials, whatever the engine's network is made of."""
