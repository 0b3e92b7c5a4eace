from html.parser import HTMLParser

from unbake.domain.decision import Decision
from unbake.report.listing import to_review
from unbake.report.page import ModReport, SetReport, page


class Reader(HTMLParser):
    """Collects tags that stay open, image attributes and text."""

    def __init__(self):
        super().__init__()
        self.open, self.images, self.words = [], [], []

    def handle_starttag(self, tag, attrs):
        if tag == "img":
            self.images.append(dict(attrs))
        elif tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)


def read(results):
    reader = Reader()
    reader.feed(page(results))
    reader.close()
    assert reader.open == []
    return reader


DECIDED = Decision(
    metal=0.41, alone=0.0, by="companion", how="its environment mask marks the metal",
    because=("name 'dwarven' says metal",), level="painted 0.9 stops dark (from 45 textures)",
)  # fmt: skip

RESULTS = [
    SetReport(
        "clutter/pot",
        thumbnails={"diffuse": "report/clutter/pot/diffuse.jpg", "albedo": "report/clutter/pot/albedo.jpg"},
        classes={"metal": 0.93, "wood": 0.04},
        confidence=0.42,
        warnings=["AO is dark."],
        notes=["Resampled."],
        decided=DECIDED,
    ),
    SetReport("sky/clouds", "skipped", "part of the sky"),
    SetReport("sky/stars", "skipped", "part of the sky"),
    SetReport("broken", "failed", "broken.dds is empty; restore it from its source."),
]


def test_the_page_has_every_set_and_every_reason():
    text = " ".join(read(RESULTS).words)
    for expected in ("clutter/pot", "sky/clouds", "sky/stars", "part of the sky (2)", "broken.dds is empty"):
        assert expected in text


def test_the_page_has_warnings_notes_counts_and_metal_but_no_class():
    text = " ".join(read(RESULTS).words)
    assert "1 converted, 1 failed, 2 skipped; 1 to look at, which come first" in text
    assert "Confidence: 42%." in text
    assert "AO is dark." in text and "Resampled." in text
    assert "93%" not in text and "wood" not in text


def test_the_page_says_why_there_is_metal_and_how_bright_it_was_painted():
    words = read(RESULTS).words
    assert (
        "Metal: 41 % — its environment mask marks the metal; name 'dwarven' says metal. The picture alone said 0 %."
        in words
    )
    assert "Brightness: painted 0.9 stops dark (from 45 textures)." in words


def test_a_card_begins_with_before_and_after_and_what_was_decided():
    pictures = {name: f"report/pot/{name}.jpg" for name in ("before", "after", "ao")}
    html = page([SetReport("pot", thumbnails=pictures, confidence=0.3, decided=DECIDED)])
    said = "Partly metal (41 %) — its environment mask marks the metal."
    places = [html.index(part) for part in ("before.jpg", "after.jpg", said, "ao.jpg")]
    assert places == sorted(places)
    assert "Look at it." in html
    assert "Look at it." not in page([SetReport("pot")])


def test_the_page_tells_the_level_of_the_mod_and_patterns_without_a_texture():
    mod = ModReport("painted 0.9 stops dark (from 45 textures)", ("weapon/*",))
    reader = Reader()
    reader.feed(page([], mod=mod))
    text = " ".join(reader.words)
    assert "painted 0.9 stops dark (from 45 textures); --hint '*: painted=normal' overrides" in text
    assert "no texture matches the pattern 'weapon/*'" in text


def test_every_picture_has_an_alternative_text():
    assert [image["alt"] for image in read(RESULTS).images] == [
        "diffuse of clutter/pot",
        "albedo of clutter/pot",
    ]


def test_texts_from_outside_are_escaped_wherever_they_stand():
    evil = '"><script>alert(1)</script>'
    why = Decision(metal=0.0, alone=0.0, how=evil, because=(evil,), conflict=evil, level=evil)
    one = SetReport(evil, "converted", evil, {evil: evil}, {evil: 1.0}, 1.0, {evil: 1.0}, [evil], [evil], why)
    results = [one, SetReport(evil, "skipped", evil)]
    assert "<script" not in page(results, mod=ModReport(evil, (evil,)))
    assert evil in read(results).words


def test_paths_with_spaces_percents_and_umlauts_are_quoted():
    (image,) = read([SetReport("töpfe/50% #1", thumbnails={"ao": "report/töpfe/50% #1/ao.jpg"})]).images
    assert image["src"] == "report/t%C3%B6pfe/50%25%20%231/ao.jpg"


def test_sets_of_little_confidence_come_first():
    words = read([SetReport("a"), SetReport("b", confidence=0.3), SetReport("c", confidence=0.2)]).words
    assert [word for word in words if word in "abc"] == ["c", "b", "a"]


def test_the_order_is_that_of_a_review():
    conflict = Decision(metal=0.0, alone=0.0, by="companion", conflict="Its name speaks of metal.")
    against = Decision(metal=0.9, alone=0.0, by="name")
    reports = [
        SetReport("a"),
        SetReport("b", confidence=0.2),
        SetReport("c", decided=against),
        SetReport("d", decided=conflict),
    ]
    words = read(reports).words
    assert [word for word in words if word in "abcd"] == ["d", "c", "b", "a"]
    assert [word for word in words if word in "abcd"] == [one.name for one in to_review(reports)]


def test_an_empty_run_still_makes_a_page():
    assert "0 converted" in page([])


def test_the_page_is_one_file_without_scripts_or_anything_from_elsewhere():
    html = page(RESULTS)
    assert "<script" not in html and "http" not in html.replace("<!doctype html>", "")


def test_the_page_fits_a_phone_and_follows_the_colour_scheme():
    html = page([])
    assert 'name="viewport"' in html and "prefers-color-scheme: dark" in html
