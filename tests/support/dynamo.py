"""A script for `python -c`: it writes an item and reads it, and prints what came of each, and which role it is in."""

DYNAMO = """
import sys, boto3, botocore.exceptions
table = boto3.client("dynamodb")
item = {"id": {"S": "1"}}
for verb, call in (("put", lambda: table.put_item(TableName="notes", Item=item)),
                   ("get", lambda: table.get_item(TableName="notes", Key=item))):
    try:
        call()
        print(verb, "done")
    except botocore.exceptions.ClientError as error:
        print(verb, error.response["Error"]["Code"])
print(boto3.client("sts").get_caller_identity()["Arn"].rpartition("/")[0].rpartition("/")[2])
"""
