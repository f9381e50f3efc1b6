"""`make demo`: a gateway and the sandbox provider, with people in it and sample apps published, until Ctrl-C."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import NoReturn

import httpx

sys.path.insert(0, str(Path(__file__).parent))
import demo_setup as setup
from demo_setup import DemoProblem, Site

BIN = Path(sys.executable).parent
START_SECONDS = 60.0
STOP_SECONDS = 20.0
STARTED = time.monotonic()


def say(text: str) -> None:
    """One line of progress, with the seconds since the start."""
    print(f"{time.monotonic() - STARTED:5.1f} s  {text}", flush=True)


class Child:
    """One server this demo started. It is in a session of its own, so that Ctrl-C reaches it through us only."""

    def __init__(self, name: str, line: list[str], environ: dict[str, str]) -> None:
        self.name = name
        self.tail: deque[str] = deque(maxlen=20)
        self._log: Path | None = None
        self.process = subprocess.Popen(
            line,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
        )
        threading.Thread(target=self._pump, name=f"output of {name}", daemon=True).start()

    def log_to(self, path: Path) -> None:
        """Append what it prints to a file from now on, beginning with what it printed so far."""
        path.write_text("".join(self.tail))
        self._log = path

    def _pump(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.tail.append(line)
            if self._log is not None:
                with self._log.open("a") as log:
                    log.write(line)

    def wait_until_it_answers(self, address: str) -> None:
        """Raises DemoProblem with its own last words where it ends instead, or takes too long."""
        deadline = time.monotonic() + START_SECONDS
        while True:
            if self.process.poll() is not None:
                time.sleep(0.2)  # its last lines are still on their way through the pipe
                raise DemoProblem(f"{self.name} did not start:\n{''.join(self.tail)}")
            try:
                if httpx.get(address, timeout=2).status_code < 500:
                    return
            except httpx.TransportError:
                pass
            if time.monotonic() > deadline:
                raise DemoProblem(f"{self.name} does not answer at {address}:\n{''.join(self.tail)}")
            time.sleep(0.1)

    def stop(self) -> None:
        """End it in good order; by force when that takes too long."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


def environment(data_dir: Path, port: int, secret: str) -> dict[str, str]:
    """The gateway's variables: ours, the demo's, and the operator's own except a second bootstrap secret."""
    given = {name: value for name, value in os.environ.items() if not name.startswith("TABARD_BOOTSTRAP_SECRETKEY")}
    return given | {
        "TABARD_PORT": str(port),
        "TABARD_DATA_DIR": str(data_dir),
        "TABARD_BOOTSTRAP_SECRETKEY": secret,
        "TABARD_OAUTH_ALLOW_LOCAL_PROVIDERS": "true",
    }


def port_of(variable: str, default: int) -> int:
    """A port from the environment. Raises DemoProblem."""
    text = os.environ.get(variable, str(default))
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 65535:
        raise DemoProblem(f"{variable} is not a port: use a number from 1 to 65535, such as {default}.")
    return int(text)


def run(children: list[Child]) -> int:
    """Start everything, set it up, and stay until something ends. Returns the exit code."""
    port, provider_port = port_of("TABARD_PORT", 3939), port_of("DEMO_PROVIDER_PORT", 3940)
    if port == provider_port:
        raise DemoProblem(f"The gateway and the provider cannot share port {port}; set DEMO_PROVIDER_PORT to another.")
    data_dir = Path(os.environ.get("TABARD_DATA_DIR") or "demo-data").expanduser().absolute()
    setup.check_port(port, "TABARD_PORT", "the gateway")
    setup.check_port(provider_port, "DEMO_PROVIDER_PORT", "the sandbox provider")
    url, provider = f"http://localhost:{port}", f"http://localhost:{provider_port}"
    secret = setup.new_secret()
    say(f"Starting the sandbox provider on {provider}")
    line = [str(BIN / "tabard"), "sandbox-provider", "--port", str(provider_port)]
    children.append(Child("The sandbox provider", line, dict(os.environ)))
    say(f"Starting the gateway on {url}, with its data in {data_dir}")
    children.append(Child("The gateway", [str(BIN / "tabard"), "serve"], environment(data_dir, port, secret)))
    children[0].wait_until_it_answers(f"{provider}/.well-known/openid-configuration")
    children[1].wait_until_it_answers(f"{url}/__ping__")
    folder = data_dir / "demo"
    folder.mkdir(mode=0o700, exist_ok=True)
    children[0].log_to(folder / "provider.log")
    children[1].log_to(folder / "gateway.log")
    furnish(Site(url, provider, folder, secret))
    return stay(children)


def furnish(site: Site) -> None:
    """People, integrations and apps: whatever is not there yet."""
    say("Making the people: an administrator, a publisher, Alice and Bob")
    site.people()
    say("Making two integrations: one for viewers, one for a service account")
    site.integrations()
    if count := site.forget_connections():
        say(f"Ended {count} connection(s) of an earlier run: this provider keeps nothing when it stops")
    say("Publishing the sample apps; the first time installs Streamlit and Panel, which takes the longest")
    with ThreadPoolExecutor(2) as pool:
        try:
            for job in as_completed([pool.submit(site.publish, name) for name in setup.SAMPLES]):
                say(f"  {job.result()}")
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            site.interrupt()
            raise
    say("Letting Alice and Bob in")
    site.let_in()
    print(site.welcome(), flush=True)


def stay(children: list[Child]) -> int:
    """Wait; a server that ends by itself ends the demo."""
    while True:
        for child in children:
            if child.process.poll() is not None:
                raise DemoProblem(f"{child.name} has ended:\n{''.join(child.tail)}")
        time.sleep(0.5)


def _interrupt(_number: int, _frame: object) -> NoReturn:
    raise KeyboardInterrupt


def main() -> int:
    """Returns 0 after Ctrl-C, 1 after a sentence that says what is in the way."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    children: list[Child] = []
    code = 0
    try:
        code = run(children)
    except DemoProblem as problem:
        print(f"\ndemo: {problem}", file=sys.stderr, flush=True)
        code = 1
    except KeyboardInterrupt:
        print("\nStopping ...", flush=True)
    finally:
        # A second Ctrl-C must not leave anything running.
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        for child in reversed(children):
            child.stop()
    if code == 0:
        print("Everything has stopped. Run `make demo` to go on where you were.", flush=True)
    return code


if __name__ == "__main__":
    sys.exit(main())
