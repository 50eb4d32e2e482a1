"""What a program may know of how dependencies are analysed."""
