"""Mail servers that behave as a recipient's name asks them to, and a reader of what they
took that shares no code with the sender.
usage: smtp.py FOLDER HTTP_PORT STARTTLS_PORT TLS_PORT PLAIN_PORT

FOLDER gets `ca.pem`, which signed the servers' certificate for `localhost`, and
`stranger.pem`, which did not. The first two servers want a login (`apis`, `correct
horse`), the third takes letters from anybody. What is accepted is kept with its envelope:

GET /                   the servers are ready
GET /mail?to=ADDRESS    all copies for that recipient, as Python's `email`, `html.parser`
                        and `icalendar` read them
GET /mail?with=TEXT     the same, for all recipients whose address holds the text
GET /taken              how many copies, for how many people, of how many Message-IDs, a
                        digest of who got what, and over how many connections; all of it
                        is forgotten then
"""

import asyncio
import hashlib
import json
import re
import ssl
import sys
from email import message_from_bytes, policy
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import icalendar
import trustme
from aiosmtpd.smtp import SMTP, AuthResult

folder = Path(sys.argv[1])
http_port, starttls_port, tls_port, plain_port = map(int, sys.argv[2:6])

USER, PASSWORD = b"apis", b"correct horse"

# What a recipient's name, up to the first hyphen, has the server answer.
AT_RECIPIENT = {
    "unknown": "550 5.1.1 no such user here",
    "full": "452 4.2.2 the mailbox is full",
    "locked": "530 5.7.0 log in first",
}
AT_END = {
    "refused": "550 5.7.1 the message looks like spam",
    "later": "451 4.3.0 try again",
}

kept = []
seen_before = set()


def kind(address):
    return address.split("@")[0].split("-")[0]


def kinds(envelope):
    return {kind(address) for address in envelope.rcpt_tos}


class Handler:
    async def handle_RCPT(self, server, session, envelope, address, options):
        what = kind(address)
        if what == "grey" and address not in seen_before:
            seen_before.add(address)
            return "451 4.7.1 greylisted, come back"
        if what == "droprcpt":
            server.transport.abort()
        if what == "hangrcpt":
            await asyncio.sleep(600)
        if what in AT_RECIPIENT:
            return AT_RECIPIENT[what]
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 ok"

    async def handle_DATA(self, server, session, envelope):
        what = kinds(envelope)
        for name, answer in AT_END.items():
            if name in what:
                return answer
        if "dropend" not in what:
            login = session.auth_data.decode() if session.authenticated else None
            kept.append(
                {
                    "from": envelope.mail_from,
                    "to": list(envelope.rcpt_tos),
                    "login": login,
                    "encrypted": bool(server.transport.get_extra_info("ssl_object")),
                    "peer": list(session.peer),
                    "content": envelope.original_content,
                }
            )
        if what & {"dropend", "dropaccepted"}:
            server.transport.abort()
        if "hangend" in what:
            await asyncio.sleep(600)
        return "250 2.0.0 kept"


class Server(SMTP):
    async def smtp_DATA(self, arg):
        what = kinds(self.envelope)
        if "dropdata" in what:
            self.transport.abort()
            return
        if "dropcontent" in what:
            await self.push("354 go ahead")
            await self._reader.readline()
            self.transport.abort()
            return
        await super().smtp_DATA(arg)


def login(server, session, envelope, mechanism, data):
    good = data.login == USER and data.password == PASSWORD
    # `handled=False` has the server answer 535 itself.
    return AuthResult(success=good, handled=False, auth_data=data.login)


def server(**options):
    return lambda: Server(Handler(), hostname="localhost", **options)


class Page(HTMLParser):
    """The tags, links and whatever else of a page could fetch or run something."""

    def __init__(self):
        super().__init__()
        self.tags, self.links, self.fetched, self.words = {}, [], [], []

    def handle_starttag(self, tag, attributes):
        self.tags[tag] = self.tags.get(tag, 0) + 1
        for name, value in attributes:
            if name == "href":
                self.links.append(value)
            if name in ("src", "srcset", "background", "action") or name.startswith("on"):
                self.fetched.append(f"{tag} {name}={value}")
            if name == "style" and "url(" in (value or ""):
                self.fetched.append(f"{tag} {name}={value}")

    def handle_data(self, text):
        self.words.append(text)


