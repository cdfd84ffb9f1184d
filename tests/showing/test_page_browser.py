"""The page in a real browser: everything a reader does, by pointer, by keyboard and by link, with no error in
the console and no request to anywhere."""

import shutil

import pytest

from sce.grids.datasets import Dataset
from sce.showing.page import document, pairs
from tests.showing.page_study import HUGE, MARKUP, WEATHER, made_study

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium: apt-get install chromium"),
]
api = pytest.importorskip("playwright.sync_api", reason="no Playwright: pip install playwright")


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    folder = tmp_path_factory.mktemp("page")
    study = made_study(folder / "study")
    document.write(study, folder / "report.html", folder / "report_conversations")
    document.write(study, folder / "large.html", folder / "large_conversations", limit=1000)
    return folder / "report.html"


@pytest.fixture(scope="module")
def browser():
    with api.sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield found
        found.close()


@pytest.fixture
def open_page(browser, report):
    """Opens the page at a fragment; at the end nothing may have been logged, requested or run."""
    contexts, wrong = [], []

    def opened(fragment="", path=None, **options):
        context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}, **options})
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: wrong.append(f"console: {message.text}"))
        page.on("pageerror", lambda error: wrong.append(f"error: {error}"))
        page.on(
            "request",
            lambda request: wrong.append(f"request: {request.url[:200]}") if asks(request) else None,
        )
        page.goto(f"file://{path or report}{fragment}")
        page.wait_for_selector("html[data-ready]")
        return page

    def asks(request):
        figure = request.url.startswith("data:image/svg+xml;base64,") and request.resource_type == "image"
        return not figure and (
            not request.url.startswith(("file://", "data:,")) or request.resource_type != "document"
        )

    yield opened
    for context in contexts:
        for page in context.pages:
            assert page.evaluate("window.hacked") is None
        context.close()
    assert [line for line in wrong if not line.startswith("request: data:,")] == []


def test_it_says_what_each_model_did(open_page):
    page = open_page()
    cards = page.locator(".cards li")
    assert cards.count() == 2
    assert cards.nth(0).locator("h3").text_content() == "plain: valid, but too far"
    assert "All of its 90 SCEs are valid" in cards.nth(0).inner_text()
    assert page.title() == document.TITLE


def test_a_table_sorts_by_its_columns_and_filters(open_page):
    page = open_page()
    table = page.locator("#scores .data-table").first
    body = table.locator("tbody tr")
    assert body.count() == 4  # validity: two models, two conditions
    table.get_by_label("score", exact=True).select_option("mean_distance")
    value = table.get_by_role("button", name="value")
    value.click()
    numbers = [float(row.locator("td").nth(5).inner_text()) for row in body.all()]
    assert numbers == sorted(numbers)
    assert table.locator("th[aria-sort=ascending]").count() == 1
    value.click()
    assert [float(row.locator("td").nth(5).inner_text()) for row in body.all()] == numbers[::-1]
    table.get_by_label("model", exact=True).select_option("hostile")
    assert body.count() == 2


def test_the_pictures_of_cards_are_as_wide_as_their_cards(open_page):
    page = open_page()
    inside = "canvas => canvas.parentElement.clientWidth - 32 - canvas.clientWidth"
    for width in (1600, 480, 1280):
        page.set_viewport_size({"width": width, "height": 900})
        page.wait_for_function(f"(({inside})(document.querySelector('canvas.thumb'))) === 0")


def test_the_keys_move_over_the_map_that_a_card_opens(open_page):
    page = open_page()
    page.get_by_role("button", name="See the boundary of hostile").click()
    page.wait_for_function("document.activeElement.className === 'map'")
    there = page.evaluate("scrollY")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    first, one_step_of_the_temperature = 0, WEATHER.size // len(WEATHER.features["temperature"].codes)
    assert page.url.endswith(f"#d=weather&m=hostile&c=minimal&p={first + one_step_of_the_temperature}")
    assert page.evaluate("scrollY") == there


def test_pointing_at_a_point_says_its_prediction_sce_and_verdict(open_page):
    page = open_page("#d=weather&m=plain&c=unconstrained")
    page.locator(".map").scroll_into_view_if_needed()
    box = page.locator(".map").bounding_box()
    found = set()
    for share in (0.25, 0.5, 0.75):
        page.mouse.move(box["x"] + box["width"] * share, box["y"] + 30)
        page.wait_for_timeout(60)
        found.add(page.locator(".details").inner_text())
    assert len(found) == 3
    assert all("Valid, but too far" in text or "Valid and minimal" in text for text in found)
    page.mouse.move(5, 5)
    page.wait_for_timeout(60)
    assert "arrow keys" in page.locator(".details").inner_text()


def test_the_keyboard_does_what_the_pointer_does(open_page):
    page = open_page("#d=weather&m=plain&c=minimal")
    page.locator(".map").focus()
    page.keyboard.press("ArrowRight")  # point 0
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowUp")
    assert "p=6" in page.url  # one temperature and one wind speed further
    assert "temperature 0, wind speed 10" in page.locator("[aria-live]").inner_text()
    page.keyboard.press("Enter")
    assert page.locator("dialog[open]").count() == 1
    page.keyboard.press("Escape")
    assert page.locator("dialog[open]").count() == 0
    page.locator(".map").focus()
    page.keyboard.press("Escape")
    assert "p=" not in page.url


