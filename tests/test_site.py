"""The built site in a browser: ``make test-site``."""

import functools
import json
import re
import shutil
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urldefrag, urljoin, urlsplit

import pytest

ROOT = Path(__file__).parents[1]
SITE = ROOT / "docs" / "_build" / "html"
WIDTHS = (390, 1280)
# Sphinx generates these pages. They contain no text to read.
NO_PAGES = {"genindex.html", "search.html", "webpack-macros.html"}

pytestmark = pytest.mark.site


def pages():
    found = (path.relative_to(SITE).as_posix() for path in SITE.rglob("*.html"))
    return sorted(page for page in found if "_static" not in page and page not in NO_PAGES)


@pytest.fixture(scope="module")
def address():
    """Serve the site on a free port of this machine, as a web server would."""
    if not (SITE / "index.html").is_file():
        pytest.fail("the site is not built; run make docs")

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(SITE)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def browser():
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        pytest.skip("no browser: neither chromium nor google-chrome is installed")
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with playwright.sync_playwright() as running:
        # The sandbox needs user namespaces, which containers lack. The pages are trusted.
        browser = running.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="module", params=WIDTHS, ids=lambda width: f"{width}px")
def page(request, browser):
    page = browser.new_page(viewport={"width": request.param, "height": 900})
    yield page
    page.close()


@pytest.fixture
def problems(page):
    """The errors that the browser reports while a test opens pages."""
    reported = []

    def on_failure(request):
        if "ERR_ABORTED" not in request.failure:  # the next page interrupts the loading of this one
            reported.append(f"failed: {request.url}, {request.failure}")

    def on_response(response):
        if response.status >= 400:
            reported.append(f"{response.status}: {response.url}")

    def on_console(message):
        if message.type == "error":
            reported.append(f"console: {message.text}")

    def on_error(error):
        reported.append(f"script: {error}")

    listeners = {
        "requestfailed": on_failure,
        "response": on_response,
        "console": on_console,
        "pageerror": on_error,
    }
    for event, listener in listeners.items():
        page.on(event, listener)
    yield reported
    for event, listener in listeners.items():
        page.remove_listener(event, listener)


def test_every_page_of_the_guide_is_built():
    sources = {path.stem for path in (ROOT / "docs" / "guide").glob("*.py")}
    built = {Path(page).stem for page in pages() if page.startswith("auto_guide/")}
    assert sources
    assert built - {"sg_execution_times"} == sources | {"index"}


def test_every_page_opens_without_errors(page, address, problems):
    for name in pages():
        page.goto(address + name, wait_until="load")
        assert problems == [], name


def test_every_picture_loads_and_has_alternative_text(page, address, problems):
    for name in pages():
        page.goto(address + name, wait_until="load")
        pictures = page.eval_on_selector_all(
            "img",
            "all => all.map(img => [img.src, img.complete && img.naturalWidth, "
            "img.alt || !img.closest('article')])",
        )
        for source, width, words in pictures:
            assert width, f"{name}: {source}"
            assert words, f"{name}: {source} has no alternative text"


def test_no_page_is_wider_than_the_window(page, address):
    for name in pages():
        page.goto(address + name, wait_until="load")
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width <= page.viewport_size["width"], name


def test_no_text_is_cut_off_at_the_edge_of_the_window(page, address):
    # The theme hides what is wider than the page, so the width of the page does not show it.
    for name in pages():
        page.goto(address + name, wait_until="load")
        cut_off = page.eval_on_selector_all(
            "article :is(h1, h2, h3, p, dt, li)",
            """all => all.filter(e => {
              if (!e.offsetParent || e.getBoundingClientRect().right <= innerWidth + 1) return false
              for (let box = e; !box.matches('article'); box = box.parentElement)
                if (/auto|scroll/.test(getComputedStyle(box).overflowX)) return false
              return true
            }).map(e => e.innerText)""",
        )
        assert cut_off == [], name


def test_code_fits_its_column_on_a_desktop(browser, address):
    page = browser.new_page(viewport={"width": max(WIDTHS), "height": 900})
    for name in pages():
        page.goto(address + name, wait_until="load")
        cut_off = page.eval_on_selector_all(
            "article div.highlight pre",
            "all => all.filter(e => e.scrollWidth > e.clientWidth).map(e => e.innerText)",
        )
        assert cut_off == [], name
    page.close()


