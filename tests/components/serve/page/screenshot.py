"""Takes the picture of the page that the docs show: `python tests/components/serve/page/screenshot.py --help`."""

import argparse
import io
import tempfile
from pathlib import Path

from PIL import Image

from inkling.components.serve.process import running_server
from inkling.tests.components.serve.page.browser import browser

WIDTH, COLOURS = 1000, 128


def main() -> None:
    """Serves a bundle, asks its page one question in all views, and writes what is seen."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bundle", type=Path, required=True, help="the bundle to serve")
    parser.add_argument("--image", type=Path, required=True, help="the image that is asked about")
    parser.add_argument("--other", type=Path, help="the other image; the page's own if left out")
    parser.add_argument("--question", required=True, help="what is asked")
    parser.add_argument("--choices", default="", help="comma-separated choices")
    parser.add_argument("--output", type=Path, default=Path("docs/page.png"), help="the PNG (default: %(default)s)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        with running_server(options.bundle, work / "log") as (url, _), browser(work / "profile") as page:
            page.send("Emulation.setDeviceMetricsOverride", width=WIDTH, height=700, deviceScaleFactor=1, mobile=False)
            page.send("Emulation.setScrollbarsHidden", hidden=True)
            page.open(url, "document.getElementById('other-preview').naturalWidth > 0")
            page.files("#image", options.image)
            page.wait("document.getElementById('preview').naturalWidth > 0")
            if options.other:
                page.files("#other", options.other)
            page.value("document.getElementById('question').focus()")
            page.type(options.question)
            page.key("Tab", 9)
            page.type(options.choices)
            page.key("Enter", 13, "\r")
            for view in ("visual", "blind", "mismatched"):
                page.wait(f"document.querySelector('#{view} .answer').innerText.includes('view: ')")
            seen = Image.open(io.BytesIO(page.picture())).convert("RGB")
    seen.quantize(COLOURS).save(options.output, optimize=True)
    print(f"{options.output}: {seen.width} x {seen.height}, {options.output.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
