"""A shell's own copy of the user's AWS config file, with one profile more, kept equal to the file both ways."""
