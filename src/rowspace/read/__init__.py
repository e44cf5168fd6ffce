"""Files, frames and texts become ids and columns.

- `stream.py`: the bytes of files and of standard input, unpacked (`packed.py`); `binary.py`: what is no text at
  all.
- `table_files.py`: which reader a file has; `delimited.py`, `json_lines.py`, `arrow_files.py`, `matrices.py`: one
  format each, all of them `tabular.py`; `edges.py`: pairs in memory. `dialect.py`: delimiters and headers;
  `roles.py`: which column is which; `unlikely.py`: which are no items; `name_columns.py`: columns of names, checked.
- `pairs.py`: pairs of items; `groups.py`: those of a basket or session; `two_kinds.py`: user 1 is not film 1.
  `trace.py`: a trace. `judged.py`: word pairs and analogies that people judged. `values.py`: a value for each item.
- `text.py`: a text as a vocabulary and ids. `sentences.py`: what it comes from; `pieces.py`, `characters.py`,
  `word_loops.py`, `encoded.py`: its words; `vocabulary.py`, `ids.py`: their numbers; `part.py`: sentences that
  are held out of it.
- `cooccurrence.py`, `cooccurrence_loops.py`: which words stand near which.

Another file format of columns is a module, and a line in `table_files.py`.
"""
