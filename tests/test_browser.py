"""The start page in a real browser, as a historian meets it, and as one without JavaScript does.

Needs Debian's `chromium` and `chromium-driver`, and the extra `browser` of this package.
`BROWSER_PICTURES=<folder>` keeps a picture of the page at two widths.
"""

import os
import re
import shutil
import urllib.parse
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from serving import CLAIMS, Server, serving

pytestmark = pytest.mark.browser

SECONDS = 30
WIDE, NARROW = (1280, 1100), (390, 844)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("browser"), CLAIMS, "claims.trig") as running:
        yield running


def start(folder: Path, scripts: bool = True):
    """Start a browser with a profile of its own."""
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium") or ""
    for each in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu",
                 f"--user-data-dir={folder}"):  # fmt: skip
        options.add_argument(each)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    if not scripts:
        options.add_experimental_option(
            "prefs", {"profile.managed_default_content_settings.javascript": 2}
        )
    driver = webdriver.Chrome(options, webdriver.ChromeService(shutil.which("chromedriver")))
    driver.set_page_load_timeout(SECONDS)
    return driver


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory):
    driver = start(tmp_path_factory.mktemp("profile"))
    yield driver
    driver.quit()


@pytest.fixture
def page(browser, server: Server):
    browser.get_log("browser")
    browser.get_log("performance")
    browser.set_window_size(*WIDE)
    browser.get(f"{server.url}/")
    until(lambda: find(browser, "#narrow label"))
    return browser


def find(driver, selector: str) -> list:
    return driver.find_elements("css selector", selector)


def one(driver, selector: str):
    (element,) = find(driver, selector)
    return element


def until(condition: Callable[[], object]) -> object:
    from selenium.common.exceptions import StaleElementReferenceException
    from selenium.webdriver.support.wait import WebDriverWait

    waiting = WebDriverWait(None, SECONDS, 0.05, [StaleElementReferenceException])
    return waiting.until(lambda _: condition())


def status(driver) -> str:
    return one(driver, "#status").text


def rows(driver) -> list[list[str]]:
    return [
        [cell.text for cell in row.find_elements("css selector", "td")]
        for row in find(driver, "#rows tbody tr")
    ]


def ask(driver, query: str) -> None:
    driver.execute_script(
        "document.getElementById('editor').open = true;"
        "document.getElementById('query').value = arguments[0];", query
    )  # fmt: skip
    one(driver, "button[type=submit]").click()


def test_a_question_is_one_click(page) -> None:
    one(page, "a[data-name=who-commanded]").click()
    until(lambda: status(page) == "2 rows.")
    assert one(page, "#ask-title").text == "Who commanded what, and when"
    assert "family :commanded" in one(page, "#query").get_attribute("value")
    ada, bert = rows(page)
    assert ada[0].startswith("A book says that: Ada Stone chaired Spring meeting")
    assert ada[1:4] == ["Ada Stone", "chaired", "Spring meeting"]
    assert bert[1] == "Bert Field"
    assert "the document" in ada
    assert "A book" in ada
    head = [cell.text for cell in find(page, "#rows th")]
    assert head[:4] == ["in words", "who", "predicate", "what"]
    assert "claim" not in head
    assert "ask=who-commanded" in page.current_url


def test_fields_narrow_a_question(page) -> None:
    one(page, "a[data-name=who-commanded]").click()
    until(lambda: status(page) == "2 rows.")
    field = one(page, "#narrow-who")
    field.send_keys("bert field\n")
    until(lambda: status(page) == "1 row.")
    assert rows(page)[0][1] == "Bert Field"
    assert "<https://w3id.org/contested-kg/id/bert>" in one(page, "#query").get_attribute("value")
    page.refresh()
    until(lambda: status(page) == "1 row.")
    assert one(page, "#narrow-who").get_attribute("value") == "Bert Field"
    one(page, "#narrow-who").send_keys(" of Nowhere\t")
    assert not page.execute_script("return document.getElementById('ask').checkValidity()")


def test_an_address_narrows_by_names_and_identifiers_or_does_not_ask(browser, server) -> None:
    for who in ("Bert%20Field", "bert-field", "bert"):
        browser.get(f"{server.url}/?ask=who-commanded&who={who}")
        until(lambda: status(browser) == "1 row.")
    browser.get(f"{server.url}/?ask=who-commanded&who=nobody")
    until(lambda: find(browser, "#narrow-who:invalid"))
    assert status(browser) == ""
    assert rows(browser) == []


@pytest.mark.parametrize(
    ("question", "field", "value", "fits"),
    [
        ("who-commanded", "who", "Ada Stone", True),
        ("who-held-post", "post", "Ada Stone", False),  # a thing, but no post
        ("casualties", "status", "ruled out", True),
        ("casualties", "status", "sure", False),
    ],
)
def test_a_field_takes_what_its_parameter_may_be(page, question, field, value, fits) -> None:
    one(page, f"a[data-name={question}]").click()
    until(lambda: find(page, f"#narrow-{field}"))
    one(page, f"#narrow-{field}").send_keys(f"{value}\t")
    valid = f"return document.getElementById('narrow-{field}').checkValidity()"
    assert page.execute_script(valid) is fits


