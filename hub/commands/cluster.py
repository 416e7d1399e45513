"""A cluster gets its users and its topics by one command each, or what to allow in words of Kafka's own."""

import asyncio
import sys
from pathlib import Path

from hub.directory import partner_files
from hub.kafka.acls import User, allowed, commands
from hub.kafka.security import KafkaSettingsWrong
from hub.kafka.topic_setup import KafkaAway, TopicsWrong, ensure_topics
from hub.kafka.users import UsersWrong, set_up_users
from hub.settings import Settings

_WRONG = 78
_AWAY = 75
"""`EX_TEMPFAIL`: try again."""


def topics_command(settings: Settings) -> int:
    """`hub kafka topics`; 0 once every topic is as declared."""
    directory = partner_files.load(settings.partners_dir, settings.calendars_dir)
    try:
        changed = asyncio.run(ensure_topics(settings, directory))
    except (TopicsWrong, KafkaSettingsWrong) as error:
        print(error, file=sys.stderr)
        return _WRONG
    except KafkaAway as error:
        print(error, file=sys.stderr)
        return _AWAY
    print("\n".join(changed) or "every topic was as declared")
    return 0


def users_command(settings: Settings, passwords: Path) -> int:
    """`hub kafka users`; 0 once every role's user is let in."""
    directory = partner_files.load(settings.partners_dir, settings.calendars_dir)
    try:
        print("\n".join(set_up_users(settings, directory, passwords)))
    except (UsersWrong, KafkaSettingsWrong) as error:
        print(error, file=sys.stderr)
        return _WRONG
    except KafkaAway as error:
        print(error, file=sys.stderr)
        return _AWAY
    return 0


def acls_command(settings: Settings, user: str, name: str) -> int:
    """`hub kafka acls`; 0 once everything is printed."""
    directory = partner_files.load(settings.partners_dir, settings.calendars_dir)
    if user and user not in set(User):
        print(f"there is no user `{user}`: write one of {', '.join(User)}", file=sys.stderr)
        return _WRONG
    if name and not user:
        print("--name is of one user: say which", file=sys.stderr)
        return _WRONG
    if unknown := [one for one in settings.partners if directory.get(one) is None]:
        print(f"no partner file says {', '.join(unknown)}", file=sys.stderr)
        return _WRONG
    print(
        "# KAFKA_ACLS='kafka-acls.sh --bootstrap-server HOST:PORT --command-config admin.properties'"
    )
    for one in [User(user)] if user else User:
        for line in commands(allowed(settings, directory, one, name or f"hub-{one}")):
            print(line)
    return 0
