#!/usr/bin/env python3
"""Writes the access log that the usage benchmarks read, always the same one.

    generate_log.py NAME [--bytes N] [--stop-at N] [--seed N]
                         [--json] [--distinct-callers N] [--routes N]

NAME.log      Combined Log Format over 30 days (with --json: NAME.jsonl, one object a line,
              fields named after nginx's variables)
NAME.routes   the catalog, `METHOD /template` a line
NAME.facts    what a correct report says about the log, counted while it was written

1,950 of 2,000 routes are called, unevenly (Zipf); 100 of them fall silent on some day
and 50 are never called. 50,000 callers, unevenly, named by the authuser field. Ids in
paths are integers, 24 hex digits or UUIDs; 3 in 10 paths have a query.

--bytes    the length of the whole log; the 30 days are spread over it
--stop-at  write only the whole lines within the first N bytes of it
--distinct-callers  N lines, each of a caller who is never seen again
--routes   fill the catalog up to N routes; the added ones are never called

A log that is there already, whole and written with the same options, is left as it is.
"""

import argparse
import bisect
import itertools
import json
import os
import random
import time

# Raised whenever the same options give another log.
GENERATION = 1

START = 1717200000  # 2024-06-01T00:00:00Z
DAYS = 30
SPAN = DAYS * 86400
CATALOGUED, CALLED, FALL_SILENT, CALLERS = 2000, 1950, 100, 50000
# Without the most called ones: a log must not lose a tenth of its traffic one day.
MAY_FALL_SILENT_FROM = 200

NOUNS = (
    "account address alert asset audit balance basket batch billing branch budget campaign card "
    "cart case catalog channel charge claim client comment contact contract coupon credit customer "
    "dataset delivery device discount dispute document domain draft employee event export feature "
    "feed field file filter folder form group history hook image import index invoice item job key "
    "label ledger license link list location log media member message meter metric model node note "
    "notice offer order owner page partner password payment payout permission plan policy price "
    "product profile project promo quota quote rate receipt record refund region release report "
    "request review role route rule sample schedule scope search seat segment session setting "
    "shipment site snapshot source stage status stock store stream subscription summary survey tag "
    "target task tax team template tenant term test thread ticket token topic trace transfer "
    "trigger user vendor version view voucher wallet webhook widget zone"
).split()
METHODS = ["GET"] * 6 + ["POST"] * 2 + ["PUT", "DELETE", "PATCH"]
VERSIONS = ["v1", "v1", "v2", "v2", "v3"]
AGENTS = [
    "okhttp/4.12.0",
    "python-requests/2.31.0",
    "axios/1.6.7",
    "curl/8.5.0",
    "Go-http-client/2.0",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/124.0.0.0 Safari/537.36",
    "Apache-HttpClient/4.5.14 (Java/17.0.10)",
    "Dart/3.3 (dart:io)",
]
REFERERS = ["-"] * 6 + ["https://console.example.com/", "https://app.example.com/dashboard"]
STATUSES = (
    [200] * 80 + [201] * 6 + [204] * 4 + [304] * 2 + [400] * 2 + [401, 403, 404, 404, 429, 500]
)
# How many of STATUSES are drawn from: no log has the 429s and 500s at its end.
DRAWN_STATUSES = 96


def catalog(dice):
    """2,000 different routes: method, template, kind of id."""
    routes, seen = [], set()
    while len(routes) < CATALOGUED:
        version, one, two = dice.choice(VERSIONS), dice.choice(NOUNS), dice.choice(NOUNS)
        template = dice.choice(
            [
                f"/api/{version}/{one}s",
                f"/api/{version}/{one}s/{{id}}",
                f"/api/{version}/{one}s/{{id}}/{two}s",
                f"/api/{version}/{one}s/{{id}}/{two}s/{{id}}",
                f"/api/{version}/{one}s/{two}/status",
                f"/internal/{version}/{one}/{{id}}/{two}",
            ]
        )
        method = dice.choice(METHODS)
        if (method, template) not in seen:
            seen.add((method, template))
            routes.append((method, template, dice.choice("iiihu")))
    return routes


def never_called(count, seed):
    """Routes that begin like the called ones and go one part deeper: a matcher has to
    look at them, and none of them fits a line."""
    dice, added = random.Random(seed + 1), {}
    while len(added) < count:
        one, two, three = dice.choice(NOUNS), dice.choice(NOUNS), dice.choice(NOUNS)
        template = f"/api/{dice.choice(VERSIONS)}/{one}s/{{id}}/{two}s/{{id}}/{three}s"
        added[f"{dice.choice(METHODS)} {template}\n"] = None
    return added


def is_there(name, log, options):
    try:
        with open(name + ".facts") as facts:
            facts = json.load(facts)
        return (
            facts["generation"] == GENERATION
            and facts["options"] == options
            and facts["bytes"] == os.path.getsize(log)
            and os.path.exists(name + ".routes")
        )
    except (OSError, ValueError, KeyError):
        return False


