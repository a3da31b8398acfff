"""`audit`: who had which credentials; as lines, as one grant's story, as a page."""
