"""The platform without sockets, for the many calls of which only the answers matter."""

from collections.abc import Mapping

import aiohttp

from custom_components.jrhsz.api import Encoding, Interface
from custom_components.jrhsz.api.reply import Reply, parse
from tests.simulator import Simulator
from tests.simulator.replies import render


class Direct:
    """Answers as a simulator that reads forms does; `refused` counts what it refused."""

    def __init__(self, simulator: Simulator) -> None:
        """Begin without calls."""
        self._simulator = simulator
        self.refused = 0
        self.listed: list[str] = []

    async def post(
        self,
        _: aiohttp.ClientSession,
        url: str,
        fields: Mapping[str, str | int],
        encoding: Encoding,
    ) -> Reply:
        """Answer a request, in place of the function that sends it."""
        interface = Interface(url.rpartition("/")[2])
        params = {key: str(value) for key, value in fields.items()}
        if encoding is Encoding.JSON:
            params.clear()
        platform = self._simulator.platform
        reply = parse(render(platform.call(interface, params), platform.dialect), "utf-8")
        if interface in {Interface.PAYMENTS, Interface.CONSUMPTION}:
            self.refused += reply.error is not None
            self.listed.append(str(fields["user_code"]))
        return reply
