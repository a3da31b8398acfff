"""The audit as a page: whole in itself, whatever the words in it; where it is written, and where not."""

import base64
import hashlib
import html.parser
import re
import stat
import time
from datetime import datetime, timedelta

import pytest

from xacct.ctl.audit import timeline
from xacct.ctl.audit.fold import folded
from xacct.ctl.audit.lanes import ITSELF, MOST, lanes
from xacct.ctl.audit.page import page as page_of
from xacct.ctl.main import main

START = datetime.fromisoformat("2026-11-22T07:00:00Z")
NOW = START.timestamp() + 36000
HOSTILE = "\"'><script>alert(1)</script><img src=//evil.example/x onerror=alert(1)>&lt;\x1b[2J\u202e"


@pytest.fixture(autouse=True)
def here(monkeypatch):
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def line(minutes, event, what="", grant=None, **more):
    at = (START + timedelta(minutes=minutes)).strftime("%Y-%m-%dT%H:%M:%SZ")
    nobody = {"uid": None, "pid": None, "exe": None}
    return {"time": at, "event": event, "role": None, "grant": grant, "what": what, "count": 1, **nobody, **more}


def life(start, end, grant="3f9a12bc", label="ci", role="prod"):
    of = {"id": grant, "label": label}
    made = line(start, "grant-created", role, of, uid=1000, pid=5, exe="/usr/bin/python3.11")
    fetches = [line(start + 1, "fetch", "served", of, role=role, uid=1000, pid=7, exe="/usr/bin/rclone")]
    return [made, *fetches, line(end, "grant-ended", "expired", of)]


def day():
    found = [line(0, "login", "held", role="prod"), line(30, "renewed", role="prod"), *life(10, 400)]
    found += [line(11, "approved", "for 10 min, by dialog", {"id": "3f9a12bc", "label": "ci"}, role="prod")]
    found += [line(12, "declined", "by dialog, for imds:9478", role="prod")]
    found += [line(13, "fetch", "access-denied", {"id": "3f9a12bc", "label": "ci"}, role="prod", count=4)]
    return sorted([*found, line(20, "refused", "no grant", uid=1, count=9)], key=lambda each: each["time"])


def page(lines, living, asked, now):
    return page_of(folded(lines), living, asked, now)


