"""Home Assistant's frontend in Chromium, as a person uses it."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
import json
from pathlib import Path
import shutil
from typing import Any

from playwright.async_api import (
    Browser,
    BrowserContext,
    CDPSession,
    ConsoleMessage,
    Error,
    Locator,
    Page,
    Request,
    async_playwright,
)

from tests.support.hass_process import INTEGRATION, HassProcess

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
DESKTOP = (1280, 900)
PHONE = (390, 844)
CHINA = "Asia/Shanghai"
LOCALES = {"en": "en-GB", "zh-Hans": "zh-CN"}
PRIMARY = "ha-button[slot=primaryAction]"
OVERVIEW = "JRHSZ meters", "JRHSZ 水电表"

# Chromium keeps some memory in /dev/shm, which is small in containers; as root it has no sandbox.
ARGUMENTS = (
    "--no-sandbox",
    "--disable-dev-shm-usage",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)

# What can be scrolled sideways, or is cut off because it is too wide; tabs and chips may be.
WIDE = """() => {
  const found = [];
  const walk = (root) => {
    for (const element of root.querySelectorAll("*")) {
      const { overflowX } = getComputedStyle(element);
      if (
        element.clientWidth > 0 &&
        element.scrollWidth > element.clientWidth + 1 &&
        ["auto", "scroll"].includes(overflowX)
      ) {
        found.push(`${element.localName}.${element.className}`);
      }
      if (element.shadowRoot) walk(element.shadowRoot);
    }
  };
  walk(document);
  const page = document.scrollingElement;
  if (page.scrollWidth > innerWidth) found.push("the page");
  return found;
}"""

# Scrolls an element (or the page) for a second, a little with each frame; returns their number.
SCROLL = """async (element) => {
  const box = element || document.scrollingElement;
  const end = performance.now() + 1000;
  let step = 40;
  let frames = 0;
  while (performance.now() < end) {
    const before = box.scrollTop;
    box.scrollTop += step;
    if (box.scrollTop === before) step = -step;
    await new Promise(requestAnimationFrame);
    frames += 1;
  }
  return frames;
}"""


class Frontend:
    """A page of a browser whose user is logged in."""

    def __init__(self, page: Page, hass: HassProcess, language: str) -> None:
        """Watch what goes wrong in the page."""
        self.page = page
        self.hass = hass
        self.language = language
        path = INTEGRATION / "translations" / f"{language}.json"
        self._texts: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        self.complaints: list[str] = []
        page.on("console", self._note_message)
        page.on("pageerror", self._note_error)
        page.on("requestfailed", self._note_request)

    @property
    def flow(self) -> Locator:
        """Return the dialog of a config or options flow."""
        return self.page.locator("dialog-data-entry-flow")

    @property
    def dialog(self) -> Locator:
        """Return the dialog of the dashboard that is open."""
        return self.page.locator("jrhsz-dialogs").get_by_role("dialog")

    def text(self, *keys: str, **values: object) -> str:
        """Return one of the integration's texts in the user's language."""
        text: Any = self._texts
        for key in keys:
            text = text[key]
        return str(text).format(**values)

    @asynccontextmanager
    async def beside(self, username: str, password: str) -> AsyncGenerator[Frontend]:
        """Log somebody else in, on a page of the same size that shares nothing with this one."""
        browser, size = self.page.context.browser, self.page.viewport_size
        assert browser
        assert size
        async with await new_context(browser, self.language) as context:
            other = Frontend(await context.new_page(), self.hass, self.language)
            await other.resize((size["width"], size["height"]))
            await other.log_in(username, password)
            yield other
            assert other.complaints == []

    async def log_in(self, username: str, password: str) -> None:
        """Log in as one of Home Assistant's users."""
        # The start page shows every entity there is; this one hardly anything.
        await self.page.goto(f"{self.hass.url}/profile/general")
        await self.page.fill("input[name=username]", username)
        await self.page.fill("input[name=password]", password)
        await self.page.keyboard.press("Enter")
        await self.page.locator("home-assistant-main").wait_for()

    async def open(self, path: str) -> None:
        """Open a page of the frontend, as from its address."""
        url = self.hass.url + path
        try:
            await self.page.goto(url, wait_until="domcontentloaded")
        except Error as error:
            if "ERR_ABORTED" not in error.message:
                raise
            # The page was about to go elsewhere by itself.
            await self.page.goto(url, wait_until="domcontentloaded")
        await self.page.locator("home-assistant-main").wait_for()

    async def search(self, word: str) -> Locator:
        """Type a word into *Add integration*; return the line of the integration that it finds."""
        dialog = self.page.locator("dialog-add-integration")
        if not await dialog.count():
            await self.open("/config/integrations/dashboard")
            await self.page.locator("ha-config-integrations-dashboard [slot=fab]").click()
        name = json.loads((INTEGRATION / "manifest.json").read_bytes())["name"]
        found = dialog.locator("ha-integration-list-item").filter(has_text=name)
        field = dialog.locator("ha-input-search input")
        await field.fill("no such integration")
        await found.wait_for(state="detached")
        await field.fill(word)
        await found.wait_for()
        return found

    async def expect_step(self, flow: str, step_id: str) -> None:
        """Wait until the flow shows a step of ours."""
        title = self.text(flow, "step", step_id, "title")
        await self.flow.locator(".dialog-title", has_text=title).wait_for()

    async def expect_error(self, flow: str, error: str) -> None:
        """Wait until the form shows an error of ours."""
        await self.flow.get_by_text(self.text(flow, "error", error)).wait_for()

    async def submit(self) -> None:
        """Submit the form that the flow shows."""
        await self.flow.locator(PRIMARY).click()

    async def choose(self, flow: str, step_id: str, option: str, **values: object) -> None:
        """Choose from the menu that the flow shows."""
        text = self.text(flow, "step", step_id, "menu_options", option, **values)
        await self.flow.locator("step-flow-menu").get_by_text(text, exact=True).click()

    async def fill(self, *values: str) -> None:
        """Fill the text fields of the form that the flow shows, in their order."""
        fields = self.flow.locator("step-flow-form input:not([type=checkbox])")
        for i, value in enumerate(values):
            await fields.nth(i).fill(value)

    async def wide_parts(self) -> list[str]:
        """Return what would have to be scrolled sideways on a phone."""
        await self.resize(PHONE)
        await self.page.wait_for_timeout(500)
        found = await self.wide_parts_here()
        await self.resize(DESKTOP)
        return found

    async def wide_parts_here(self) -> list[str]:
        """Return what has to be scrolled sideways as the page is."""
        found: list[str] = await self.page.evaluate(WIDE)
        return found

    async def resize(self, size: tuple[int, int]) -> None:
        """Make the page as wide and as high as a screen."""
        await self.page.set_viewport_size({"width": size[0], "height": size[1]})

    async def frames_per_second(self, element: Locator | None = None) -> float:
        """Scroll for three seconds; return how many frames the page can draw in the worst one.

        That is what the processor time of the page's thread allows: how many are really drawn
        depends on what else the machine does.
        """
        handle = await element.element_handle() if element else None
        rates = []
        for _ in range(3):
            async with self.working() as spent:
                frames: int = await self.page.evaluate(SCROLL, handle)
            rates.append(frames / spent[0])
        return min(rates)

    @asynccontextmanager
    async def working(self) -> AsyncGenerator[list[float]]:
        """Provide a list; at the end the seconds that the page's thread has worked are in it."""
        session = await self.page.context.new_cdp_session(self.page)
        await session.send("Performance.enable", {"timeDomain": "threadTicks"})
        before = await processor_time(session)
        spent: list[float] = []
        yield spent
        spent.append(await processor_time(session) - before)
        await session.detach()

    def _note_message(self, message: ConsoleMessage) -> None:
        """Note an error in the console."""
        where = message.location.get("url", "")
        if message.type == "error" and "jrhsz" in f"{message.text} {where}":
            self.complaints.append(f"console: {message.text} ({where})")

    def _note_error(self, error: Error) -> None:
        """Note an exception that nobody caught."""
        if "jrhsz" in f"{error.message} {error.stack}":
            self.complaints.append(f"exception: {error.message}")

    def _note_request(self, request: Request) -> None:
        """Note a file of ours that could not be loaded; leaving a page ends what still loads."""
        if "/jrhsz/" in request.url and request.failure != "net::ERR_ABORTED":
            self.complaints.append(f"not loaded: {request.url} ({request.failure})")


async def processor_time(session: CDPSession) -> float:
    """Return the seconds that the page's thread has worked."""
    metrics = (await session.send("Performance.getMetrics"))["metrics"]
    return next(float(metric["value"]) for metric in metrics if metric["name"] == "TaskDuration")


async def new_context(browser: Browser, language: str, zone: str = CHINA) -> BrowserContext:
    """Return a browser of its own, as far as its pages can tell."""
    context = await browser.new_context(
        viewport={"width": DESKTOP[0], "height": DESKTOP[1]},
        locale=LOCALES[language],
        timezone_id=zone,
    )
    # A process with hundreds of meters that has just started is slow on a busy machine.
    context.set_default_timeout(60_000)
    return context


@asynccontextmanager
async def open_frontend(
    hass: HassProcess, language: str, pictures: Path, zone: str = CHINA
) -> AsyncGenerator[Frontend]:
    """Open a browser and log in; leave a picture of where a test failed."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        context = await new_context(browser, language, zone)
        page = await context.new_page()
        frontend = Frontend(page, hass, language)
        try:
            await frontend.log_in(hass.username, hass.password)
            yield frontend
        except BaseException:
            await page.screenshot(path=pictures / f"{language}.png")
            raise
        finally:
            await browser.close()
