"""Everything that talks to AWS or reads AWS's files; nothing here decides when."""
