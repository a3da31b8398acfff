"""What SDKs talk to: a small strict HTTP server of our own on 127.0.0.1."""
