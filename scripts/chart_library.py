#!/usr/bin/env python3
"""Writes Vega, Vega-Lite and Vega-Embed as one script: chart_library.py OUT. They come inside the wheel vl-convert-python."""
import pathlib
import sys

import vl_convert

NOTICE = """/*
Vega {vega}, Vega-Lite {vega_lite}, Vega-Embed {embed}: Copyright (c) University of Washington Interactive Data Lab and
contributors, BSD 3-Clause License, https://github.com/vega
*/
"""


def main(out: str) -> None:
    version = vl_convert.get_vegalite_versions()[-1]
    script = vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;", vl_version=version)
    if "</script" in script.lower():
        sys.exit("chart_library.py: the library closes its own script element")
    notice = NOTICE.format(vega=vl_convert.get_vega_version(), vega_lite=version, embed=vl_convert.get_vega_embed_version())
    pathlib.Path(out).write_text(f"{notice}(() => {{\n{script}\n}})();\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
