"""How the half that works hands the kernel's listener to the half that is asked.

The filter is on by then, and nobody answers yet: one message, at one place in memory that is kept
for good and that no other message ever stands at, is let through unasked.
"""

from __future__ import annotations

import ctypes
import os
import socket
import struct
from typing import Final

_SOL_SOCKET, _SCM_RIGHTS = 1, 1
_MESSAGE: Final = struct.Struct("=QIxxxxQQQQixxxx")
_HEAD: Final = struct.Struct("=Qii")
_RIGHT: Final = struct.Struct("=ixxxx")


class Message:
    """One message that carries one descriptor."""

    def __init__(self) -> None:
        self._byte = ctypes.create_string_buffer(b"!", 1)
        self._parts = ctypes.create_string_buffer(
            struct.pack("=QQ", ctypes.addressof(self._byte), 1), 16
        )
        self._control = ctypes.create_string_buffer(_HEAD.size + _RIGHT.size)
        self._head = ctypes.create_string_buffer(
            _MESSAGE.pack(
                0,
                0,
                ctypes.addressof(self._parts),
                1,
                ctypes.addressof(self._control),
                _HEAD.size + _RIGHT.size,
                0,
            ),
            _MESSAGE.size,
        )
        self.address = ctypes.addressof(self._head)
        """Where it stands in memory."""

    def send(self, link: socket.socket, descriptor: int) -> None:
        """Send ``descriptor`` over ``link``.

        Raises:
            OSError: the other side is gone.
        """
        right = _HEAD.pack(_HEAD.size + 4, _SOL_SOCKET, _SCM_RIGHTS) + _RIGHT.pack(descriptor)
        ctypes.memmove(self._control, right, len(right))
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.sendmsg(link.fileno(), ctypes.c_void_p(self.address), 0) < 0:
            number = ctypes.get_errno()
            raise OSError(number, f"sendmsg: {os.strerror(number)}")


def received(link: socket.socket) -> tuple[int | None, str]:
    """Return the descriptor that came over ``link``, or None and why there is none."""
    said, descriptors, _, _ = socket.recv_fds(link, 4096, 1)
    if descriptors:
        return descriptors[0], ""
    return None, said.decode("utf-8", "replace") or "the process that was to be guarded ended"
