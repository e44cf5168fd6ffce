"""Tables: names, ids and rows, in memory or on disk.

- `names.py`: names and their ids. `indexing.py`: what stands between brackets, where ids are checked. `entries.py`:
  lists.
- `values.py`: first values. `table.py`: the table. `html.py`: what a notebook shows of it.
- `files.py`: a table as files. `on_disk.py`: which tables are on disk, and where what belongs to them lies.
"""
