"""Loads aiohttp without the certificates that it reads meanwhile, and that nothing here uses."""

from __future__ import annotations

import importlib
import ssl
import sys
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator


_ONE = threading.Lock()


def load_aiohttp() -> None:
    """Load aiohttp, wherever one thread may take its time.

    It makes two TLS contexts of its own then, for requests that bring none, and reads all of the system's certificates
    into both: a quarter of the time that loading takes. What is asked of AWS brings contexts of its own: aiobotocore's
    (aws/http.py) and the console's (aws/console.py). aiohttp's two trust nobody, so a request that did use the one that
    verifies would be refused.
    """
    if "aiohttp" not in sys.modules:
        with without_certificates():
            importlib.import_module("aiohttp")


@contextmanager
def without_certificates() -> Iterator[None]:
    """TLS contexts that this thread makes meanwhile read none of the system's certificates; other threads' do."""
    here = threading.get_ident()
    with _ONE:  # of two that overlapped one would put back what the other has put there
        ordinary = ssl.SSLContext.set_default_verify_paths

        def read(context: ssl.SSLContext, *arguments: Any) -> None:
            if threading.get_ident() != here:  # guard: certificates-are-left-out-for-one-thread
                ordinary(context, *arguments)

        ssl.SSLContext.set_default_verify_paths = read  # type: ignore[assignment, method-assign]
        try:
            yield
        finally:
            ssl.SSLContext.set_default_verify_paths = ordinary  # type: ignore[method-assign]
