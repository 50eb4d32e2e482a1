"""Stage three: a plan becomes one function, written out as source and compiled."""
