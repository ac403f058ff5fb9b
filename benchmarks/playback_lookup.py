"""Looking an answer up among many: flat from 100 to 100,000 interactions.

python benchmarks/playback_lookup.py
"""

from __future__ import annotations

import json
import time

from cassettes import Cassette, Interaction, Request, Response

_HEADERS = [("Content-Type", "application/json")]


def _request(number: int) -> Request:
    body = json.dumps({"order": number, "note": "x" * 900}).encode()
    return Request("POST", "https://api.example.com/orders", _HEADERS, body)


def _lookup_us(size: int, count: int) -> tuple[float, float]:
    """Return the time of a hit and of a miss, on a cassette of ``size``."""
    kept = [Interaction(_request(n), Response(200), sequence=n) for n in range(size)]
    cassette = Cassette("bench", "replay", kept)
    cassette.take(_request(0))  # builds the index
    step = max(1, size // count)
    asked = [_request(number) for number in range(1, size, step)][:count]
    start = time.process_time()
    for request in asked:
        assert cassette.take(request) is not None
    hit_us = (time.process_time() - start) / len(asked) * 1e6
    start = time.process_time()
    for number in range(10):
        missing = _request(size + number)
        assert cassette.take(missing) is None
        cassette.miss(missing)
    return hit_us, (time.process_time() - start) / 10 * 1e6


def main() -> None:
    """Measure and print the table."""
    print("1 KB JSON bodies, one URL; CPU us per look-up")
    for size in (100, 1_000, 10_000, 100_000):
        hit_us, miss_us = _lookup_us(size, 90)
        print(f"{size:>8} interactions: hit {hit_us:6.1f}   miss with its report {miss_us:8.0f}")


if __name__ == "__main__":
    main()
