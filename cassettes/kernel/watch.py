"""The half that is asked: it reads what a system call wants, and answers the kernel.

What it lets pass, the kernel reads again: a program with two threads that means harm could change
the address in between. This guards against mistakes, not against attackers.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
import select
import struct
from collections.abc import Iterable
from pathlib import Path

from cassettes.hooks.program_guard import command_line
from cassettes.kernel.addresses import Address, is_allowed, is_quiet, read_address, shown
from cassettes.kernel.filter import Machine
from cassettes.kernel.processes import Processes

LIMIT = "LIMIT"
"""The method of the request that stands for a limit that was reached."""
CLOSED = b"c"
"""The order that ends the time in which any program starts, and what ``OPENED`` began."""
OPENED = b"o"
"""The order that begins a time in which everything passes."""

_RECEIVE, _ANSWER, _IS_VALID = 0xC0502100, 0xC0182101, 0x40082102
_CONTINUE = 1
_QUESTION = struct.Struct("=QIIiIQ6Q")
_REPLY = struct.Struct("=QqiI")
_ADDRESS_BYTES_MAX = 128
_MESSAGES_MAX = 64
_MMSG_BYTES = 64
_WORD_BYTES_MAX = 4096
_WORDS_MAX = 64
_SHOWN_MAX = 1_000
_ORDERS_BYTES = 1 << 16


class Watch:
    """Answers the kernel's questions for one working process and all it starts."""

    def __init__(
        self,
        machine: Machine,
        listener: int,
        tell: int,
        obey: int,
        addresses: frozenset[str],
        allow: Iterable[str],
        processes: Processes,
    ) -> None:
        """``addresses`` are allowed, in numbers; of ``allow`` only the programs are read."""
        self._processes = processes
        self._machine = machine
        self._listener = listener
        self._tell = tell
        self._obey = obey
        self._addresses = addresses
        self._programs = {one.lower() for one in allow if one.startswith("run:")}
        self._let_run: set[int] = set()
        """Processes that were allowed to start: what they start in turn is their own affair."""
        self._is_closed = False
        self._is_open = False
        self.descriptors = [listener, tell, obey]

    def serve(self, pid: int) -> int:
        """Answer until the process ``pid`` ends; return its status, negative for a signal."""
        ended = os.pidfd_open(pid)
        poll = select.poll()
        for descriptor in (self._listener, self._obey, ended):
            poll.register(descriptor, select.POLLIN)
        while True:
            ready = {descriptor for descriptor, _ in poll.poll()}
            if self._obey in ready and not self._hear():
                poll.unregister(self._obey)
            if self._listener in ready:
                self._answer()
            if ended in ready:
                _, status = os.waitpid(pid, 0)
                self._processes.end_all()
                return os.waitstatus_to_exitcode(status)

    def _hear(self) -> bool:
        """Take the orders that are there; False when no more can come."""
        try:
            orders = os.read(self._obey, _ORDERS_BYTES)
        except BlockingIOError:
            return True
        if orders:
            self._is_closed = self._is_closed or CLOSED in orders
            self._is_open = orders.endswith(OPENED)
        return bool(orders)

    def _answer(self) -> None:
        question = bytearray(_QUESTION.size)
        try:
            fcntl.ioctl(self._listener, _RECEIVE, question)
        except OSError:
            return  # who asked is gone
        self._hear()  # what was ordered before the question was asked holds for it
        number, pid, _, call, _, _, *args = _QUESTION.unpack(question)
        refusal = errno.EACCES
        try:
            if call == self._machine.clone or call in self._machine.forks:
                passes, refusal = self._may_fork(), errno.EAGAIN
            else:
                passes = self._judge(call, pid, args, number)
        except OSError:
            passes = False  # what it wants cannot be read
        code, flags = (0, _CONTINUE) if passes else (-refusal, 0)
        try:
            fcntl.ioctl(self._listener, _ANSWER, _REPLY.pack(number, 0, code, flags))
        except OSError:
            return  # who asked is gone

    def _judge(self, call: int, pid: int, args: list[int], number: int) -> bool:
        if self._is_open:
            return True
        machine = self._machine
        if call in (machine.execve, machine.execveat):
            path, words = args[:2] if call == machine.execve else args[1:3]
            return self._may_start(pid, path, words)
        for address in self._addresses_of(call, pid, args):
            fcntl.ioctl(self._listener, _IS_VALID, struct.pack("=Q", number))
            if address is None or is_allowed(address, self._addresses):
                continue
            if not is_quiet(address):
                self._note("CONNECT", f"socket://{shown(address)}")
            return False
        return True

    def _addresses_of(self, call: int, pid: int, args: list[int]) -> list[Address | None]:
        with open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
            reach = memory.fileno()
            if call == self._machine.connect:
                places = [(args[1], args[2])]
            elif call == self._machine.sendto:
                places = [(args[4], args[5])]
            elif call == self._machine.sendmsg:
                places = [struct.unpack("QI", os.pread(reach, 12, args[1]))]
            else:
                count = args[2] & 0xFFFFFFFF
                if count > _MESSAGES_MAX:
                    return [("more messages at once than are looked at", None)]
                starts = (args[1] + _MMSG_BYTES * index for index in range(count))
                places = [struct.unpack("QI", os.pread(reach, 12, start)) for start in starts]
            return [
                read_address(os.pread(reach, min(size & 0xFFFFFFFF, _ADDRESS_BYTES_MAX), start))
                for start, size in places
                if start and size
            ]

    def _may_fork(self) -> bool:
        if self._processes.has_room():
            return True
        self._note(LIMIT, f"processes {self._processes.count_max:,}")
        return False

    def _may_start(self, pid: int, path: int, words: int) -> bool:
        if not self._is_closed or "run:*" in self._programs or self._descends(pid):
            return True
        with open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
            command = _command(memory.fileno(), path, words)
        name = command[0].lower()
        if f"run:{name}" in self._programs or f"run:{os.path.basename(name)}" in self._programs:
            self._let_run.add(pid)
            return True
        self._note("RUN", command_line(command)[:_SHOWN_MAX])
        return False

    def _descends(self, pid: int) -> bool:
        """Whether ``pid``, or a process that started it, was allowed to start."""
        while self._let_run and pid > 1:
            if pid in self._let_run:
                return True
            status = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace")
            pid = int(status.rpartition(")")[2].split()[1])
        return False

    def _note(self, method: str, what: str) -> None:
        try:
            os.write(self._tell, json.dumps([method, what]).encode() + b"\n")
        except OSError:
            return  # full: the first few hundred are there, and one is enough


def _command(memory: int, path: int, words: int) -> list[str]:
    said = []
    for index in range(1, _WORDS_MAX):
        (start,) = struct.unpack("Q", os.pread(memory, 8, words + 8 * index)) if words else (0,)
        if not start:
            break
        said.append(_text(memory, start))
    return [_text(memory, path), *said]


def _text(memory: int, start: int) -> str:
    """The text that ends with a zero byte; read up to the page's end, for the next may not be."""
    found = b""
    while b"\0" not in found and len(found) < _WORD_BYTES_MAX:
        room = 4096 - (start + len(found)) % 4096
        found += os.pread(memory, room, start + len(found))
    return os.fsdecode(found.split(b"\0")[0])
