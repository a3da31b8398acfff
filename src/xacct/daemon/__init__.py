"""The daemon as a whole: where it comes from, its parts, the order in which they open and close, its successor."""
