#!/usr/bin/env python3
"""Runs one command to its end: measure.py COMMAND [ARGUMENT…]

Prints one JSON object: `status` (exit status, or minus the signal), `wall`, `user` and
`system` in seconds, `rss` (the most memory it held at once) in bytes, `out` and `err`
(the beginning of what it wrote).

The kernel counts the times and the memory of the child. What it wrote goes into memory
files: a pipe would make it wait for its reader. A child begins inside this program, so
less memory than Python takes (about 10 MB) can not be seen. Linux only.
"""

import json
import os
import sys
import time

KEPT = 64 * 1024

out, err = os.memfd_create("out"), os.memfd_create("err")
redirect = [(os.POSIX_SPAWN_DUP2, out, 1), (os.POSIX_SPAWN_DUP2, err, 2)]
begin = time.monotonic()
try:
    child = os.posix_spawnp(sys.argv[1], sys.argv[1:], os.environ, file_actions=redirect)
except OSError as error:
    sys.exit(f"{sys.argv[1]} can not be started: {error}")
_, status, used = os.wait4(child, 0)
wall = time.monotonic() - begin
json.dump(
    {
        "status": os.waitstatus_to_exitcode(status),
        "wall": wall,
        "user": used.ru_utime,
        "system": used.ru_stime,
        "rss": used.ru_maxrss * 1024,
        "out": os.pread(out, KEPT, 0).decode(errors="replace"),
        "err": os.pread(err, KEPT, 0).decode(errors="replace"),
    },
    sys.stdout,
)
