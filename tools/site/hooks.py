"""What the pages say of commands, presets and the file comes from the code, not from a copy."""

import inspect
import pathlib
import re

import cards  # next to this file, where mkdocs looks for what a hook imports
import notebook_page

from comrec_tf import __main__ as program
from comrec_tf.compact_file import carriers, container
from comrec_tf.presets import find

_ROOT = pathlib.Path(__file__).parents[2]


def on_page_markdown(markdown: str, **kwargs: object) -> str:
    """Put in what stands elsewhere.

    ``@command NAME@`` is a command's help, ``@presets@`` all cards, ``@module NAME@`` a docstring,
    ``@file PATH@`` a file of the repository, ``@notebook PATH@`` a notebook with what it has shown.
    """
    markdown = re.sub(r"@file (.+)@", lambda match: (_ROOT / match[1]).read_text(), markdown)
    markdown = re.sub(
        r"@notebook (.+)@", lambda match: notebook_page.page(_ROOT / match[1]), markdown
    )
    markdown = re.sub(r"@command ([\w-]+)@", lambda match: _command(match[1]), markdown)
    markdown = re.sub(r"^@presets@$", lambda match: _presets(), markdown, flags=re.MULTILINE)
    modules = {"container": container, "carriers": carriers}
    return re.sub(r"@module (\w+)@", lambda match: _docstring(modules[match[1]]), markdown)


def _docstring(module: object) -> str:
    return f"```text\n{inspect.getdoc(module)}\n```"


def _command(name: str) -> str:
    return f"```text\n{program.command(name).draw_help(f'comrec {name}', width=80)}\n```"


def _presets() -> str:
    shipped = _ROOT / "saved_models"
    folders = [folder for folder in find.list_presets().values() if folder.parent == shipped]
    return "\n".join(map(cards.page, folders))
