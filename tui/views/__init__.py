"""What a pane says, as foldable lines of words with roles; nothing here knows Textual."""
