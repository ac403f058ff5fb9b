"""A proxy on loopback: plain requests and tunnels."""

from __future__ import annotations

import contextlib
import socket
import threading
from urllib.parse import urlsplit


class Proxy:
    """Forwards requests that name a whole address, and tunnels; counts both."""

    def __init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self.count = 0
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._socket.accept()
            except OSError:
                return
            threading.Thread(target=self._forward, args=(client,), daemon=True).start()

    def _forward(self, client: socket.socket) -> None:
        self.count += 1
        with client, contextlib.suppress(OSError):
            head = b""
            while b"\r\n\r\n" not in head:
                head += client.recv(65536)
            method, target, rest = head.split(b" ", 2)
            parts = urlsplit(target.decode() if b"://" in target else f"//{target.decode()}")
            with socket.create_connection((parts.hostname, parts.port), 5) as server:
                if method == b"CONNECT":
                    client.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
                else:
                    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
                    server.sendall(b" ".join([method, path.encode(), rest]))
                back = threading.Thread(target=_pipe, args=(server, client), daemon=True)
                back.start()
                _pipe(client, server)
                back.join(5)

    def stop(self) -> None:
        """Take it down; more calls do nothing."""
        if self._thread.is_alive():
            self._socket.shutdown(socket.SHUT_RDWR)
            self._socket.close()
            self._thread.join()


def _pipe(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while part := source.recv(65536):
            sink.sendall(part)
        sink.shutdown(socket.SHUT_WR)
