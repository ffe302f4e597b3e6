"""VibeVoice: loading it, and speaking with it."""
