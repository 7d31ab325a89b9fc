"""Programs for those who work on the project; nothing that ships imports them."""
