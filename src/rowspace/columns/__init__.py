"""Examples as columns: named arrays, what users hand in, negatives that are drawn, and their checks."""
