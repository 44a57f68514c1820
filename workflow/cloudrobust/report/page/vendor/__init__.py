"""Libraries of the page, as their npm packages ship them (source maps left out):

leaflet 1.9.4 (BSD-2-Clause, leaflet.LICENSE): leaflet.js, leaflet.css
echarts 5.6.0 (Apache-2.0, echarts.LICENSE and echarts.NOTICE): echarts.common.min.js
"""

from __future__ import annotations

import re
from pathlib import Path

HERE = Path(__file__).parent
SCRIPTS = ("leaflet.js", "echarts.common.min.js")
STYLES = ("leaflet.css",)


def text(name: str) -> str:
    """The text of one of the files, safe inside a `<script>` or `<style>` element, and naming no file beside itself."""
    whole = (HERE / name).read_text(encoding="utf-8").replace("</script", "<\\/script")
    return re.sub(r"url\([^)]*\)", "none", whole) if name.endswith(".css") else whole
