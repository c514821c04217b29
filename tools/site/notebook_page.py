"""The notebook as a page: its text, its code and its output."""

import json
import pathlib
from typing import Any


def page(path: pathlib.Path) -> str:
    """Write a notebook as Markdown, its pictures inside."""
    cells = json.loads(path.read_text())["cells"]
    return "\n\n".join(text for cell in cells for text in _texts(cell))


def _texts(cell: dict[str, Any]) -> list[str]:
    source = "".join(cell["source"])
    if cell["cell_type"] == "markdown":
        return [source]
    texts = [f"```python\n{source}\n```"]
    for output in cell["outputs"]:
        if output["output_type"] == "stream":
            said = "".join(output["text"]).strip()
            texts.append(f"```text\n{said}\n```")
        elif "image/png" in output.get("data", {}):
            content = "".join(output["data"]["image/png"]).replace("\n", "")
            texts.append(f"![what the cell shows](data:image/png;base64,{content})")
    return texts