class Seen(html.parser.HTMLParser):
    """What a browser would make of it."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.attributes, self.text, self.policy = [], set(), [], ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes |= {name for name, _ in attrs}
        if ("http-equiv", "Content-Security-Policy") in attrs:
            self.policy = dict(attrs)["content"]

    def handle_data(self, data):
        self.text.append(data)


ALLOWED = {
    *("html", "head", "meta", "title", "style", "body", "h1", "h2", "h3", "p", "br", "ul", "li", "section", "div", "a"),
    *("span", "details", "summary", "table", "tr", "td", "svg", "rect", "path", "line", "text"),
}


def test_it_is_whole_in_itself_and_its_policy_lets_nothing_else_in():
    text = page(day(), [], "role prod", NOW)
    seen = Seen(text)
    assert set(seen.tags) <= ALLOWED
    assert not {name for name in seen.attributes if name.startswith("on") or name in ("src", "style", "srcset")}
    assert not re.search(r"https?:|//|url\(|@import", text)
    [style] = re.findall(r"<style>(.*?)</style>", text, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert seen.policy == f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    assert text.index("Content-Security-Policy") < text.index("<style>")


def test_it_says_what_happened_and_when_here_and_in_utc():
    text = page(day(), [], "role prod", NOW)
    said = " ".join("".join(Seen(text).text).split())
    for words in (
        "2026-11-22 08:00:00 to 2026-11-22 14:40:00, CET (UTC+0100); only role prod",
        "credentials fetched 1 time, refused or failed 13 times",
        "the grant was made, for prod",
        "prod: a human said yes, for 10 min, by dialog",
        "prod: a human said no, by dialog, for imds:9478",
        "turned away: no grant",
        "/usr/bin/rclone (pid 7)",
        "the grant came to its end: expired",
    ):
        assert words in said, words
    assert {"09:00", "08:00"} <= set(re.findall(r"<text[^>]*>([^<]*)<", text))
    assert all(f'class="{kind}"' in text for kind in ("yes", "no", "served", "refused", "step", "life"))


@pytest.mark.parametrize("place", ["label", "id", "scope", "role", "what", "event", "exe", "extra", "time", "config"])
def test_other_peoples_words_are_no_markup(place):
    grant = {"id": "3f9a12bc", "label": "ci", "scope": "6742: reading"}
    plain = line(1, "fetch", "served", grant, role="prod", uid=1, pid=7, exe="/bin/aws")
    files = {"config": "/c", "credentials": "/k", "home": "/h"}
    lines = [{**life(0, 10)[0]}, {**plain, "files": files}]
    changed = lines[1]
    if place in grant:
        grant[place] = f"6742: {HOSTILE}"
    elif place == "config":
        files[place] = HOSTILE
    else:
        changed[place] = HOSTILE
    lines = [lines[0], changed, {**changed, "event": "grant-created"}, {**changed, "grant": None}]
    text = page(lines, [], HOSTILE, NOW)
    seen = Seen(text)
    assert set(seen.tags) <= ALLOWED
    assert not {name for name in seen.attributes if name.startswith("on")}
    assert "\x1b" not in text
    assert "\u202e" not in text


def test_grants_of_one_label_share_a_lane_and_what_is_of_no_grant_has_its_own():
    lines = [*life(0, 5), *life(10, 15, "aaaa"), *life(20, 25, "bbbb", label="other"), line(1, "renewed", role="prod")]
    groups = lanes(folded(sorted(lines, key=lambda each: each["time"])), [])
    assert {(lane.label, len(lane.lives)) for lane in groups["prod"]} == {("ci", 2), ("other", 1), (ITSELF, 0)}
    [ci] = [lane for lane in groups["prod"] if lane.label == "ci"]
    assert ci.programs == ["rclone"]
    assert all(life.made and life.ended for life in ci.lives.values())


@pytest.mark.parametrize(
    ("label", "kind"),
    [
        ("exec aws 4711", "exec aws"),
        ("ssh host 4711", "ssh host"),
        ("shell 4711 pts/3", "shell pts/3"),
        ("shell 4711", "shell"),
        ("deploy 2", "deploy 2"),
        ("4711", "4711"),
    ],
)
def test_commands_of_one_kind_share_a_lane(label, kind):
    lines = [*life(0, 5, label=label), *life(10, 15, "aaaa", label=label.replace("4711", "4712"))]
    assert {lane.label for lane in lanes(folded(lines), [])["prod"]} >= {kind}


def test_lives_have_open_ends_where_nothing_is_written_of_them():
    made, fetched, _ = life(0, 5)
    [[lane]] = lanes(folded([made, fetched, line(90, "fetch", "served", made["grant"], role="prod")]), []).values()
    [lived] = lane.lives.values()
    assert (lived.made, lived.ended, lived.why) == (True, False, "")
    rows = folded([fetched, line(50, "renewed", role="dev")])
    [lived] = lanes(rows, ["3f9a12bc"])["prod"][0].lives.values()
    assert (lived.made, lived.ended, lived.why, lived.end) == (False, False, "in force", rows[-1].last)


def test_many_labels_and_many_lines_are_folded():
    lines = [each for number in range(3000) for each in life(number, number + 1, f"{number:08x}", f"label {number}")]
    rows = folded(sorted(lines, key=lambda each: each["time"]))
    [group] = lanes(rows, []).values()
    assert len(group) == MOST + 1
    assert sum(len(lane.rows) for lane in group) == len(rows)
    began = time.process_time()
    text = page(sorted(lines, key=lambda each: each["time"]), [], "", NOW)
    assert time.process_time() - began < 10
    assert len(text) < 3_000_000
    assert text.count("<tr>") <= 5000
    assert "that came before are left out here" in text


def test_marks_that_would_lie_upon_one_another_are_one():
    lines = [line(second / 60, "renewed", role="prod") for second in range(2000)]
    rows = folded([*lines, line(100_000, "renewed", role="prod")])
    [[lane]] = lanes(rows, []).values()
    drawn = timeline.track(lane, timeline.span_of(rows))
    assert drawn.count('class="step"') == 2
    assert "and 1988 more" in drawn


@pytest.mark.parametrize("seconds", [0, 1, 59, 3600, 86400, 30 * 86400, 3 * 365 * 86400, 10**10])
def test_the_axis_names_a_few_round_times_of_clocks_here(seconds):
    start = START.timestamp()
    span = timeline.span_of(folded([line(0, "new"), line(0, "new")]))
    span = timeline.Span(span.start, span.start + 60 + seconds)
    ticks = timeline.ticks(span)
    assert 1 <= len(ticks) <= 6
    assert all(start - 60 <= tick <= span.end for tick in ticks)
    if seconds in (86400 * 30, 3 * 365 * 86400):  # over both changes of clocks here
        assert {time.strftime("%H:%M", time.localtime(tick)) for tick in ticks} == {"00:00"}
    assert timeline.axis(span).count("<text") == 2 * len(ticks)


@pytest.mark.parametrize("month", [3, 10])
def test_the_axis_keeps_to_midnight_where_clocks_are_changed(month):
    start = datetime.fromisoformat(f"2026-{month:02}-22T12:00:00Z").timestamp()
    ticks = timeline.ticks(timeline.Span(start, start + 9 * 86400))
    assert len({time.localtime(tick).tm_isdst for tick in ticks}) == 2
    assert {time.strftime("%H:%M", time.localtime(tick)) for tick in ticks} == {"00:00"}


def test_nothing_is_a_page_too():
    assert "Nothing is written." in page([], [], "", NOW)


# Where it is written.


def test_it_is_written_for_its_user_alone_and_never_over_a_file(daemon, place, capsys):
    path = place / "audit.html"
    assert main(["audit", "--html", str(path)]) == 0
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.read_text().startswith("<!doctype html>")
    assert "3 lines" in capsys.readouterr().err
    path.write_text("mine")
    path.chmod(0o644)
    before = len(daemon.requests)
    assert main(["audit", "--html", str(path)]) == 2
    assert (path.read_text(), len(daemon.requests)) == ("mine", before)
    assert "there already" in capsys.readouterr().err
    assert main(["audit", "--html", str(path), "--force"]) == 0
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert "<svg" in path.read_text()


def test_what_is_no_file_is_not_written_over(daemon, place):
    (place / "there").symlink_to(place / "elsewhere")
    for path in (place, place / "there", "/dev/null"):
        assert main(["audit", "--html", str(path), "--force"]) == 2
    assert not (place / "elsewhere").exists()
    assert main(["audit", "--html", str(place / "no" / "folder.html")]) == 1


def test_it_goes_to_standard_output(daemon, capsys):
    assert main(["audit", "--html", "-", "--grant", "g1"]) == 0
    told = capsys.readouterr().out
    assert told.startswith("<!doctype html>")
    assert "only grant g1" in told
    assert Seen(told).policy.startswith("default-src 'none'")


@pytest.mark.parametrize("more", [("--html", "-", "--follow"), ("--html", "-", "--json"), ("--force",)])
def test_what_does_not_go_together_is_wrong_usage(daemon, more):
    assert main(["audit", *more]) == 2
