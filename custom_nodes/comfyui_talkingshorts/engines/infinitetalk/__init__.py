"""The talking video: InfiniteTalk's algorithm around ComfyUI's own model classes."""
