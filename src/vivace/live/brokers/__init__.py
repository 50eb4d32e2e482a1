"""What carries the entries of rooms, and the presence in them, from process to process."""
