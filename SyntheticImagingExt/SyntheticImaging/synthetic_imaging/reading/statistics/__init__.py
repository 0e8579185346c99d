"""What the answers say: reads joined with the key, and every number that is computed from them."""
