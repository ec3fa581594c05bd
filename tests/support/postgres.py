"""A throwaway PostgreSQL server for tests of the recorder, from Debian's package or another."""

from collections.abc import Generator
from contextlib import contextmanager
import itertools
import os
from pathlib import Path
import pwd
import shutil
import subprocess
import tempfile

_USER = "recorder"
_NUMBERS = itertools.count(1)
# A server refuses to run as root: then it runs as the package's user, or as nobody.
_UNPRIVILEGED = ("postgres", "nobody")


def find_server() -> Path | None:
    """Return the folder of the newest server's programs, if there is one."""
    packaged = Path("/usr/lib/postgresql")
    versions = sorted(packaged.glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if versions:
        return versions[-1].parent
    found = shutil.which("initdb")
    return Path(found).resolve().parent if found and shutil.which("postgres") else None


class PostgresServer:
    """A cluster in a folder of its own, reached through a socket in it."""

    def __init__(self, programs: Path) -> None:
        """Make the cluster and start it; durability is not what these tests are about."""
        self._programs = programs
        self._folder = Path(tempfile.mkdtemp(prefix="jrhsz-postgres-"))
        self._user = _unprivileged_user()
        if self._user:
            shutil.chown(self._folder, self._user)
        data = self._folder / "data"
        self._run(
            programs / "initdb",
            f"--pgdata={data}",
            f"--username={_USER}",
            "--auth=trust",
            "--encoding=UTF8",
            "--locale=C",
            "--no-sync",
        )
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": str(self._folder),
            "fsync": "off",
            "synchronous_commit": "off",
            "full_page_writes": "off",
        }
        options = " ".join(f"-c {name}='{value}'" for name, value in settings.items())
        self._control = (programs / "pg_ctl", f"--pgdata={data}")
        self._run(
            *self._control,
            "start",
            "--wait",
            f"--log={self._folder / 'log'}",
            f"--options={options}",
        )

    def stop(self) -> None:
        """Stop the server and remove all of it."""
        self._run(*self._control, "stop", "--mode=immediate")
        shutil.rmtree(self._folder, ignore_errors=True)

    @contextmanager
    def database(self) -> Generator[str]:
        """Make an empty database, and drop it afterwards."""
        name = f"recorder_{next(_NUMBERS)}"
        login = (f"--host={self._folder}", f"--username={_USER}")
        self._run(self._programs / "createdb", *login, name)
        yield f"postgresql://{_USER}@/{name}?host={self._folder}"
        self._run(self._programs / "dropdb", *login, "--force", name)

    def _run(self, *command: str | Path) -> None:
        """Run one of the server's programs."""
        subprocess.run(  # noqa: S603  our own commands
            command,
            check=True,
            cwd=self._folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            user=self._user,
        )


def _unprivileged_user() -> str | None:
    """Return the user to run a server as, if it can't be ours."""
    if os.geteuid() != 0:
        return None
    known = {user.pw_name for user in pwd.getpwall()}
    return next(name for name in _UNPRIVILEGED if name in known)
