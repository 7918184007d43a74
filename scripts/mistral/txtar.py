"""The txtar format: a comment, then files that begin with `-- name --` lines."""

import re

_MARKER = re.compile(r"^-- (.+?) --$")


def parse(text):
    """Returns the comment and the files, a dict of name to text, in order."""
    comment, files, name, lines = "", {}, None, []

    def flush():
        nonlocal comment
        body = "".join(lines)
        if name is None:
            comment = body
        else:
            files[name] = body

    for line in text.splitlines(keepends=True):
        m = _MARKER.match(line.rstrip("\r\n"))
        if m:
            flush()
            name, lines = m.group(1), []
        else:
            lines.append(line)
    flush()
    return comment, files


def format(comment, files):
    """The inverse of parse. Every file ends with a newline."""
    out = [comment]
    for name, body in files.items():
        if body and not body.endswith("\n"):
            body += "\n"
        out.append("-- %s --\n%s" % (name, body))
    return "".join(out)
