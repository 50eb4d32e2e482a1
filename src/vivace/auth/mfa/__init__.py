"""The second step of a sign-in: one-time codes and recovery codes."""
