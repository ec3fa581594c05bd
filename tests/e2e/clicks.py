"""What a person has to do on the dashboard, counted."""

from playwright.async_api import Page

# What a browser reports as a click that nobody made is none of a person's.
COUNT = "addEventListener('click', (event) => { window.clicks += event.isTrusted; }, true)"


class Clicks:
    """Counts the clicks on a page from when the dashboard is open; typing is not counted."""

    def __init__(self, page: Page) -> None:
        """Count on a page."""
        self._page = page

    async def begin(self) -> None:
        """Count from now on; the page must not be loaded anew."""
        await self._page.evaluate(
            f"() => {{ if (window.clicks === undefined) {COUNT}; window.clicks = 0; }}"
        )

    async def count(self) -> int:
        """Return how many there were."""
        count: int = await self._page.evaluate("window.clicks")
        return count
