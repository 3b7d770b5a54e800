from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from rehearsal.report import page
from tests.rehearsal.documents import NEW, OLD, document, step

FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def test_the_page_asks_for_nothing_from_outside() -> None:
    shown = page(document())
    assert "default-src 'none'" in shown
    assert "http://" not in shown
    assert "https://" not in shown
    assert "<script" not in shown


def test_what_comes_from_the_cloud_or_the_engine_is_shown_as_text() -> None:
    failed = step("one", 0, 1, ok=False, reason="<img src=x>", output=["<script>alert(1)</script>"])
    shown = page(document(ok=False, steps=[failed, step("two", 1, 2, notes=["a <b>note</b>"])]))
    assert "&lt;img src=x&gt;" in shown
    assert "<img" not in shown
    assert "<script" not in shown
    assert "a &lt;b&gt;note&lt;/b&gt;" in shown


def test_an_image_is_shown_with_what_it_was_built_from_and_named_in_the_legend() -> None:
    image = {
        "image": NEW, "recipe": "service", "hash": "0123456789abcdef", "commit": "f0528c0ac003aaaabbbb-dirty",
        "parent": "ami-33333333", "tests": "passed", "findings": "critical=0 <b>",
        "regions": {"eu-west-1": NEW},
    }  # fmt: skip
    told = document()
    told["steps"][2]["images"] = [image]
    shown = page(told)
    row = re.search(rf'<tr data-built="{NEW}">(.*?)</tr>', shown)
    assert row is not None
    assert re.findall(r"<td>(?:<code>)?(.*?)(?:</code>)?</td>", row[1]) == [
        NEW, "service 0123456789abcdef", "f0528c0ac003, changed since", "ami-33333333", "passed",
        "critical=0 &lt;b&gt;", "eu-west-1",
    ]  # fmt: skip
    assert f"<code>{NEW}</code> service 0123456789abcdef</li>" in shown
    assert f"<code>{OLD}</code> </li>" in shown
    assert page(document()).count("data-built") == 0


def test_a_failed_rehearsal_leads_with_its_step_and_reason() -> None:
    failed = step("prod-up", 0, 1, ok=False, reason="the refresh rolled back", output=["last line"])
    shown = page(document(ok=False, steps=[failed], not_run=["rollback"]))
    assert "<title>Rehearsal failed</title>" in shown
    assert "The step <code>prod-up</code> failed: the refresh rolled back" in shown
    assert "<pre>last line</pre>" in shown
    assert "0 of 2" in shown
    assert '<code class="name">rollback</code><span class="state">not run</span>' in shown


def test_a_rehearsal_that_never_had_a_server_has_a_page_too() -> None:
    shown = page(document(ok=False, fleet=[], steps=[step("image", 0, 0, ok=False, reason="no")]))
    assert "No server came into service." in shown


def test_a_preview_tells_what_it_would_do_and_is_not_counted_as_a_change() -> None:
    planned = step("prod-preview", 0, 1, changes={"create": 71}, operations=[{"operation": "preview"}])
    shown = page(document(steps=[planned]))
    assert "<b>+71</b> to create" in shown
    assert "<dt>Changes</dt><dd>0</dd>" in shown


def test_a_changed_line_of_configuration_is_shown_as_a_diff() -> None:
    assert (
        '<li class="diff removed"><span>Pulumi.prod.yaml</span><code>- immutable:imageId: a</code></li>'
        in page(document())
    )


def test_days_that_pass_at_once_do_not_press_the_pictures_together() -> None:
    week = 604_800
    rotation = step("rotation", 400, 700 + week)
    told = document(steps=[*document()["steps"], rotation], leaps=[{"at": 450, "seconds": week}])
    shown = page(told)
    assert f'data-seconds="{week}"' in shown
    assert "<dt>In the cloud</dt><dd>7 days 0 h</dd>" in shown
    widths = re.findall(r'width="([\d.]+)%".*?data-from="(\d+)" data-to="(\d+)"', shown)
    assert ("200", "300") in {(begin, end) for _, begin, end in widths}
    assert all(float(width) > 5 for width, *_ in widths)


def test_types_that_are_only_recorded_are_named() -> None:
    assert "Recorded, but not emulated: <code>aws:backup/plan:Plan</code>" in page(document())
    assert "Recorded" not in page(document(recorded=[]))


