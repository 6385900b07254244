"""Makes an administrator in a moto server, and has the server enforce IAM from then on.
usage: enforce.py URL; prints the administrator's access key and secret, one a line."""

import json
import sys
import urllib.request

import boto3

url = sys.argv[1]
iam = boto3.client(
    "iam",
    endpoint_url=url,
    region_name="us-east-1",
    aws_access_key_id="anybody",
    aws_secret_access_key="anything",
)
everything = {"Effect": "Allow", "Action": "*", "Resource": "*"}
iam.create_user(UserName="administrator")
iam.put_user_policy(
    UserName="administrator",
    PolicyName="everything",
    PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [everything]}),
)
key = iam.create_access_key(UserName="administrator")["AccessKey"]
# How many calls are let in before policies count. The server loses the body of a form.
urllib.request.urlopen(
    urllib.request.Request(
        url + "/moto-api/reset-auth", data=b"0", headers={"Content-Type": "text/plain"}
    )
).read()
print(key["AccessKeyId"])
print(key["SecretAccessKey"])