def test_a_link_keeps_the_view(open_page):
    fragment = "#d=weather&m=hostile&c=minimal&m2=plain&c2=unconstrained&by=fate&hide=too_far&p=7"
    page = open_page(fragment)
    explorer = page.locator("#explorer")
    assert explorer.get_by_label("model", exact=True).input_value() == "hostile"
    assert explorer.get_by_label("compare with").input_value() == "plain"
    assert explorer.get_by_label("colour by").input_value() == "fate"
    assert not explorer.get_by_label("too far").is_checked()
    assert explorer.locator(".side").count() == 2
    explorer.get_by_label("its condition").select_option("minimal")
    assert "c2=minimal" in page.url
    page.evaluate("location.hash = 'd=weather&m=plain&c=minimal&p=3'")
    api.expect(explorer.locator(".side")).to_have_count(1)
    assert explorer.get_by_label("model", exact=True).input_value() == "plain"


def test_two_maps_have_one_cursor(open_page):
    page = open_page("#d=weather&m=plain&c=minimal&m2=plain&c2=unconstrained")
    page.locator(".map").first.scroll_into_view_if_needed()
    box = page.locator(".map").first.bounding_box()
    page.mouse.move(box["x"] + box["width"] * 0.4, box["y"] + 30)
    page.wait_for_timeout(60)
    sides = [page.locator(".details").nth(i).inner_text() for i in (0, 1)]
    assert "Valid and minimal" in sides[0]
    assert "Valid, but too far" in sides[1]


def test_colours_and_filters_change_the_map(open_page):
    page = open_page("#d=weather&m=plain&c=minimal")
    pixels = "document.querySelector('.map canvas').toDataURL()"
    seen = {page.evaluate(pixels)}
    for label, value in (("colour by", "probability"), ("colour by", "fate"), ("across", "wind_speed")):
        page.locator("#explorer").get_by_label(label).select_option(value)
        page.wait_for_timeout(80)
        seen.add(page.evaluate(pixels))
    page.locator("#explorer").get_by_label("minimal", exact=True).uncheck()
    page.wait_for_timeout(80)
    seen.add(page.evaluate(pixels))
    assert len(seen) == 5


def test_what_a_probability_is_from_is_said(open_page):
    page = open_page("#d=weather&m=plain&c=minimal&m2=hostile&c2=minimal&by=probability&p=40")
    sides = page.locator("#explorer .side")
    assert "Cold: certain" in sides.nth(0).inner_text()
    assert "by log-probabilities; the paler, the less sure" in sides.nth(0).inner_text()
    assert sides.nth(0).locator(".ramp").bounding_box()["width"] > 50
    assert "probability of “Warm”: 1)" in sides.nth(0).inner_text()
    assert "its colours are predictions" in sides.nth(1).inner_text()
    page.get_by_text("The same as a table").click()
    heads = page.locator(".points .data-table th")
    heads.first.wait_for()
    assert "probability of Warm" in [head.strip() for head in heads.all_inner_texts()]


def test_a_model_without_probabilities_is_coloured_by_its_predictions(open_page):
    page = open_page("#d=weather&m=hostile&c=minimal&by=probability")
    colours = page.locator("#explorer").get_by_label("colour by")
    assert colours.input_value() == "prediction"
    assert colours.locator("option").all_inner_texts() == ["prediction", "fate"]


def test_the_figures_and_tables_of_an_experiment_are_in_the_page(open_page):
    page = open_page()
    main, other = page.locator("details.experiment").all()
    shown = main.locator("img")
    api.expect(shown).to_have_count(2)  # its own, and that of one model
    api.expect(shown.first).to_have_js_property("naturalWidth", 324)
    assert "What main validity finds." in main.inner_text()
    main.get_by_label("main, model by model").select_option("landings: hostile on weather")
    assert "landings: hostile on weather. What weather landings finds." in main.inner_text()
    api.expect(shown.last).to_have_js_property("complete", True)
    main.get_by_text("Table: scores (16 rows)").click()
    assert "16 of 16 rows" in main.locator(".data-table").inner_text()
    assert other.locator("img").count() == 0  # nothing is opened before it is looked at
    other.locator("summary").first.click()
    api.expect(other.locator("img")).to_have_count(1)


def test_figures_that_do_not_fit_are_linked(open_page, report):
    page = open_page(path=report.with_name("large.html"))
    link = page.locator("#experiments").get_by_role("link", name="experiments/main/validity.svg")
    assert link.get_attribute("href") == "experiments/main/validity.svg"


