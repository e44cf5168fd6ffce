"""What is run, and in which order. All that decides a byte of what is learned lies here or below."""
