from __future__ import annotations

import httpx

from replay.demo.api_server import serve_travel_api


def test_the_api_tells_weather_and_flights() -> None:
    with serve_travel_api() as url:
        weather = httpx.get(f"{url}/weather", params={"city": "Oslo"}).json()
        route = {"origin": "PAR", "destination": "OSL", "date": "2026-12-01"}
        flights = httpx.get(f"{url}/flights", params=route).json()
        missing = httpx.get(f"{url}/weather", params={"city": "Atlantis"})

    assert weather == {"city": "Oslo", "celsius": 9.0, "sky": "clouds"}
    assert [flight["number"] for flight in flights["flights"]] == ["SK836"]
    assert missing.status_code == 404


def test_two_demos_at_once_get_a_port_each() -> None:
    with serve_travel_api() as one, serve_travel_api() as other:
        assert one != other
        assert httpx.get(f"{other}/weather", params={"city": "Rome"}).status_code == 200
