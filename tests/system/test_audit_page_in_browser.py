"""The audit's page in a real browser: its own style is taken, nothing else is, and a name leads to its lane's words."""

import json

import pytest
from chromium import chromium
from stack import Stack

pytestmark = pytest.mark.system

HOSTILE = "<img src=x onerror=\"document.title='ran'\"><script>document.title='ran'</script>"


async def test_it_is_drawn_by_its_own_style_and_runs_nothing(tmp_path):
    with Stack(tmp_path / "s") as stack:
        stack.login("prod")
        stack.grant("prod", label=HOSTILE)
        done = stack.xacctctl("audit", "--html", str(tmp_path / "page.html"))
        assert done.returncode == 0, done.stderr
    page = (tmp_path / "page.html").read_text()
    # what a page would run if its policy let it
    (tmp_path / "open.html").write_text(page.replace("</body>", "<script>document.title='ran'</script></body>"))
    async with chromium(tmp_path / "profile") as tab:
        for name in ("page.html", "open.html"):
            await tab.open(f"file://{tmp_path}/{name}")
            await tab.shows(f"location.pathname.endsWith('{name}') && document.readyState == 'complete'")
            assert await tab.script("document.title") == "xacct: the audit"
            assert await tab.script("document.images.length") == 0
        fill = await tab.script("getComputedStyle(document.querySelector('.track .life')).fill")
        assert fill.startswith("rgb(")
        assert fill != "rgb(0, 0, 0)", "the page's style is not taken"
        widths = "[document.documentElement.scrollWidth, innerWidth]"
        content, window = json.loads(await tab.script(f"JSON.stringify({widths})"))
        assert content <= window, "it is no wider than the window"
        await tab.script("document.querySelector('.name a').click()")
        await tab.shows("document.querySelector('details[open] :target') != null")
        assert await tab.script("performance.getEntriesByType('resource').length") == 0
    assert (tmp_path / "page.html").stat().st_mode & 0o777 == 0o600
