"""What outlives the daemon: its state as bytes, and the places that keep them."""
