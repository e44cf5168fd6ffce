"""Files and data frames become columns of ids and numbers that a trainer takes, and texts a vocabulary and ids."""
