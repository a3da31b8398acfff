"""A terminal as a screen: raw input, whole frames. Loaded by the verbs that draw, never on the way to the others."""
