"""Where keys are kept, with what was answered."""
