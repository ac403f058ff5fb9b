"""Tools of frameworks as tools of a toolbox, one file for each framework."""
