"""What a generated handler calls while it answers a request."""
