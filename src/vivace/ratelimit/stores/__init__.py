"""Where counters are kept."""
