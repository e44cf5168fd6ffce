"""Tables: names, ids and rows, in memory or on disk. The one place where ids are checked."""
