"""xacct: an in-memory agent for cross-account AWS credentials, what ssh-agent is to keys."""

__version__ = "0.1.0"
