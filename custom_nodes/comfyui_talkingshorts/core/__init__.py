"""Pure rules and data: standard library and numpy only."""