def entry(part):
    """A calendar entry as `icalendar` reads it."""
    calendar = icalendar.Calendar.from_ical(part.get_payload(decode=True))
    events = []
    for event in calendar.walk("VEVENT"):
        attendees = event.get("attendee", [])
        events.append(
            {
                "uid": str(event["uid"]),
                "sequence": int(event.get("sequence", 0)),
                "start": event["dtstart"].dt.isoformat() if "dtstart" in event else None,
                "stamp": event["dtstamp"].dt.isoformat(),
                "summary": str(event.get("summary", "")),
                "description": str(event.get("description", "")),
                "status": str(event.get("status", "")),
                "organizer": str(event.get("organizer", "")),
                "attendees": [str(a) for a in (attendees if isinstance(attendees, list) else [attendees])],
                "properties": sorted(event.keys()),
            }
        )
    return {
        "method": str(calendar.get("method", "")),
        "parameter": part.get_param("method"),
        "file": part.get_filename(),
        "errors": [str(e) for e in calendar.errors],
        "events": events,
    }


def read(copy):
    message = message_from_bytes(copy["content"], policy=policy.default)
    parts = list(message.walk())
    text = message.get_body(("plain",))
    html = message.get_body(("html",))
    page = Page()
    if html is not None:
        page.feed(html.get_content())
    return {
        **{name: value for name, value in copy.items() if name != "content"},
        "bytes": len(copy["content"]),
        "ascii": copy["content"].isascii(),
        "headers": [[name, str(value)] for name, value in message.items()],
        "defects": [str(d) for part in parts for d in part.defects],
        "types": [part.get_content_type() for part in parts],
        "text": text.get_content() if text is not None else "",
        "html": html.get_content() if html is not None else "",
        "tags": page.tags,
        "links": page.links,
        "fetched": page.fetched,
        "words": " ".join("".join(page.words).split()),
        "calendar": [entry(p) for p in parts if p.get_content_type() == "text/calendar"],
    }


def taken():
    """What was kept in few words, as the sink of the benchmark has it, and no more of it."""
    lines, people, ids, peers = [], set(), set(), set()
    for copy in kept:
        # Clients end a message with one empty line more.
        content = copy["content"].rstrip(b"\r\n")
        digest = hashlib.sha256(content).hexdigest()
        lines += [f"{address} {digest}\n" for address in copy["to"]]
        people.update(copy["to"])
        found = re.search(rb"^Message-ID: (.*)$", content, re.MULTILINE)
        ids.update([found[1]] if found else [])
        peers.add(tuple(copy["peer"]))
    kept.clear()
    digest = hashlib.sha256("".join(sorted(lines)).encode()).hexdigest()
    return f"{len(lines)} {len(people)} {len(ids)} {digest} {len(peers)}"


async def answer(reader, writer):
    try:
        request = (await reader.readline()).decode().split()
        while (await reader.readline()).strip():
            pass
        path, query = urlsplit(request[1]).path, parse_qs(urlsplit(request[1]).query)
        copies = []
        for copy in kept:
            if any(address in query.get("to", []) for address in copy["to"]) or any(
                word in address for word in query.get("with", []) for address in copy["to"]
            ):
                copies.append(read(copy))
        body = taken().encode() if path == "/taken" else json.dumps(copies).encode()
        head = f"HTTP/1.1 200 OK\r\ncontent-length: {len(body)}\r\nconnection: close\r\n\r\n"
        writer.write(head.encode() + body)
        await writer.drain()
    finally:
        writer.close()


async def main():
    authority, stranger = trustme.CA(), trustme.CA()
    authority.cert_pem.write_to_path(folder / "ca.pem")
    stranger.cert_pem.write_to_path(folder / "stranger.pem")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("localhost").configure_cert(context)
    options = {"authenticator": login, "auth_required": True}
    loop = asyncio.get_running_loop()
    host = "127.0.0.1"
    await loop.create_server(
        server(tls_context=context, require_starttls=True, **options), host, starttls_port
    )
    # aiosmtpd sees no TLS that was there before it: it asks for none, since all is.
    over_tls = server(auth_require_tls=False, **options)
    await loop.create_server(over_tls, host, tls_port, ssl=context)
    await loop.create_server(server(), host, plain_port)
    await asyncio.start_server(answer, host, http_port)
    await asyncio.Event().wait()


asyncio.run(main())
