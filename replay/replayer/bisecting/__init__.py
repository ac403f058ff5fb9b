"""Which commit changed a verdict: `git bisect`, with replayed calls as its test."""