def test_a_step_that_was_left_out_says_why() -> None:
    shown = page(document(steps=[step("destroy", 0, 0, skipped="the cloud is kept")]))
    assert "left out" in shown
    assert "the cloud is kept" in shown


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Debian's Chromium without a window, with a folder of its own."""
    driver, chromium = shutil.which("chromedriver"), shutil.which("chromium")
    if not driver or not chromium:
        pytest.skip("needs a browser: chromium and chromedriver")
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        for flag in (*FLAGS, f"--user-data-dir={profile}"):
            options.add_argument(flag)
        opened = webdriver.Chrome(options=options, service=webdriver.ChromeService(driver))
        try:
            yield opened
        finally:
            opened.quit()


def resize(browser: Any, width: int, scheme: str = "light") -> None:
    size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})


@pytest.fixture
def opened(browser: Any, tmp_path: Path) -> Any:
    """The page of the small document, in a browser."""
    file = tmp_path / "report.html"
    file.write_text(page(document()))
    browser.get_log("performance")
    browser.get_log("browser")
    resize(browser, 1000)
    browser.get(file.as_uri())
    return browser


def elements(browser: Any, selector: str) -> list[Any]:
    return list(browser.find_elements("css selector", selector))


def test_a_browser_shows_the_steps_in_order(opened: Any) -> None:
    shown = [each for each in elements(opened, "li.step") if each.is_displayed()]
    assert [each.get_attribute("data-step") for each in shown] == ["staging-up", "promote", "new-image"]
    assert "Title of promote" in shown[1].text
    assert "~1 updated" in shown[2].text


def test_a_browser_draws_each_fleet_with_its_images_and_counts(opened: Any) -> None:
    def drawn(environment: str) -> list[tuple[str, int]]:
        areas = elements(opened, f'svg[data-environment="{environment}"] .area')
        return [(a.get_attribute("data-image"), int(a.get_attribute("data-in-service"))) for a in areas]

    assert drawn("staging") == [(OLD, 2), (OLD, 2), (NEW, 1), (NEW, 2)]
    assert drawn("prod") == [(OLD, 3)]


def test_a_browser_gives_an_area_the_height_of_its_count(opened: Any) -> None:
    one, two = (
        elements(opened, f'svg[data-environment="staging"] .area[data-image="{NEW}"]')[index].rect
        for index in (0, 1)
    )
    assert two["height"] == pytest.approx(2 * one["height"], abs=1.5)
    # One more server on top of two old ones; then two, down where those were.
    assert one["y"] + one["height"] == pytest.approx(two["y"], abs=1.5)


def test_a_browser_finds_no_error_and_asks_for_no_other_file(opened: Any) -> None:
    assert opened.get_log("browser") == []
    asked = [
        entry["message"]
        for entry in opened.get_log("performance")
        # A browser that has just started still loads a page of its own.
        if '"Network.requestWillBeSent"' in entry["message"] and "chrome://" not in entry["message"]
    ]
    others = [message for message in asked if "report.html" not in message and '"url":"data:' not in message]
    assert asked
    assert others == []


@pytest.mark.parametrize("width", [320, 1000])
def test_the_page_is_no_wider_than_the_screen(opened: Any, width: int) -> None:
    resize(opened, width)
    assert opened.execute_script("return document.documentElement.scrollWidth") <= width


def test_no_moment_on_an_axis_covers_another_on_a_narrow_screen(opened: Any) -> None:
    resize(opened, 320)
    shown = [each for each in elements(opened, 'svg[data-environment="prod"] .tick') if each.is_displayed()]
    edges = [(each.rect["x"], each.rect["x"] + each.rect["width"]) for each in shown]
    assert len(edges) == 3
    assert all(right < left for (_, right), (left, _) in pairwise(edges))


def test_a_dark_screen_gets_a_dark_page(opened: Any) -> None:
    def background() -> list[int]:
        colour = opened.execute_script("return getComputedStyle(document.body).backgroundColor")
        return [int(part) for part in colour.removeprefix("rgb(").rstrip(")").split(",")]

    assert min(background()) > 200
    resize(opened, 1000, "dark")
    assert max(background()) < 60


def test_an_area_tells_its_numbers_to_a_reader_who_does_not_see_it(opened: Any) -> None:
    area = elements(opened, 'svg[data-environment="prod"] .area title')[0]
    assert area.get_attribute("textContent") == f"{OLD}: 3 in service, 1:00 min to 6:40 min"
    assert elements(opened, "svg[role=img][aria-label]")