def test_a_hostile_conversation_is_inert_text(open_page):
    page = open_page("#d=weather&m=hostile&c=minimal&p=4")
    page.get_by_role("button", name="Open the conversation").click()
    talk = page.locator("dialog .talk-body")
    talk.locator(".turn").nth(3).wait_for()
    text = talk.inner_text()
    assert MARKUP in text
    assert f"I think {MARKUP}" in text
    assert "⟨U+202E⟩" in text
    assert "You are <b>helpful</b>." in text
    assert "- The temperature (degrees Celsius) is: -5." in text
    assert talk.locator("img, script, b").count() == 0


def test_a_huge_reply_is_opened_on_demand(open_page):
    page = open_page("#d=weather&m=hostile&c=minimal&p=0")
    page.get_by_role("button", name="Open the conversation").click()
    more = page.get_by_role("button", name="Show all 2,0")
    more.wait_for()
    assert len(page.locator("dialog .talk-body").inner_text()) < 50_000
    more.click()
    assert page.evaluate("document.querySelector('dialog .talk-body').textContent.length") > HUGE


def test_a_failed_question_says_why(open_page):
    page = open_page("#d=weather&m=hostile&c=minimal&p=1")
    assert "request failed" in page.locator(".details").inner_text()
    page.get_by_role("button", name="Open the conversation").click()
    assert f"failed: 500: {MARKUP}" in page.locator("dialog .problem").inner_text()


def test_conversations_beside_the_page_open_from_it(open_page, report):
    page = open_page("#d=weather&m=hostile&c=minimal&p=4", path=report.with_name("large.html"))
    with page.context.expect_page() as opened:
        page.get_by_role("link", name="Open the conversation").click()
    other = opened.value
    other.wait_for_selector("html[data-ready]")
    assert MARKUP in other.locator("main").inner_text()
    assert other.get_by_label("point").input_value() == "4"


def test_the_table_of_points_holds_the_map(open_page):
    page = open_page("#d=weather&m=plain&c=unconstrained")
    page.get_by_text("The same as a table").click()
    table = page.locator(".points .data-table")
    table.wait_for()
    assert "25 of 45 rows" in table.inner_text()
    table.get_by_label("prediction").select_option("Warm")
    assert "25 of 25 rows" in table.inner_text()


def test_a_grid_too_large_for_a_map_is_said_to_be(open_page, tmp_path, monkeypatch):
    monkeypatch.setattr(pairs, "LARGEST", 44)
    document.write(made_study(tmp_path / "study"), tmp_path / "report.html", tmp_path / "beside")
    page = open_page(path=tmp_path / "report.html")
    assert "45 points are too many for this map" in page.locator(".side").inner_text()
    assert page.locator("#scores tbody tr").count() == 4


def test_pointing_costs_no_more_on_a_finer_grid(open_page, tmp_path):
    """Drawing what the cursor shows must not walk over the points: 74 times as many cost about the same."""
    fine = WEATHER.model_dump()
    fine["features"]["temperature"]["levels"]["step"] = 0.5
    fine["features"]["wind_speed"]["levels"]["step"] = 1
    document.write(
        made_study(tmp_path / "study", Dataset(**fine)), tmp_path / "fine.html", tmp_path / "beside"
    )
    coarse, finer = (pointing_ms(open_page(path=path)) for path in (None, tmp_path / "fine.html"))
    assert finer < 3 * coarse + 1


def pointing_ms(page):
    """The median time (ms) that the page works after a move of the pointer."""
    return page.evaluate(
        """async () => {
          const took = [];
          window.requestAnimationFrame = (draw) => setTimeout(() => {
            const begin = performance.now();
            draw();
            took.push(performance.now() - begin);
          });
          const map = document.querySelector(".map");
          const box = map.getBoundingClientRect();
          for (let i = 0; i < 60; i++) {
            const place = { clientX: box.x + box.width * (0.2 + i / 100), clientY: box.y + 20 + 2 * i };
            map.dispatchEvent(new PointerEvent("pointermove", place));
            await new Promise((done) => setTimeout(done, 4));
          }
          return took.sort((a, b) => a - b)[Math.floor(took.length / 2)];
        }"""
    )


def test_a_link_of_another_run_opens_all_the_same(open_page):
    page = open_page("#d=gone&m=nobody&c=odd&x=nothing&p=99999&hide=never&by=sound")
    assert page.locator("#explorer").get_by_label("dataset").input_value() == "weather"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_it_is_accessible_and_as_wide_as_the_screen(open_page, scheme, width):
    axe = pytest.importorskip(
        "axe_playwright_python.sync_playwright", reason="no axe-playwright-python"
    ).Axe()
    fragment = "#d=weather&m=plain&c=minimal&m2=hostile&c2=minimal&p=7"
    page = open_page(fragment, color_scheme=scheme, viewport={"width": width, "height": 844})
    page.get_by_text("The same as a table").click()
    page.locator(".points .data-table").wait_for()
    for closed in ("other 1 figure", "Table: scores"):
        page.locator("#experiments summary").filter(has_text=closed).click()
    page.locator("#experiments .data-table").wait_for()
    found = axe.run(page)
    assert found.response["violations"] == [], found.generate_report()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.get_by_role("button", name="Open the conversation").first.click()
    page.locator("dialog .turn").first.wait_for()
    found = axe.run(page)
    assert found.response["violations"] == [], found.generate_report()
