"""Wan S2V: a picture and a speech in, a video of any length out, a window at a time."""
