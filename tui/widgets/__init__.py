"""The widgets: lists and panes drawn line by line, so that cost follows what is shown."""
