"""The screens: start, traces, transcript, replay runs, findings, help."""
