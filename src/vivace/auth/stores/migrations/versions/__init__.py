"""The revisions, each of which says which one it follows."""
