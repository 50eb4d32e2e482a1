"""Sign-in with outside providers of OpenID Connect, in place of a password."""
