"""Signs and verifies with other people's libraries.

Reads one request a line (JSON) and answers each with one line: `{"signature": …}` or
`{"genuine": …}`.
"""

import datetime
import json
import sys

from slack_sdk.signature import Clock, SignatureVerifier
from standardwebhooks import Webhook, WebhookVerificationError


class At(Clock):
    def __init__(self, seconds):
        self.seconds = seconds

    def now(self):
        return self.seconds


def answer(request):
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
