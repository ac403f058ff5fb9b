"""What the screens show, read from the database in rows; nothing here knows Textual."""
