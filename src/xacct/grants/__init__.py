"""Who may have what: grants, their file, and the files of their tokens."""