def test_an_entity_leads_to_its_page(page) -> None:
    one(page, "a[data-name=who-commanded]").click()
    until(lambda: status(page) == "2 rows.")
    page.find_element("link text", "Bert Field").click()
    until(lambda: page.current_url.endswith("/id/bert.html"))
    assert one(page, "h1").text == "Bert Field"
    assert "is reported to allege that" in one(page, ".claims").text
    page.back()
    until(lambda: status(page) == "2 rows.")


def test_an_error_is_a_sentence_and_its_place_is_marked(page) -> None:
    ask(page, "SELECT *\n{ ?s ex:p ?o }")
    failure = one(page, "#failure")
    until(failure.is_displayed)
    assert failure.text == "Line 2, column 6: the prefix ex: is not declared."
    assert failure.get_attribute("role") == "alert"
    assert page.execute_script("return document.activeElement.id") == "query"
    assert page.execute_script("return document.getElementById('query').selectionStart") == 14
    ask(page, "INSERT DATA {}")
    until(lambda: "read-only" in one(page, "#failure").text)
    ask(page, "ASK {}")
    until(lambda: status(page) == "Answered.")
    assert not one(page, "#failure").is_displayed()
    assert one(page, ".verdict").text == "Yes"


def test_a_long_query_can_be_stopped(page) -> None:
    ask(
        page,
        "SELECT (COUNT(*) AS ?n) "
        "{ ?a ?b ?c . ?d ?e ?f . ?g ?h ?i . ?j ?k ?l . ?m ?o ?p . ?q ?r ?s . ?t ?u ?v }",
    )
    stop = one(page, "#stop")
    until(stop.is_displayed)
    stop.click()
    until(lambda: status(page) == "Stopped.")


def test_a_graph_is_shown_and_offered(page) -> None:
    ask(page, "DESCRIBE <https://w3id.org/contested-kg/id/ada>")
    until(lambda: status(page) == "The answer is a graph.")
    assert "Ada Stone" in one(page, "#rows pre").text
    assert [link.text for link in find(page, "#downloads a")] == ["Turtle", "JSON-LD", "N-Triples"]


def test_downloads_are_links_that_work_anywhere(page) -> None:
    import httpx

    ask(
        page,
        "SELECT ?name { ?s <http://www.w3.org/2000/01/rdf-schema#label> ?name } ORDER BY ?name",
    )
    until(lambda: status(page) == "7 rows.")
    links = {link.text: link.get_attribute("href") for link in find(page, "#downloads a")}
    assert list(links) == ["CSV", "JSON", "TSV", "XML"]
    assert httpx.get(links["CSV"]).text.splitlines()[:4] == [
        "name", "A book", "A book says that: Ada Stone chaired Spring meeting", "Ada Stone",
    ]  # fmt: skip
    assert len(httpx.get(links["JSON"]).json()["results"]["bindings"]) == 7


def test_nothing_comes_from_elsewhere_and_nothing_is_complained_about(page, server: Server) -> None:
    import json

    one(page, "a[data-name=who-commanded]").click()
    until(lambda: status(page) == "2 rows.")
    messages = [json.loads(each["message"])["message"] for each in page.get_log("performance")]
    asked = [
        each["params"]["request"]["url"]
        for each in messages
        if each["method"] == "Network.requestWillBeSent"
    ]
    assert len(asked) > 5
    assert {url for url in asked if not url.startswith((server.url, "data:", "chrome"))} == set()
    assert [each["message"] for each in page.get_log("browser")] == []


UNLABELLED = """
const named = (e) => e.labels?.length || e.getAttribute("aria-label") || e.textContent.trim();
return [...document.querySelectorAll("input, select, textarea, button, a, summary")]
  .filter((e) => !named(e)).map((e) => e.outerHTML);
"""
PALE = """
const light = (c) =>
  c / 255 <= 0.03928 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4;
const parts = (text) => text.match(/[0-9.]+/g).map(Number);
const luminance = ([r, g, b]) => 0.2126 * light(r) + 0.7152 * light(g) + 0.0722 * light(b);
function behind(e) {
  for (; e; e = e.parentElement) {
    const found = parts(getComputedStyle(e).backgroundColor);
    if (found.length === 3 || found[3] > 0) return found;
  }
  return [255, 255, 255];
}
return [...document.querySelectorAll("body *")].filter((e) =>
  [...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim()) && e.checkVisibility())
  .filter((e) => {
    const pair = [luminance(parts(getComputedStyle(e).color)), luminance(behind(e))];
    const [one, other] = pair.sort((a, b) => b - a);
    return (one + 0.05) / (other + 0.05) < 4.5;
  }).map((e) => e.outerHTML.slice(0, 120));
"""


