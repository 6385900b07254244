#!/usr/bin/env python3
"""The usage question put to DuckDB: duckdb_usage.py LOG THREADS count|full [combined|blanks|json]

Tuned. The CSV reader splits the line, so the one regular expression is for the ids in a
path; the order of rows is given up; distinct callers come from one grouping by route,
day and caller rather than from three.

combined  split at blanks, except between quotes
blanks    split at every blank: faster, and wrong for a log with a blank in a user's name
json      JSON lines; the columns are named with their types, so that nothing is guessed
          and the others are skipped

Prints lines,route_days,routes,pairs,callers,errors; `-` for what count does not ask.
"""

import sys

import duckdb

ID = (
    r"/(?:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|[0-9a-f]{24}|[0-9]+)\b"
)
BEFORE = ["address", "identity", "caller", "time", "zone"]
AFTER = ["status", "bytes", "referer", "agent"]

log, threads, mode = sys.argv[1], int(sys.argv[2]), sys.argv[3]
layout = sys.argv[4] if len(sys.argv) > 4 else "combined"

if layout in ("combined", "blanks"):
    if layout == "combined":
        columns = [*BEFORE, "request", *AFTER]
        rules = "quote='\"', escape='\"'"
        method, target = "split_part(request, ' ', 1)", "split_part(request, ' ', 2)"
    else:
        # An agent has up to a dozen words here, each a column of its own.
        words = [f"word{i}" for i in range(16)]
        columns = [*BEFORE, "method", "target", "protocol", *AFTER, *words]
        rules = "quote='', escape='', null_padding=true, strict_mode=false"
        method, target = "method", "target"
    columns = ", ".join(f"'{name}': 'VARCHAR'" for name in columns)
    source = (
        f"read_csv('{log}', columns={{{columns}}}, delim=' ', {rules}, "
        "header=false, auto_detect=false)"
    )
    day, caller, failed = "substr(time, 2, 2)", "caller", "(status >= '4')"
elif layout == "json":
    source = (
        f"read_json('{log}', format='newline_delimited', columns={{"
        "time_iso8601: 'VARCHAR', remote_user: 'VARCHAR', request_method: 'VARCHAR', "
        "request_uri: 'VARCHAR', status: 'SMALLINT'})"
    )
    method, target = "request_method", "request_uri"
    day, caller, failed = "substr(time_iso8601, 9, 2)", "remote_user", "(status >= 400)"
else:
    sys.exit(f"there is no layout {layout!r}: combined, blanks or json")

route = (
    f"{method} || ' ' || regexp_replace(split_part({target}, '?', 1), '{ID}', '/{{id}}', 'g')"
)

database = duckdb.connect()
database.execute(f"SET threads={threads}")
database.execute("SET preserve_insertion_order=false")
if mode == "count":
    answer = database.execute(
        f"""
        SELECT sum(n)::BIGINT, count(*), count(DISTINCT route), '-', '-', '-'
        FROM (SELECT {route} AS route, {day} AS day, count(*) AS n FROM {source} GROUP BY 1, 2)
        """
    ).fetchone()
elif mode == "full":
    answer = database.execute(
        f"""
        WITH groups AS MATERIALIZED (
            SELECT route, day, caller, count(*) AS n, sum(failed::INT) AS errors
            FROM (SELECT {route} AS route, {day} AS day, {caller} AS caller, {failed} AS failed
                  FROM {source})
            GROUP BY 1, 2, 3
        )
        SELECT sum(n)::BIGINT,
               (SELECT count(*) FROM (SELECT DISTINCT route, day FROM groups)),
               count(DISTINCT route),
               (SELECT count(*) FROM (SELECT DISTINCT route, caller FROM groups)),
               count(DISTINCT caller),
               sum(errors)::BIGINT
        FROM groups
        """
    ).fetchone()
else:
    sys.exit(f"there is no mode {mode!r}: count or full")
print(*answer, sep=",")