def main():
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("name", metavar="NAME")
    options.add_argument("--bytes", type=int, default=1_000_000_000)
    options.add_argument("--stop-at", type=int)
    options.add_argument("--seed", type=int, default=20240601)
    options.add_argument("--json", action="store_true")
    options.add_argument("--distinct-callers", type=int)
    options.add_argument("--routes", type=int, default=CATALOGUED)
    options = options.parse_args()
    name = options.name
    log = name + (".jsonl" if options.json else ".log")
    chosen = {option: value for option, value in vars(options).items() if option != "name"}
    if is_there(name, log, chosen):
        return

    # The order of the draws decides every line: a draw that is added, dropped or
    # moved gives another log.
    dice = random.Random(options.seed)
    routes = catalog(dice)
    with open(name + ".routes", "w") as out:
        out.writelines(f"{method} {template}\n" for method, template, _ in routes)
        out.writelines(never_called(options.routes - CATALOGUED, options.seed))
    dice.shuffle(routes)
    called = routes[:CALLED]
    route_weights = list(itertools.accumulate(1 / (i + 5) ** 1.05 for i in range(CALLED)))
    silent_from = {
        i: dice.randrange(2, 27) for i in dice.sample(range(MAY_FALL_SILENT_FROM, CALLED), FALL_SILENT)
    }
    callers = ["app-%05d" % i for i in range(CALLERS)]
    caller_weights = list(itertools.accumulate(1 / (i + 20) ** 0.9 for i in range(CALLERS)))
    addresses = [
        "10.%d.%d.%d" % (dice.randrange(256), dice.randrange(256), dice.randrange(1, 255))
        for _ in range(20000)
    ]

    def identifier(kind):
        if kind == "i":
            return str(dice.randrange(1, 5_000_000))
        digits = "%032x" % dice.getrandbits(128)
        if kind == "h":
            return digits[:24]
        return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"

    draw, place = dice.random, bisect.bisect
    all_routes, all_callers = route_weights[-1], caller_weights[-1]
    distinct = options.distinct_callers
    end = options.bytes if options.stop_at is None else min(options.bytes, options.stop_at)
    lines = length = errors = 0
    route_days = bytearray(CALLED * DAYS)
    # One byte for each route and caller. With distinct callers each line is a new pair.
    pairs = bytearray(0 if distinct else CALLED * CALLERS)
    second, clf_time, iso_time = None, None, None

    with open(log, "w", buffering=1 << 22) as out:
        while True:
            done = (lines, distinct) if distinct else (length, options.bytes)
            if done[0] >= done[1]:
                break
            at = START + min(SPAN - 1, int(done[0] * SPAN / done[1]))
            day = (at - START) // 86400
            if second != at:
                second = at
                clf_time = time.strftime("%d/%b/%Y:%H:%M:%S +0000", time.gmtime(at))
                iso_time = time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime(at))
            while True:
                route = place(route_weights, draw() * all_routes)
                silent = silent_from.get(route)
                if silent is None or day < silent:
                    break
            method, path, kind = called[route]
            while "{id}" in path:
                path = path.replace("{id}", identifier(kind), 1)
            chance = draw()
            if chance < 0.3:
                path += "?page=%d&limit=50" % int(chance * 1000)
            address = addresses[int(draw() * 20000)]
            if distinct:
                caller = "app-%08d" % lines
            else:
                who = place(caller_weights, draw() * all_callers)
                caller = callers[who]
            status = STATUSES[int(draw() * DRAWN_STATUSES)]
            size = int(draw() * 20000)
            referer = REFERERS[int(draw() * 8)]
            agent = AGENTS[int(draw() * 8)]
            line = (
                f'{address} - {caller} [{clf_time}] "{method} {path} HTTP/1.1" '
                f'{status} {size} "{referer}" "{agent}"\n'
            )
            length += len(line)
            # The line that a cut through the log would break is the last one: not written.
            if length > end and options.stop_at is not None:
                length -= len(line)
                break
            if options.json:
                out.write(
                    f'{{"time_iso8601":"{iso_time}","remote_addr":"{address}",'
                    f'"remote_user":"{caller}","request_method":"{method}",'
                    f'"request_uri":"{path}","server_protocol":"HTTP/1.1","status":{status},'
                    f'"body_bytes_sent":{size},"http_referer":"{referer}",'
                    f'"http_user_agent":"{agent}"}}\n'
                )
            else:
                out.write(line)
            lines += 1
            errors += status >= 400
            route_days[route * DAYS + day] = 1
            if not distinct:
                pairs[route * CALLERS + who] = 1
        written = out.tell()

    seen_routes = sum(any(route_days[i * DAYS : (i + 1) * DAYS]) for i in range(CALLED))
    seen_callers = lines if distinct else sum(any(pairs[i::CALLERS]) for i in range(CALLERS))
    facts = {
        "generation": GENERATION,
        "options": chosen,
        "bytes": written,
        "lines": lines,
        "route_days": route_days.count(1),
        "routes": seen_routes,
        "pairs": lines if distinct else pairs.count(1),
        "callers": seen_callers,
        "errors": errors,
    }
    # Last: a log without its facts was broken off, and is written again.
    with open(name + ".facts", "w") as out:
        json.dump(facts, out, indent=2)
        out.write("\n")


if __name__ == "__main__":
    main()
