"""Fills the pages with what the code says about commands, presets and the file format."""

import inspect
import pathlib
import re
import shutil

import cards  # next to this file, where mkdocs looks for what a hook imports
import notebook_page

from comrec_tf import __main__ as program
from comrec_tf.compact_file import carriers, container
from comrec_tf.presets import find

_ROOT = pathlib.Path(__file__).parents[2]


def on_page_markdown(markdown: str, **kwargs: object) -> str:
    """Fill in the parts of a page that come from elsewhere.

    ``@demo@`` is the demo of serving/web, which tools/docs builds into site/demo; the others are
    ``@command NAME@``, a command's help, ``@presets@``, all cards, ``@module NAME@``, a docstring,
    ``@file PATH@``, a file of the repository, and ``@notebook PATH@``, a notebook with what it
    has shown.
    """
    markdown = re.sub(r"@file (.+)@", lambda match: (_ROOT / match[1]).read_text(), markdown)
    markdown = re.sub(
        r"@notebook (.+)@", lambda match: notebook_page.page(_ROOT / match[1]), markdown
    )
    markdown = re.sub(r"@command ([\w-]+)@", lambda match: _command(match[1]), markdown)
    markdown = re.sub(r"^@presets@$", lambda match: _presets(), markdown, flags=re.MULTILINE)
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
    return f"```text\n{program.command(name).draw_help(f'comrec {name}', width=80)}\n```"


def _presets() -> str:
    shipped = _ROOT / "saved_models"
    folders = [folder for folder in find.list_presets().values() if folder.parent == shipped]
    return "\n".join(map(cards.page, folders))
