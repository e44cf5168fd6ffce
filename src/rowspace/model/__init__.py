"""A trained model: its folder, the questions it answers, and how good it is."""
