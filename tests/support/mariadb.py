"""A throwaway MariaDB server for tests of the recorder, from Debian's package or another."""

from collections.abc import Generator
from contextlib import contextmanager
import itertools
import os
from pathlib import Path
import pwd
import shutil
import subprocess
import tempfile

_NUMBERS = itertools.count(1)
# Debian keeps servers where only root looks for programs.
_PATH = f"{os.environ.get('PATH', os.defpath)}{os.pathsep}/usr/sbin"
_READY = "ready for connections"


def find_server() -> Path | None:
    """Return the server's program, if there is one."""
    found = shutil.which("mariadbd", path=_PATH)
    return Path(found) if found and shutil.which("mariadb-install-db") else None


class MariaServer:
    """A server with a folder of its own, reached through a socket in it."""

    def __init__(self, program: Path) -> None:
        """Make its tables and start it; durability is not what these tests are about."""
        self._folder = Path(tempfile.mkdtemp(prefix="jrhsz-mariadb-"))
        self._socket = self._folder / "socket"
        settings = (
            "--no-defaults",
            f"--datadir={self._folder / 'data'}",
            # It runs as root only if it is told to.
            f"--user={pwd.getpwuid(os.geteuid()).pw_name}",
            f"--innodb-log-file-size={16 * 2**20}",
        )
        self._run("mariadb-install-db", *settings, "--skip-test-db", "--skip-name-resolve")
        self._process = subprocess.Popen(  # noqa: S603  our own command
            (
                program,
                *settings,
                f"--socket={self._socket}",
                "--skip-networking",
                "--skip-grant-tables",
                "--innodb-flush-log-at-trx-commit=0",
                "--innodb-doublewrite=OFF",
                "--log-warnings=0",
            ),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        lines = self._process.stderr or ()
        if not any(_READY in line for line in lines):
            msg = f"MariaDB ended with {self._process.wait()}"
            raise RuntimeError(msg)

    def stop(self) -> None:
        """End the server and remove all of it."""
        with self._process as process:
            process.kill()
        shutil.rmtree(self._folder, ignore_errors=True)

    @contextmanager
    def database(self) -> Generator[str]:
        """Make an empty database, and drop it afterwards."""
        name = f"recorder_{next(_NUMBERS)}"
        client = ("mariadb", "--no-defaults", f"--socket={self._socket}", "--execute")
        # As Home Assistant's documentation has it.
        kind = "CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci"
        self._run(*client, f"CREATE DATABASE {name} {kind}")
        yield f"mysql+pymysql://root@localhost/{name}?unix_socket={self._socket}"
        self._run(*client, f"DROP DATABASE {name}")

    def _run(self, *command: str) -> None:
        """Run one of the programs beside the server."""
        subprocess.run(  # noqa: S603  our own commands
            command,
            check=True,
            cwd=self._folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )
