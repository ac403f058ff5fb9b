"""One file for each SDK or framework: what its own hooks know that the two planes do not see.

The HTTP plane sees every model call, a decorated function every execution; these add which call an
execution answers, agents, hand-offs, and why a call never reached its tool. None of them is
imported before you import it, and none changes what its framework does.
"""
