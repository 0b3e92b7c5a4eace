"""All sets in the page: what is shown of them, finding one, keys, many of them, a phone's width."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from unbake.report.view import Entry, Left, Page, html

MANY = 2000
FIRST_CARD = 2.0
"""Seconds to the first card of that many sets on two cores that do nothing else."""


@pytest.fixture(scope="module")
def many(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of 2 000 sets, every tenth doubtful and first, every fifth with a warning, half of them metal."""
    sets = [
        Entry(
            key=f"key{number}",
            name=f"architecture/hall{number // 10:03}/wall{number:04}",
            headline="All metal — name 'steel' says metal." if number % 2 else "The picture alone decided.",
            reasons=["Metal: 90 % — name 'steel' says metal."] if number % 2 else [],
            confidence=0.4 if number % 10 == 0 else 0.9,
            doubtful=number % 10 == 0,
            warnings=["The normal map is nearly flat."] if number % 5 == 0 else [],
        )
        for number in sorted(range(MANY), key=lambda number: number % 10 > 0)
    ]
    left = [Left(f"actors/face{number}", "Faces are left alone.") for number in range(100)]
    page = Page(
        kind="conversion", title="many", made="unbake", rules="unbake.toml", sets=sets,
        mod=["painted 0.9 stops dark (from 45 textures)"],
        failed=[Left("broken/<b>", "Its header is damaged & cut off.")], skipped=left,
    )  # fmt: skip
    path = tmp_path_factory.mktemp("many") / "view.html"
    path.write_bytes(html(page))
    return path


@pytest.fixture
def gallery(tab, many: Path):
    """That page in a new tab."""

    def open_gallery(**options):
        made = tab(**options)
        made.open(many)
        return made.page

    return open_gallery


FRAME = "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"


def names(page) -> list[str]:
    """The names on the cards, in their order."""
    return page.locator("#sets strong").all_inner_texts()


class TestFinding:
    def test_every_set_of_a_conversion_is_there_with_its_pictures(self, tab, out: Path):
        page = tab().open(out / "view.html")
        page.wait_for_function("[...document.images].every(one => one.complete)")
        sizes = page.evaluate("[...document.images].map(one => one.naturalWidth)")
        assert (page.locator("#sets li").count(), page.locator("#count").inner_text()) == (4, "4 sets")
        assert (len(sizes), min(sizes) > 0) == (8, True)

    def test_every_word_of_the_search_must_be_found(self, gallery: Callable):
        page = gallery()
        page.fill("#search", "hall042 STEEL 7")
        assert names(page) == ["architecture/hall042/wall0427"]
        assert page.locator("#count").inner_text() == f"1 of {MANY} sets"

    def test_the_painter_s_level_is_told_at_the_top(self, gallery: Callable):
        assert "painted 0.9 stops dark" in gallery().locator("#gallery").inner_text()

    def test_a_search_for_what_is_not_there_says_so(self, gallery: Callable):
        page = gallery()
        page.fill("#search", "nothing of the kind")
        assert (names(page), page.locator("#count").inner_text()) == ([], f"0 of {MANY} sets")

    def test_sets_to_look_at_are_shown_alone(self, gallery: Callable):
        page = gallery()
        told = []
        for shown in ("doubtful", "warnings", "all"):
            page.select_option("#shown", shown)
            told.append(page.locator("#count").inner_text())
        assert told == [f"200 of {MANY} sets", f"400 of {MANY} sets", f"{MANY} sets"]

    def test_a_card_says_what_was_decided_and_why_and_no_figure_of_confidence(self, gallery: Callable):
        page = gallery()
        page.fill("#search", "hall042")
        cards = page.locator("#sets a").all_inner_texts()
        decided = [int(name[-1]) % 2 == 1 for name in names(page)]
        assert True in decided
        assert ["All metal — name 'steel' says metal." in card for card in cards] == decided
        assert not any("confiden" in card or "%" in card for card in cards)

    def test_a_card_says_why_to_look_at_it(self, gallery: Callable):
        page = gallery()
        page.fill("#search", "hall042")
        told = dict(zip(names(page), page.locator("#sets a").all_inner_texts(), strict=True))
        assert [name for name, text in told.items() if "Look at it" in text] == [
            "architecture/hall042/wall0420"
        ]
        assert "Look at it: The normal map is nearly flat." in told["architecture/hall042/wall0420"]

    def test_the_pictures_of_a_card_are_the_lit_set_before_and_after(self, tab, out: Path):
        page = tab().open(out / "view.html")
        sources = page.evaluate("[...document.images].map(one => one.getAttribute('src').split('/').pop())")
        assert sources == ["before.jpg", "after.jpg"] * 4

    def test_those_to_look_at_come_first_unless_names_are_asked_for(self, gallery: Callable):
        page = gallery()
        assert names(page)[:2] == ["architecture/hall000/wall0000", "architecture/hall001/wall0010"]
        page.select_option("#order", "name")
        assert names(page)[:2] == ["architecture/hall000/wall0000", "architecture/hall000/wall0001"]

    def test_failed_sets_are_listed_with_their_reason_as_text(self, gallery: Callable):
        page = gallery()
        page.select_option("#shown", "failed")
        assert "Its header is damaged & cut off. (1)\nbroken/<b>" in page.locator("#reasons").inner_text()

    def test_what_was_skipped_is_grouped_by_reason(self, gallery: Callable):
        page = gallery()
        page.select_option("#shown", "skipped")
        assert page.locator("#reasons summary").all_inner_texts() == ["Faces are left alone. (100)"]


