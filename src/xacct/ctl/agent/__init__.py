"""xacctctl agent: coding agents' own settings changed so that their shells get narrower credentials, and back again."""
