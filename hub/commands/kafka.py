"""The hub's own Kafka is started, stopped and asked for by name; a cluster is set up by what the hub knows."""

from pathlib import Path
from typing import Annotated

import typer

from hub.commands.calling import ask, effective, fail, on_the_road

app = typer.Typer(help="The embedded one-node Kafka, or the cluster.", no_args_is_help=True)


@app.command()
def start() -> None:
    """Start it, or find it running; prints its address."""
    from hub.embedded import EmbeddedKafka, FetchFailed, KafkaFailed

    settings = effective()
    if settings.kafka_bootstrap is not None:
        fail(
            f"HUB_KAFKA_BOOTSTRAP names a cluster ({settings.kafka_bootstrap}); "
            "there is nothing to start. Unset it to use the embedded Kafka."
        )
    try:
        print(EmbeddedKafka(settings.data, settings.kafka_heap).start())
    except (FetchFailed, KafkaFailed) as error:
        fail(str(error), 1)


@app.command()
def stop() -> None:
    """Stop it; what it holds is kept."""
    from hub.embedded import EmbeddedKafka, KafkaFailed

    try:
        EmbeddedKafka(effective().data).stop()
    except KafkaFailed as error:
        fail(str(error), 1)


@app.command()
def status() -> None:
    """Say whether it runs, and where; exit 3 where it does not."""
    from hub.embedded import EmbeddedKafka

    settings = effective()
    if settings.kafka_bootstrap is not None:
        print(f"a cluster is named: {settings.kafka_bootstrap}")
        return
    node = EmbeddedKafka(settings.data)
    found = node.status()
    if found is None:
        fail(f"never started (data would be in {node.home})", 3)
    if found.pid is None:
        fail(f"stopped; data in {node.home}", 3)
    print(f"running on {found.bootstrap}, pid {found.pid}, data and log in {node.home}")


@app.command()
def topics() -> None:
    """Create the topics, widen and correct them, as `hub run` does at its start."""
    ask("hub.commands.cluster", "topics_command", on_the_road(effective()))


@app.command()
def users(
    passwords: Annotated[
        Path, typer.Argument(metavar="DIR", help="Files hub-core, hub-desk … with the passwords")
    ],
) -> None:
    """Give each role's user of a cluster its password and what it may do, as its administrator."""
    ask("hub.commands.cluster", "users_command", on_the_road(effective()), passwords)


@app.command()
def acls(
    user: Annotated[str, typer.Argument(help="core, desk, edge or set-up; none: one of each")] = "",
    partners: Annotated[str, typer.Option(help="Of an edge: only these, by commas")] = "",
    name: Annotated[str, typer.Option(help="Of the user in Kafka; else hub-core …")] = "",
) -> None:
    """Print what to allow each role's user in a cluster; changes nothing."""
    named = {"partners": partners} if partners else {}
    ask("hub.commands.cluster", "acls_command", effective(**named), user, name)
