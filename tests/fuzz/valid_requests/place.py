"""The names that the requests share."""

from tests.fuzz.known_texts import ACCOUNT, REGION

PLACE = f"{REGION}:{ACCOUNT}"
STATES, SQS, SNS = f"arn:aws:states:{PLACE}", f"arn:aws:sqs:{PLACE}", f"arn:aws:sns:{PLACE}"
EVENTS, LOGS = f"arn:aws:events:{PLACE}", f"arn:aws:logs:{PLACE}"
QUEUE_URL = f"http://127.0.0.1:4566/{ACCOUNT}/a"
