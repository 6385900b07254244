#!/usr/bin/env python3
"""The usage question put to Polars: polars_usage.py LOG THREADS count|full [combined|blanks]

Tuned. The CSV reader splits the line, so the one regular expression is for the ids in a
path; nothing is parsed into numbers; the streaming engine runs the query; distinct
callers come from one grouping by route, day and caller.

combined  split at blanks, except between quotes
blanks    split at every blank: faster, and wrong for a log with a blank in a user's name

Prints lines,route_days,routes,pairs,callers,errors; `-` for what count does not ask.
"""

import os
import sys

log, threads, mode = sys.argv[1], sys.argv[2], sys.argv[3]
layout = sys.argv[4] if len(sys.argv) > 4 else "combined"
os.environ["POLARS_MAX_THREADS"] = threads  # read once, when polars is loaded

import polars as pl  # noqa: E402

ID = (
    r"/(?:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|[0-9a-f]{24}|[0-9]+)\b"
)
BEFORE = ["address", "identity", "caller", "time", "zone"]
AFTER = ["status", "bytes", "referer", "agent"]

if layout == "combined":
    columns, quote = [*BEFORE, "request", *AFTER], '"'
    request = pl.col("request").str.split_exact(" ", 2)
    method, target = request.struct.field("field_0"), request.struct.field("field_1")
elif layout == "blanks":
    columns, quote = [*BEFORE, "method", "target", "protocol", *AFTER], None
    method, target = pl.col("method"), pl.col("target")
else:
    sys.exit(f"there is no layout {layout!r}: combined or blanks")
path = target.str.split_exact("?", 1).struct.field("field_0")
lines = (
    pl.scan_csv(
        log,
        separator=" ",
        has_header=False,
        quote_char=quote,
        schema={name: pl.String for name in columns},
        # The further words of an agent.
        truncate_ragged_lines=layout == "blanks",
    )
    .select(
        method.alias("method"),
        path.str.replace_all(ID, "/{id}").alias("path"),
        pl.col("time").str.slice(1, 2).alias("day"),
        "caller",
        "status",
    )
    .with_columns((pl.col("method") + " " + pl.col("path")).alias("route"))
)
if mode == "count":
    groups = lines.group_by("route", "day").agg(pl.len().alias("n")).collect(engine="streaming")
    answer = (groups["n"].sum(), groups.height, groups["route"].n_unique(), "-", "-", "-")
elif mode == "full":
    groups = (
        lines.group_by("route", "day", "caller")
        .agg(pl.len().alias("n"), (pl.col("status") >= "4").sum().alias("errors"))
        .collect(engine="streaming")
    )
    answer = (
        groups["n"].sum(),
        groups.select("route", "day").unique().height,
        groups["route"].n_unique(),
        groups.select("route", "caller").unique().height,
        groups["caller"].n_unique(),
        groups["errors"].sum(),
    )
else:
    sys.exit(f"there is no mode {mode!r}: count or full")
print(*answer, sep=",")
