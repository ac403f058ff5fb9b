"""What every test starts from."""

from __future__ import annotations

import os
import signal

from hypothesis import HealthCheck, settings

# A shell that starts something in the background has it ignore Ctrl-C, and every process of it
# too: the programs under test are to be stopped by it wherever the tests are started.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# How long an example takes is the machine's business; CI looks at the same ones each time.
settings.register_profile(
    "replay",
    deadline=None,
    derandomize="CI" in os.environ,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("replay")
