"""Where stepping stops: conditions, breakpoints, watches and the world's changes from step to step.

Pure: it is given what a step holds, and knows no database, no process and no screen, so that the
command line and the terminal UI stop at the same steps.
"""
