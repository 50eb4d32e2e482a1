"""What a client has who is signed in: tokens, API keys, sessions in cookies."""
