"""The story that `rowspace demo` tells.

- `six.py`: the blog post's six items, whose vectors can be watched.
- `airports.py`: airports that find their places on the map.
- `story.py`: both, one after the other, with what to try next.
- `words.py`: told by itself, `rowspace demo words`: the words of six novels.

Another chapter is a module with a function that trains, draws and says what came of it, called in `story.py`.
"""
