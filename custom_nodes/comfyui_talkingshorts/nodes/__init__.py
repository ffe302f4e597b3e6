"""ComfyUI nodes: a schema, a conversion and one engine call each."""