class TestMany:
    def test_the_first_card_comes_soon(
        self, tab, many: Path, soon: Callable[[str, float, list[float]], None]
    ):
        seconds = []
        for _ in range(3):
            one = tab(viewport={"width": 1280, "height": 720})
            began = time.perf_counter()
            one.open(many).wait_for_selector("#sets li")
            seconds.append(time.perf_counter() - began)
        soon(f"first card of {MANY} sets", FIRST_CARD, seconds)

    def test_only_cards_near_the_window_exist_wherever_it_is(self, gallery: Callable):
        page = gallery()
        seen: list[str] = []
        for share in (0, 0.5, 1):
            page.evaluate("share => window.scrollTo(0, share * document.body.scrollHeight)", share)
            page.wait_for_function(
                "document.querySelector('#sets').getBoundingClientRect().bottom >= innerHeight - 100"
            )
            seen += names(page)
            assert 0 < page.locator("#sets li").count() <= 60
        assert len(set(seen)) == len(seen)  # other ones each time

    def test_the_whole_page_holds_few_elements(self, gallery: Callable):
        assert gallery().evaluate("document.querySelectorAll('*').length") < 1000


class TestKeys:
    def test_a_set_is_found_opened_and_left_by_keys_alone(self, tab, out: Path):
        one = tab()
        page = one.open(out / "view.html")
        page.keyboard.press("/")
        page.keyboard.type("dungeons")
        page.keyboard.press("Enter")
        first = page.evaluate("document.activeElement.querySelector('strong').textContent")
        page.keyboard.press("ArrowRight")
        second = page.evaluate("document.activeElement.querySelector('strong').textContent")
        assert {first, second} == {"dungeons/plate01", "dungeons/ruins/ruinsgate01"}
        page.keyboard.press("Enter")
        one.wait("ready")
        assert page.locator("#name").inner_text() == second
        page.keyboard.press("Escape")
        one.wait("gallery")
        assert page.evaluate("document.activeElement.querySelector('strong').textContent") == second

    def test_n_and_p_go_from_set_to_set(self, tab, out: Path):
        one = tab()
        page = one.open(out / "view.html")
        page.click("#sets a")
        one.wait("ready")
        place = page.locator("#place")
        told = [place.inner_text()]
        for key in "np":
            page.keyboard.press(key)
            page.wait_for_function(
                "old => document.querySelector('#place').textContent !== old", arg=told[-1]
            )
            one.wait("ready")
            told.append(place.inner_text())
        assert (told[0] != told[1], told[2]) == (True, told[0])

    def test_a_question_mark_shows_the_keys_and_escape_hides_them(self, gallery: Callable):
        page = gallery()
        page.keyboard.press("?")
        shown = page.locator("#help").is_visible()
        page.keyboard.press("Escape")
        assert (shown, page.locator("#help").is_visible()) == (True, False)

    def test_arrows_go_by_rows_as_the_cards_stand(self, gallery: Callable):
        page = gallery()
        page.locator("#sets a").first.focus()
        columns = page.evaluate(
            "getComputedStyle(document.querySelector('#sets')).gridTemplateColumns.split(' ').length"
        )
        page.keyboard.press("ArrowDown")
        assert page.evaluate("Number(document.activeElement.closest('li').dataset.place)") == columns

    def test_end_goes_to_the_last_of_all_sets(self, gallery: Callable):
        page = gallery()
        page.locator("#sets a").first.focus()
        page.keyboard.press("End")
        assert page.evaluate("Number(document.activeElement.closest('li').dataset.place)") == MANY - 1


PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
SIDEWAYS = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


class TestNarrow:
    def test_a_phone_shows_the_gallery_without_scrolling_sideways(self, gallery: Callable):
        page = gallery(**PHONE)
        assert page.evaluate(SIDEWAYS) == 0
        assert page.locator("#sets li").first.bounding_box()["width"] > 300

    def test_a_phone_shows_a_material_without_scrolling_sideways(
        self, tab, out: Path, key_of: Callable[[str], str]
    ):
        page = tab(**PHONE).open(out / "view.html", f"set={key_of('clutter/toolchest01')}")
        assert page.evaluate(SIDEWAYS) == 0
        assert page.locator("#stage").bounding_box()["height"] > 200

    def test_a_small_screen_shows_stage_and_controls_beside_each_other(
        self, tab, out: Path, key_of: Callable[[str], str]
    ):
        page = tab(viewport={"width": 1280, "height": 720}).open(
            out / "view.html", f"set={key_of('clutter/toolchest01')}"
        )
        stage, side = (page.locator(name).bounding_box() for name in ("#stage", "#side"))
        assert stage["x"] + stage["width"] <= side["x"] + 1
        assert page.evaluate("document.documentElement.scrollHeight") <= 720
        assert stage["width"] > 800
