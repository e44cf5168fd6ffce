"""Who runs it: threads and memory. Nothing here decides a byte of what is learned."""
