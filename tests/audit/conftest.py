from virtual_time import clock

__all__ = ["clock"]
