"""A headless Chromium for the tests of the HTML report: one for all tests of a module."""

from __future__ import annotations

import base64
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

FLAGS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
)  # fmt: skip
WATCH = """
window.violations = []; window.failures = [];
addEventListener("securitypolicyviolation", (e) => window.violations.push(e.violatedDirective));
addEventListener("error", (e) => window.failures.push(String(e.message)));
addEventListener("unhandledrejection", (e) => window.failures.push(String(e.reason)));
"""
"""Runs in every page before its own scripts do."""


@contextmanager
def chromium(profile: Path) -> Iterator[Browser]:
    """The browser, ended whatever happens."""
    browser, driver = shutil.which("chromium"), shutil.which("chromedriver")
    assert browser and driver, "Debian: chromium, chromium-driver"
    options = webdriver.ChromeOptions()
    options.binary_location = browser
    for flag in (*FLAGS, f"--user-data-dir={profile}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    session = webdriver.Chrome(options, webdriver.ChromeService(driver))
    try:
        session.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": WATCH})
        yield Browser(session)
    finally:
        session.quit()


class Browser:
    """What the tests ask of a page."""

    def __init__(self, session: webdriver.Chrome) -> None:
        self.session = session

    def open(self, path: Path, *, width: int = 1280, height: int = 900, scripts: bool = True) -> None:
        """Load a file afresh, with nothing remembered of earlier pages."""
        self.cdp("Emulation.setScriptExecutionDisabled", value=not scripts)
        self.size(width, height)
        self.session.get("about:blank")
        self.session.get_log("browser")
        self.session.get(path.as_uri())
        if scripts:
            self.run("document.documentElement.style.scrollBehavior = 'auto'")

    def size(self, width: int, height: int) -> None:
        self.cdp(
            "Emulation.setDeviceMetricsOverride",
            width=width, height=height, deviceScaleFactor=1, mobile=width < 600,
        )  # fmt: skip

    def media(self, media: str = "", scheme: str = "light") -> None:
        """What the reader's system says: `print` or a screen, light or dark."""
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self.cdp("Emulation.setEmulatedMedia", media=media, features=features)

    def cdp(self, command: str, **arguments: Any) -> Any:
        return self.session.execute_cdp_cmd(command, arguments)

    def run(self, script: str, *arguments: Any) -> Any:
        """What a piece of script returns."""
        return self.session.execute_script(script, *arguments)

    def press(self, *keys: str) -> None:
        """Keys, to whatever has the focus."""
        for key in keys:
            self.session.switch_to.active_element.send_keys(key)

    def search(self, words: str) -> str:
        """Search for words, by the keyboard; gives back what is said about it."""
        self.press(Keys.ESCAPE)
        self.press("/")
        self.press(words, Keys.ENTER)
        return self.text("#hits")

    def text(self, selector: str) -> str:
        return str(self.session.find_element(By.CSS_SELECTOR, selector).text)

    def shown(self, selector: str) -> list[str]:
        """The text of every such element that can be seen."""
        found = self.run(
            "return [...document.querySelectorAll(arguments[0])].filter(e => e.checkVisibility())"
            ".map(e => e.textContent.trim())",
            selector,
        )
        return list(found)

    def click(self, selector: str) -> None:
        self.run("document.querySelector(arguments[0]).scrollIntoView({block: 'center'})", selector)
        self.session.find_element(By.CSS_SELECTOR, selector).click()

    def focused(self) -> str:
        """The element with the focus: its id, else its class, else its name."""
        return str(self.run("const e = document.activeElement; return e.id || e.className || e.localName"))

    def complaints(self) -> list[str]:
        """Everything that went wrong in the page: script errors, refusals of the policy, the console."""
        found = self.run("return [...window.violations, ...window.failures]")
        return [*found, *(entry["message"] for entry in self.session.get_log("browser"))]

    def rendered(self) -> str:
        """All text that is laid out, asked of the browser and not of a script."""
        snapshot = self.cdp("DOMSnapshot.captureSnapshot", computedStyles=[])
        (document,) = snapshot["documents"]
        return " ".join(snapshot["strings"][text] for text in document["layout"]["text"] if text >= 0)

    def pdf(self) -> bytes:
        """The page as it is printed."""
        return base64.b64decode(self.cdp("Page.printToPDF", preferCSSPageSize=True)["data"])

    def screenshot(self) -> bytes:
        return base64.b64decode(self.cdp("Page.captureScreenshot", format="png")["data"])