@pytest.mark.parametrize("size", [WIDE, NARROW])
def test_it_can_be_read_and_used(page, size: tuple[int, int]) -> None:
    """No sideways scrolling, a label on every control, WCAG AA contrast, headings in order."""
    page.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": size[0], "height": size[1], "deviceScaleFactor": 1, "mobile": False},
    )
    try:
        ask(page, "SELECT * { ?claim ?property ?value }")
        until(lambda: status(page) == "29 rows.")
        widths = page.execute_script("return [document.documentElement.scrollWidth, innerWidth]")
        assert widths[0] <= widths[1]
        assert page.execute_script(UNLABELLED) == []
        assert page.execute_script(PALE) == []
        assert [each.tag_name for each in find(page, "h1, h2, h3")] == ["h1", "h2", "h2", "h2"]
        if folder := os.environ.get("BROWSER_PICTURES"):
            page.save_screenshot(str(Path(folder) / f"start-{size[0]}.png"))
    finally:
        page.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


# Cells of an answer that reach out of it, and points of its first row where something else lies.
HIDDEN = """
const box = document.querySelector("#rows").getBoundingClientRect();
const wide = [...document.querySelectorAll("#rows td, #rows td *")].filter(
  (each) => each.getBoundingClientRect().right > box.right + 1).map((each) => each.textContent);
const row = document.querySelector("#rows tbody tr");
row.scrollIntoView();
const area = row.getBoundingClientRect(), covered = [];
for (let x = area.left + 2; x < area.right; x += 12)
  for (let y = area.top + 2; y < Math.min(area.bottom, innerHeight); y += 6)
    if (!row.contains(document.elementFromPoint(x, y))) covered.push([x, y]);
return [wide, covered];
"""


def test_an_answer_of_many_columns_is_whole_on_a_narrow_screen(page) -> None:
    """The head of the table lies over nothing, and long identifiers break."""
    page.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": NARROW[0], "height": NARROW[1], "deviceScaleFactor": 1, "mobile": False},
    )
    try:
        names = " ".join(f"?columnOfAnAnswer{number}" for number in range(20))
        cells = " ".join(f"<urn:{'x' * 60}>" for _ in range(20))
        ask(page, f"SELECT * {{ VALUES ({names}) {{ ({cells}) }} }}")
        until(lambda: status(page) == "1 row.")
        assert page.execute_script(HIDDEN) == [[], []]
        page.execute_script(
            "document.querySelector('#rows thead').style ="
            "'left: 0; width: auto; height: 2rem; clip-path: none';"
            "document.querySelector('#rows td').style.overflowWrap = 'normal';"
        )
        wide, covered = page.execute_script(HIDDEN)
        assert wide
        assert covered
    finally:
        page.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_by_keyboard_alone(page) -> None:
    from selenium.webdriver.common.keys import Keys

    page.switch_to.active_element.send_keys(Keys.TAB)
    assert page.switch_to.active_element.text == "Skip to the query"
    ask(page, "ASK { ?s ?p 1 }")
    until(lambda: status(page) == "Answered.")
    box = one(page, "#query")
    box.clear()
    box.send_keys("SELECT (1 AS ?one) {}")
    box.send_keys(Keys.CONTROL, Keys.ENTER)
    until(lambda: status(page) == "1 row.")


def test_without_javascript(server: Server, tmp_path: Path) -> None:
    driver = start(tmp_path, scripts=False)
    try:
        driver.get(f"{server.url}/")
        link = one(driver, "a[data-name=who-commanded]")
        assert one(driver, "#format").is_displayed()
        assert not one(driver, "#own").is_displayed()
        link.click()
        shown = one(driver, "#query").get_attribute("value")
        assert "family :commanded" in shown
        box = one(driver, "#query")
        box.clear()
        box.send_keys("SELECT ?o { <https://w3id.org/contested-kg/id/ada> ?p ?o }")
        driver.find_element("css selector", "#format option[value=xml]").click()
        one(driver, "button[type=submit]").click()
        until(lambda: "as=xml" in driver.current_url or "as=xml" in last_request(driver))
        address = last_request(driver)
        assert urllib.parse.urlsplit(address).path == "/sparql"
    finally:
        driver.quit()
    import httpx

    assert re.search("Ada Stone", httpx.get(address, headers={"accept": "text/html"}).text)


def last_request(driver) -> str:
    """Return the address that the form was sent to; a browser may download the answer."""
    import json

    for each in driver.get_log("performance"):
        message = json.loads(each["message"])["message"]
        url = message.get("params", {}).get("request", {}).get("url", "")
        if message["method"] == "Network.requestWillBeSent" and "/sparql?" in url:
            seen.append(url)
    return seen[-1] if seen else ""


seen: list[str] = []
