"""A double of AWS's own sign-in for programs (`aws login`): browser, tokens, and the proofs of each call."""
