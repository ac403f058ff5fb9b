"""What every test starts from."""

from __future__ import annotations

import signal

# A shell that starts something in the background has it ignore Ctrl-C, and every process of it
# too: the programs under test are to be stopped by it wherever the tests are started.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
