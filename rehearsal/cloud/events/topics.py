"""Messages to SNS topics: moto keeps them with the topic and passes them to its subscriptions."""

from __future__ import annotations

import json
from typing import Any

#: "Publish": a subject has at most 100 characters.
MAX_SUBJECT = 99


def publish(arn: str, subject: str | None, message: Any) -> bool:
    """Publish to a topic, a text as it is and all else as JSON; whether there is such a topic.

    What cannot be delivered is lost, as it is on AWS when a topic is gone.
    """
    from moto.sns.models import sns_backends

    from rehearsal.cloud.world import ACCOUNT

    parts = arn.split(":")
    if len(parts) != 6 or parts[2] != "sns":
        return False
    topic = sns_backends[ACCOUNT][parts[3]].topics.get(arn)
    if topic is None:
        return False
    text = message if isinstance(message, str) else json.dumps(message)
    topic.publish(text, subject=subject[:MAX_SUBJECT] if subject else None)
    return True
