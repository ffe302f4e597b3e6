"""What users feel, measured as ratios in one run."""
