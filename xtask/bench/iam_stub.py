"""A stand-in for IAM that always takes as long for an answer, counts its calls, and
throttles by a token bucket when asked to. Its state is in memory; nothing is checked.
usage: iam_stub.py PORT LATENCY_MS USERS [RATE BURST]

Each user has one active key. `GET /__stats` gives what was counted since the last
`GET /__reset`, which makes all keys active again."""

import asyncio
import collections
import json
import sys
import time
from urllib.parse import parse_qs

import uvloop

port, latency, how_many = int(sys.argv[1]), float(sys.argv[2]) / 1000, int(sys.argv[3])
rate, burst = (float(sys.argv[4]), float(sys.argv[5])) if len(sys.argv) > 4 else (0.0, 0.0)
CREATED = "2023-01-01T00:00:00Z"
NAMESPACES = {"GetCallerIdentity": "https://sts.amazonaws.com/doc/2011-06-15/"}
IAM = "https://iam.amazonaws.com/doc/2010-05-08/"
users = [f"svc-{number:04d}" for number in range(how_many)]


class Account:
    def __init__(self):
        self.keys = {user: [f"AKIASTUB{n:012d}", "Active"] for n, user in enumerate(users)}
        self.counts = collections.Counter()
        self.throttled = 0
        self.in_flight = self.peak = 0
        self.tokens, self.filled_at = burst, time.monotonic()

    def takes(self):
        """Whether the bucket still lets a call in."""
        if not rate:
            return True
        now = time.monotonic()
        self.tokens = min(burst, self.tokens + (now - self.filled_at) * rate)
        self.filled_at = now
        if self.tokens < 1:
            self.throttled += 1
            return False
        self.tokens -= 1
        return True

    def stats(self):
        states = [state for _, state in self.keys.values()]
        return {
            "calls": self.counts,
            "total": self.counts.total(),
            "throttled": self.throttled,
            "peak": self.peak,
            "inactive": states.count("Inactive"),
        }


account = Account()


def user_xml(name):
    return (
        f"<Path>/</Path><UserName>{name}</UserName><UserId>AIDA{name}</UserId>"
        f"<Arn>arn:aws:iam::123456789012:user/{name}</Arn><CreateDate>{CREATED}</CreateDate>"
    )


def list_users(call):
    first = int(call.get("Marker", "0"))
    size = int(call.get("MaxItems", "100"))
    page = users[first : first + size]
    more = first + size < len(users)
    marker = f"<Marker>{first + size}</Marker>" if more else ""
    members = "".join(f"<member>{user_xml(name)}</member>" for name in page)
    return f"<IsTruncated>{str(more).lower()}</IsTruncated>{marker}<Users>{members}</Users>"


def list_access_keys(call):
    name = call["UserName"]
    key, state = account.keys[name]
    return (
        f"<UserName>{name}</UserName><IsTruncated>false</IsTruncated><AccessKeyMetadata>"
        f"<member><UserName>{name}</UserName><AccessKeyId>{key}</AccessKeyId>"
        f"<Status>{state}</Status><CreateDate>{CREATED}</CreateDate></member></AccessKeyMetadata>"
    )


def update_access_key(call):
    account.keys[call["UserName"]][1] = call["Status"]
    return ""


ANSWERS = {
    "ListUsers": list_users,
    "GetUser": lambda call: f"<User>{user_xml(call['UserName'])}</User>",
    "ListAccessKeys": list_access_keys,
    "UpdateAccessKey": update_access_key,
    "GetAccessKeyLastUsed": lambda _: (
        "<UserName>x</UserName><AccessKeyLastUsed><ServiceName>N/A</ServiceName>"
        "<Region>N/A</Region></AccessKeyLastUsed>"
    ),
    "GetCallerIdentity": lambda _: (
        "<Arn>arn:aws:iam::123456789012:user/x</Arn><UserId>x</UserId>"
        "<Account>123456789012</Account>"
    ),
    "ListAccountAliases": lambda _: "<AccountAliases/><IsTruncated>false</IsTruncated>",
    "ListUserTags": lambda _: "<Tags/><IsTruncated>false</IsTruncated>",
}


def refusal(code):
    return 400, (
        f'<ErrorResponse xmlns="{IAM}"><Error><Type>Sender</Type><Code>{code}</Code>'
        f"<Message>{code}</Message></Error><RequestId>r</RequestId></ErrorResponse>"
    )


def answer(call):
    action = call.get("Action", "")
    account.counts[action] += 1
    if not account.takes():
        return refusal("Throttling")
    if action not in ANSWERS:
        return refusal("InvalidAction")
    namespace = NAMESPACES.get(action, IAM)
    return 200, (
        f'<{action}Response xmlns="{namespace}"><{action}Result>{ANSWERS[action](call)}'
        f"</{action}Result><ResponseMetadata><RequestId>r</RequestId></ResponseMetadata>"
        f"</{action}Response>"
    )


async def reply(path, body):
    global account
    if path == "/__stats":
        return 200, json.dumps(account.stats())
    if path == "/__reset":
        account = Account()
        return 200, "ok"
    account.in_flight += 1
    account.peak = max(account.peak, account.in_flight)
    await asyncio.sleep(latency)
    account.in_flight -= 1
    return answer({name: values[0] for name, values in parse_qs(body).items()})


async def serve(reader, writer):
    try:
        while True:
            head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
            lengths = [line for line in head.split("\r\n") if line.startswith("content-length:")]
            length = int(lengths[0].split(":")[1]) if lengths else 0
            body = (await reader.readexactly(length)).decode()
            status, text = await reply(head.split(" ")[1], body)
            text = text.encode()
            writer.write(
                b"HTTP/1.1 %d X\r\nContent-Type: text/xml\r\nContent-Length: %d\r\n\r\n"
                % (status, len(text))
                + text
            )
            await writer.drain()
            if "\r\nconnection: close" in head:
                break
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    finally:
        writer.close()


async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", port)
    await server.serve_forever()


uvloop.run(main())
