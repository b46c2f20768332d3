"""A reader of JavaScript that knows functions, their parameters and their bodies; no engine, and it runs nothing.

It reads words, not grammar: strings, comments, regular expressions and template literals are told apart (the code in
`${ }` is read, the text around it is not), brackets are matched, and functions are found in all their spellings,
classes included. It cannot tell scopes: a parameter whose name occurs anywhere in its function counts as used. A file
whose brackets do not match is reported as such and read no further.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_LEX = re.compile(
    r"""(?P<space>\s+|//[^\n]*|/\*.*?\*/)
      |(?P<string>"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')
      |(?P<number>\.?\d[\w.]*)
      |(?P<word>[#$\w]+)
      |(?P<mark>=>|\?\?=?|\?\.(?!\d)|&&=?|\|\|=?|\.\.\.|[=!]==?|[{}()\[\];,:?.`]|[^\s\w])""",
    re.VERBOSE | re.DOTALL,
)
_REGEX = re.compile(r"/(?![*/])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\[\n])+/[a-z]*")
_PAIRS = {"(": ")", "[": "]", "{": "}"}
# After these words a slash begins a regular expression, and a bracket does not belong to a name.
_OPERATORS = frozenset(
    {
        "return",
        "typeof",
        "case",
        "in",
        "of",
        "new",
        "delete",
        "void",
        "throw",
        "instanceof",
        "do",
        "else",
        "await",
        "yield",
    }
)
_STATEMENTS = frozenset({"if", "for", "while", "switch", "catch", "with", "function", "return", "await", "typeof"})


class Unbalanced(ValueError):
    """A bracket or a text without its end; `line` is where."""

    def __init__(self, line: int) -> None:
        super().__init__(f"line {line}")
        self.line = line


@dataclass(frozen=True, slots=True)
class Token:
    kind: str
    text: str
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Function:
    """One function. `params` are the names of each parameter, several where it is taken apart; `head`, `start` and
    `end` are token positions: its first word, and its body without the braces."""

    name: str
    is_async: bool
    is_generator: bool
    params: tuple[tuple[str, ...], ...]
    head: int
    start: int
    end: int
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """A script's words, the partner of each bracket, how deep each word lies, and its functions in order."""

    tokens: tuple[Token, ...]
    partner: dict[int, int]
    depth: tuple[int, ...]
    functions: tuple[Function, ...]

    def own(self, function: Function) -> Iterator[int]:
        """Positions in the body of `function` that are in no function inside it."""
        inner = [each for each in self.functions if function.start <= each.head and each.end <= function.end]
        inner = [each for each in inner if each is not function]
        for position in range(function.start, function.end):
            if not any(each.head <= position < max(each.end, each.head + 1) for each in inner):
                yield position


def read(source: str) -> Script:
    """The script; raises `Unbalanced`."""
    tokens = tuple(_tokens(source))
    partner, depth = _brackets(tokens)
    return Script(tokens=tokens, partner=partner, depth=depth, functions=tuple(_functions(tokens, partner)))


def _tokens(source: str) -> Iterator[Token]:
    position, line = 0, 1
    braces: list[str] = []  # what each open brace belongs to: code, or the ${ } of a template literal
    last = Token("mark", ";", 1)
    while position < len(source):
        if source[position] == "`" or (source[position] == "}" and braces[-1:] == ["`"]):
            if source[position] == "}":
                braces.pop()
                yield Token("mark", ")", line)
            end, opens = _template_text(source, position + 1, line)
            yield (last := Token("string", "``", line))
            line += source.count("\n", position, end)
            if opens:
                braces.append("`")
                yield (last := Token("mark", "(", line))
            position = end
            continue
        found = _REGEX.match(source, position) if _begins_regex(source[position], last) else None
        kind = "string" if found else ""
        found = found or _LEX.match(source, position)
        if found is None or (source.startswith("/*", position) and not found.group().endswith("*/")):
            raise Unbalanced(line)
        text = found.group()
        kind = kind or str(found.lastgroup)
        if text in ("'", '"'):
            raise Unbalanced(line)
        if text == "{":
            braces.append("{")
        elif text == "}" and braces:
            braces.pop()
        if kind != "space":
            yield (last := Token(kind, text, line))
        line += text.count("\n")
        position = found.end()


def _begins_regex(character: str, last: Token) -> bool:
    if character != "/":
        return False
    return last.text in _OPERATORS or (last.kind == "mark" and last.text not in (")", "]", "}"))


def _template_text(source: str, position: int, line: int) -> tuple[int, bool]:
    """Where the text of a template literal ends, and whether code follows."""
    while position < len(source):
        if source[position] == "\\":
            position += 2
        elif source[position] == "`":
            return position + 1, False
        elif source.startswith("${", position):
            return position + 2, True
        else:
            position += 1
    raise Unbalanced(line)


def _brackets(tokens: tuple[Token, ...]) -> tuple[dict[int, int], tuple[int, ...]]:
    partner: dict[int, int] = {}
    waiting: list[int] = []
    depth = []
    for position, token in enumerate(tokens):
        if token.kind == "mark" and token.text in _PAIRS.values():
            if not waiting or _PAIRS[tokens[waiting[-1]].text] != token.text:
                raise Unbalanced(token.line)
            start = waiting.pop()
            partner[start], partner[position] = position, start
        depth.append(len(waiting))
        if token.kind == "mark" and token.text in _PAIRS:
            waiting.append(position)
    if waiting:
        raise Unbalanced(tokens[waiting[-1]].line)
    return partner, tuple(depth)


def _functions(tokens: tuple[Token, ...], partner: dict[int, int]) -> Iterator[Function]:
    for position, token in enumerate(tokens):
        if token.kind == "word" and token.text == "function" and _text(tokens, position - 1) != ".":
            yield from _classic(tokens, partner, position)
        elif token.text == "=>" and token.kind == "mark":
            yield _arrow(tokens, partner, position)
        elif token.text == "(" and token.kind == "mark":
            yield from _method(tokens, partner, position)


def _classic(tokens: tuple[Token, ...], partner: dict[int, int], position: int) -> Iterator[Function]:
    """`async function* name(…) { … }`; one without a name is called what it is assigned to."""
    at = position + 1
    generator = _text(tokens, at) == "*"
    at += generator
    name = ""
    if at < len(tokens) and tokens[at].kind == "word":
        name, at = tokens[at].text, at + 1
    is_async = _text(tokens, position - 1) == "async"
    head = position - is_async
    if _text(tokens, at) == "(" and _text(tokens, partner[at] + 1) == "{":
        body = partner[at] + 1
        yield _function(tokens, partner, name or _assigned(tokens, head), is_async, generator, at, head, body)


def _method(tokens: tuple[Token, ...], partner: dict[int, int], at: int) -> Iterator[Function]:
    """`name(…) { … }` in an object or a class."""
    body = partner[at] + 1
    if at == 0 or _text(tokens, body) != "{":
        return
    named = tokens[at - 1]
    if named.kind not in ("word", "string") or named.text in _STATEMENTS or _text(tokens, at - 2) in ("function", "."):
        return
    before = at - 2
    generator = _text(tokens, before) == "*"
    before -= generator
    if _text(tokens, before) == "function":
        return
    is_async = _text(tokens, before) == "async"
    yield _function(tokens, partner, named.text.strip("\"'"), is_async, generator, at, at - 1, body)


def _arrow(tokens: tuple[Token, ...], partner: dict[int, int], at: int) -> Function:
    closing = at - 1
    if _text(tokens, closing) == ")":
        head, params = partner[closing], _params(tokens, partner, partner[closing])
    else:
        head, params = closing, ((tokens[closing].text,),)
    is_async = _text(tokens, head - 1) == "async"
    head -= is_async
    body = at + 1
    block = _text(tokens, body) == "{"
    return Function(
        name=_assigned(tokens, head), is_async=is_async, is_generator=False, params=params, head=head,
        start=body + block, end=partner[body] if block else _expression_end(tokens, partner, body),
        line=tokens[head].line,
    )  # fmt: skip


def _expression_end(tokens: tuple[Token, ...], partner: dict[int, int], at: int) -> int:
    while at < len(tokens):
        if tokens[at].kind == "mark":
            if tokens[at].text in (",", ";", ")", "]", "}"):
                return at
            at = partner.get(at, at)
        at += 1
    return at


def _function(
    tokens: tuple[Token, ...], partner: dict[int, int], name: str, is_async: bool, generator: bool,
    params: int, head: int, body: int,
) -> Function:  # fmt: skip
    return Function(
        name=name, is_async=is_async, is_generator=generator, params=_params(tokens, partner, params), head=head,
        start=body + 1, end=partner[body], line=tokens[head].line,
    )  # fmt: skip


def _params(tokens: tuple[Token, ...], partner: dict[int, int], opening: int) -> tuple[tuple[str, ...], ...]:
    """The names in each parameter; what a default is made of is not one of them."""
    found: list[list[str]] = [[]]
    at, in_default = opening + 1, False
    while at < partner[opening]:
        token = tokens[at]
        if token.text == "," and token.kind == "mark":
            found.append([])
            in_default = False
        elif token.text == "=" and token.kind == "mark":
            in_default = True
        elif not in_default and token.text in ("{", "[") and token.kind == "mark":
            found[-1] += [each.text for each in tokens[at : partner[at]] if each.kind == "word"]
            at = partner[at]
        elif token.kind == "word" and not in_default:
            found[-1].append(token.text)
        elif in_default and at in partner:
            at = partner[at]
        at += 1
    return tuple(tuple(names) for names in found if names)


def _assigned(tokens: tuple[Token, ...], head: int) -> str:
    """The name in `name = function`, `name: () =>` and the like; "" where there is none."""
    if _text(tokens, head - 1) in ("=", ":") and head >= 2 and tokens[head - 2].kind in ("word", "string"):
        return tokens[head - 2].text.strip("\"'")
    return ""


def _text(tokens: tuple[Token, ...], position: int) -> str:
    inside = 0 <= position < len(tokens) and tokens[position].kind != "string"
    return tokens[position].text if inside else ""
