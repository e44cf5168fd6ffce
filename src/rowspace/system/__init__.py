"""What the machine gives: memory, threads, Ctrl-C, locks, and files that are whole or not there."""
