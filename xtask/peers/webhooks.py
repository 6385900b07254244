"""Signs, verifies and reads with other people's libraries.

Reads one request a line (JSON) and answers each with one line: `{"signature": …}`,
`{"genuine": …}`, or `{"wrong": …}` with what is wrong with blocks of Slack's, if anything.
"""

import datetime
import json
import sys

from slack_sdk.errors import SlackObjectFormationError
from slack_sdk.models.blocks import Block
from slack_sdk.signature import Clock, SignatureVerifier
from standardwebhooks import Webhook, WebhookVerificationError


class At(Clock):
    def __init__(self, seconds):
        self.seconds = seconds

    def now(self):
        return self.seconds


def wrong(blocks):
    """What Slack's models of blocks refuse, do not know, or would send otherwise."""
    for block in blocks:
        read = Block.parse(block)
        if read is None:
            return f"no block: {block}"
        try:
            again = read.to_dict()
        except SlackObjectFormationError as error:
            return str(error)
        if again != block:
            return f"{block} is read as {again}"
    return None


def answer(request):
    if request["by"] == "blocks":
        return {"wrong": wrong(request["blocks"])}
    secret, body = request["secret"], request["body"]
    if request["by"] == "standard":
        webhook = Webhook(secret)
        if request["do"] == "sign":
            at = datetime.datetime.fromtimestamp(request["at"], tz=datetime.timezone.utc)
            return {"signature": webhook.sign(request["id"], at, body)}
        try:
            webhook.verify(body, request["headers"])
            return {"genuine": True}
        except WebhookVerificationError:
            return {"genuine": False}
    slack = SignatureVerifier(secret, At(request["at"]))
    at = str(request["at"])
    return {"signature": slack.generate_signature(timestamp=at, body=body)}


for line in sys.stdin:
    print(json.dumps(answer(json.loads(line))))