def test_no_picture_of_the_front_page_is_cut_off(page, address):
    page.goto(address + "index.html", wait_until="load")
    pictures = page.eval_on_selector_all(
        "article img",
        """all => all.filter(e => e.offsetParent).map(e => {
          const inside = e.getBoundingClientRect()
          const boxes = []
          for (let box = e.parentElement; box; box = box.parentElement) boxes.push(box)
          return {
            source: e.src, width: inside.width, left: inside.left, right: inside.right,
            scrolls: boxes.some(box => box.scrollWidth > box.clientWidth && box.clientWidth > 0),
          }
        })""",
    )
    assert len(pictures) == 2  # the forecast and the three axes
    for picture in pictures:
        assert not picture["scrolls"], picture
        assert 0 <= picture["left"] < picture["right"] <= page.viewport_size["width"], picture
        assert picture["width"] >= 300, picture


def test_the_front_page_has_the_forecast_beside_its_code_or_below(page, address):
    page.goto(address + "index.html", wait_until="load")
    code = page.locator(".front pre")
    assert "from_backtest" in code.inner_text()
    code, picture = code.bounding_box(), page.locator(".front img").bounding_box()
    if page.viewport_size["width"] == max(WIDTHS):
        assert picture["x"] >= code["x"] + code["width"]
        assert picture["y"] < code["y"] + code["height"]
    else:
        assert picture["y"] >= code["y"] + code["height"]


def test_text_is_large_enough_to_read(page, address):
    for name in pages():
        page.goto(address + name, wait_until="load")
        sizes = page.eval_on_selector_all(
            "article p, article li, article pre, article td",
            "all => all.filter(e => e.offsetParent && e.innerText.trim() && "
            "!e.closest('.sk-top-container')).map(e => parseFloat(getComputedStyle(e).fontSize))",
        )
        assert min(sizes, default=16) >= 12, name


def test_the_search_finds_a_class(page, address, problems):
    page.goto(f"{address}search.html?q=SequenceWindower", wait_until="load")
    page.wait_for_selector("#search-results ul.search li a", timeout=10_000)
    found = page.eval_on_selector_all(
        "#search-results ul.search li a", "all => all.map(a => a.innerText)"
    )
    assert any("SequenceWindower" in text for text in found)
    assert problems == []


def test_a_diagram_shows_the_shapes(page, address):
    page.goto(address + "auto_guide/start.html", wait_until="load")
    captions = page.eval_on_selector_all(
        ".sk-top-container .caption", "all => all.map(e => e.innerText)"
    )
    assert any(re.fullmatch(r"\(n, \d+\) → \(n, \d+, \d+\)", text) for text in captions)


def test_the_menu_of_versions_lists_those_of_the_file(page, address, problems):
    listed = json.loads((ROOT / "docs" / "_static" / "switcher.json").read_text("utf-8"))
    page.goto(address + "auto_guide/start.html", wait_until="load")
    page.wait_for_selector(".version-switcher__menu a", state="attached")
    # The theme has one menu in the header, and one in the panel of a narrow window.
    menus = page.eval_on_selector_all(
        ".version-switcher__menu",
        "all => all.map(menu => [...menu.querySelectorAll('a')].map(a => [a.innerText, a.href]))",
    )
    expected = [
        [one["name"], f"{address}{one['url'].lstrip('/')}auto_guide/start.html"] for one in listed
    ]
    assert len(menus) == 2
    assert all(menu == expected for menu in menus)
    assert problems == []


def links(html):
    return re.findall(r"<a\s[^>]*?href=\"([^\"]*)\"", html)


def anchors(html):
    return set(re.findall(r"\sid=\"([^\"]+)\"", html))


def test_no_link_is_broken():
    texts = {name: (SITE / name).read_text(encoding="utf-8") for name in pages()}
    broken = []
    for name, html in texts.items():
        for link in links(html):
            target, anchor = urldefrag(urljoin(name, link))
            if urlsplit(target).scheme:
                continue
            path = SITE / unquote(urlsplit(target).path or name)
            if not path.is_file():
                broken.append(f"{name}: {link}")
            elif anchor and path.suffix == ".html":
                html_there = texts.get(path.relative_to(SITE).as_posix()) or path.read_text("utf-8")
                if unquote(anchor) not in anchors(html_there):
                    broken.append(f"{name}: {link}")
    assert broken == []
