"""The pages of things in a real browser: legible at two widths, and nothing from elsewhere.

`BROWSER_PICTURES=<folder>` keeps a picture of each page at both widths.
"""

import json
import os
from pathlib import Path

import httpx
import pytest
from test_browser import NARROW, PALE, UNLABELLED, WIDE, find, one, start

pytestmark = pytest.mark.browser

TERMS = "https://w3id.org/contested-kg/ontology/"
PAGES = {
    "person": "/id/altaf-hussain.html",
    "claim": "/claim/operation-clean-up-2/053-01.html",
    "passage": "/passage/operation-clean-up-2/053.html",
    "document": "/document/operation-clean-up-2.html",
    "term": "/ontology/heldPost.html",
    "ontology": "/ontology.html",
    "guide": "/guide.html",
    "example": "/example/who-commanded.html",
    "missing": "/id/altaf-husain",
}


@pytest.fixture(scope="module")
def driver(tmp_path_factory: pytest.TempPathFactory):
    running = start(tmp_path_factory.mktemp("profile"))
    yield running
    running.quit()


@pytest.fixture(scope="module")
def addresses(endpoint: httpx.Client) -> dict[str, str]:
    """Return the address of a page of each kind; the dispute with the most positions is one."""
    query = (f"SELECT ?d (COUNT(*) AS ?n) {{ ?d <{TERMS}position> ?p }}"
             " GROUP BY ?d ORDER BY DESC(?n) ?d LIMIT 1")  # fmt: skip
    rows = endpoint.get("/sparql", params={"query": query}, headers={"accept": "text/csv"})
    dispute = rows.text.split()[1].split(",")[0].removeprefix(TERMS.removesuffix("ontology/"))
    root = str(endpoint.base_url).rstrip("/")
    return {name: root + path for name, path in (PAGES | {"dispute": f"/{dispute}.html"}).items()}


def skipped(levels: list[str]) -> list[tuple[str, str]]:
    """Return the headings that leave out a level above them."""
    pairs = zip(["h0", *levels], levels, strict=False)
    return [(above, below) for above, below in pairs if int(below[1]) > int(above[1]) + 1]


@pytest.mark.parametrize("size", [WIDE, NARROW])
@pytest.mark.parametrize("name", [*PAGES, "dispute"])
def test_a_page_can_be_read(driver, addresses, name: str, size: tuple[int, int]) -> None:
    """No sideways scrolling, names on all links, contrast, headings in order, own files only."""
    driver.get_log("browser")
    driver.get_log("performance")
    driver.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": size[0], "height": size[1], "deviceScaleFactor": 1, "mobile": False},
    )
    driver.get(addresses[name])
    widths = driver.execute_script("return [document.documentElement.scrollWidth, innerWidth]")
    assert widths[0] <= widths[1]
    assert driver.execute_script(UNLABELLED) == []
    assert driver.execute_script(PALE) == []
    levels = [each.tag_name for each in find(driver, "h1, h2, h3, h4")]
    assert levels.count("h1") == 1
    assert skipped(levels) == []
    ids = [each.get_attribute("id") for each in find(driver, "main [id]")]
    assert len(set(ids)) == len(ids)
    if folder := os.environ.get("BROWSER_PICTURES"):
        driver.save_screenshot(str(Path(folder) / f"{name}-{size[0]}.png"))
    messages = [json.loads(each["message"])["message"] for each in driver.get_log("performance")]
    asked = [each["params"]["request"]["url"] for each in messages
             if each["method"] == "Network.requestWillBeSent"]  # fmt: skip
    root = addresses[name].split("/", 3)[:3]
    assert len(asked) > 2
    own = [url for url in asked if not url.startswith(("data:", "chrome"))]
    assert [url for url in own if url.split("/", 3)[:3] != root] == []
    complaints = [each["message"] for each in driver.get_log("browser")]
    assert [each for each in complaints if name != "missing" or "404" not in each] == []


def test_headings_that_skip_a_level_are_found() -> None:
    assert skipped(["h1", "h2", "h4", "h2"]) == [("h2", "h4")]
    assert skipped(["h2"]) == [("h0", "h2")]


def test_by_keyboard_from_a_person_to_the_claim(driver, addresses) -> None:
    from selenium.webdriver.common.keys import Keys

    driver.get(addresses["person"])
    driver.switch_to.active_element.send_keys(Keys.TAB)
    assert driver.switch_to.active_element.text == "Skip to the content"
    find(driver, ".jump a")[0].send_keys(Keys.ENTER)
    assert "#" in driver.current_url
    find(driver, ".voice .source a[href*='/claim/']")[0].send_keys(Keys.ENTER)
    assert "/claim/" in driver.current_url
    assert one(driver, "h1").text.startswith("Claim ")
    assert find(driver, ".spoken")


def test_the_positions_of_a_dispute_stand_side_by_side(driver, addresses) -> None:
    driver.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": WIDE[0], "height": WIDE[1], "deviceScaleFactor": 1, "mobile": False},
    )
    driver.get(addresses["dispute"])
    first, second = find(driver, ".positions .panel")[:2]
    assert first.location["y"] == second.location["y"]
    assert abs(first.size["width"] - second.size["width"]) < 2
