"""What the pages say of commands and of the file comes from the code, not from a copy."""

import html
import importlib
import inspect
import pathlib
import re
import shutil

from absl import flags

from comrec_tf.compact_file import carriers, container

_ROOT = pathlib.Path(__file__).parents[2]


def on_page_markdown(markdown: str, **kwargs: object) -> str:
    """Put in what stands elsewhere.

    ``@demo@`` is the demo of serving/web, which tools/docs builds into site/demo; the others are
    ``@command NAME@``, a command's reference, ``@module NAME@``, a docstring, and ``@file PATH@``,
    a file of the repository.
    """
    markdown = re.sub(r"@file (.+)@", lambda match: (_ROOT / match[1]).read_text(), markdown)
    markdown = re.sub(r"@command (\w+)@", lambda match: _command(match[1]), markdown)
    markdown = markdown.replace("@demo@", _demo())
    modules = {"container": container, "carriers": carriers}
    return re.sub(r"@module (\w+)@", lambda match: _docstring(modules[match[1]]), markdown)


def _demo() -> str:
    if shutil.which("npm") is None:  # tools/docs says so
        return ""
    page = (_ROOT / "serving/web/demo/index.html").read_text()
    found = re.search(r"<div id=\"demo\".*?</div>(?=\s*<!-- End -->)", page, re.DOTALL)
    assert found is not None
    return (
        '<link rel="stylesheet" href="demo/demo.css">\n'
        '<script type="module" src="demo/demo.js"></script>\n\n' + inspect.cleandoc(found[0])
    )


def _docstring(module: object) -> str:
    return f"```text\n{inspect.getdoc(module)}\n```"


def _command(name: str) -> str:
    verb = importlib.import_module(f"comrec_tf.{name}")
    values = flags.FlagValues()
    verb._define(values)
    rows = ["| flag | meaning | default |", "| --- | --- | --- |"]
    for flag_name in sorted({values[key].name for key in values}):
        flag = values[flag_name]
        shown = f"--[no]{flag_name}" if flag.boolean else f"--{flag_name}"
        value = (flag.default_as_str or "").strip("'")
        default = f"`{value}`" if value else ""
        meaning = html.escape(" ".join((flag.help or "").split())).replace("|", "&#124;")
        rows.append(f"| `{shown}` | {meaning} | {default} |")
    return f"```text\n{inspect.getdoc(verb)}\n```\n\n" + "\n".join(rows)
