"""The SHA-256 of every file below some folders, as whoever checks a copy would take it.
usage: digests.py FOLDER…; prints how many files there were and a digest over all."""

import hashlib
import pathlib
import sys

count, total = 0, hashlib.sha256()
for folder in map(pathlib.Path, sys.argv[1:]):
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        with path.open("rb") as file:
            total.update(hashlib.file_digest(file, "sha256").digest())
        count += 1
print(count, total.hexdigest())
