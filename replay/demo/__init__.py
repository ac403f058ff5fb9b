"""The two examples everyone knows, recorded and replayed; its files are the tutorial.

Read them in this order: ``travel_v1``, ``travel_v2``, ``calendar_v1``, ``calendar_v2`` (the tools,
before and after a change), ``agents`` (the agent and how it is recorded), ``conversations`` (what
the scripted model says), ``api_server`` (the outside world).
"""
