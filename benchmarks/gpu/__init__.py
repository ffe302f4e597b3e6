"""What only a machine with a CUDA GPU shows: whether the engines compute there what they should, and how fast."""
