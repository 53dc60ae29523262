"""Small wrong changes to a C source, one at a time: what `make mutants` asks the tests to notice.

Works on tokens, not on a syntax tree, so it knows C only as well as our own style needs: comments,
strings and preprocessor lines are never touched, a function body follows a `)` at file level, a
statement ends at a `;` outside of parentheses. A change that does not compile is not counted.
"""
import re
from dataclasses import dataclass

TOKEN = re.compile(
    r"""(?P<space>\s+|//[^\n]*|/\*.*?\*/)|(?P<pp>\#(?:\\\n|[^\n])*)
      |(?P<text>"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')
      |(?P<number>\.?\d(?:[eEpP][+-]|[\w.])*)|(?P<name>[A-Za-z_]\w*)
      |(?P<op><<=|>>=|\.\.\.|->|\+\+|--|<<|>>|<=|>=|==|!=|&&|\|\||[-+*/%&|^]=|.)""",
    re.X | re.S)

SWAPS = {
    "<": ("<=", ">="), "<=": ("<", ">"), ">": (">=", "<="), ">=": (">", "<"),
    "==": ("!=",), "!=": ("==",), "&&": ("||",), "||": ("&&",), "+=": ("-=",), "-=": ("+=",),
    "++": ("--",), "--": ("++",), "&=": ("|=",), "|=": ("&=",), "/": ("*",), "%": ("/",),
}
RELATIONS = {"<", "<=", ">", ">=", "==", "!="}
HEADS = {"if", "for", "while", "switch", "LIST_EACH"}  # a condition in brackets follows
KEYWORDS = HEADS | {"return", "do", "goto", "case", "default", "else"}
# Memory that is too small, or given back too late, is seen by the sanitizers; a text for people by
# people.
SPARED_CALLS = re.compile(
    r"free|va_start|va_end|va_copy|assert|error_set|agent_log|json_decref|\w+_(?:free|destroy)")
SPARED_ARGUMENTS = {"assert", "agent_log", "error_set", "xcalloc", "xmalloc", "xgrow", "arena_create"}
# So is what only releases memory. Invariants, that look at the others' work, are checkers themselves.
SPARED_FUNCTIONS = re.compile(r"\w+_(?:free|destroy)|free_\w+|\w+_check|check_held")


@dataclass(frozen=True)
class Token:
    kind: str
    text: str
    start: int
    end: int


@dataclass(frozen=True)
class Mutation:
    function: str
    start: int
    end: int
    text: str  # what stands there instead

    def apply(self, source):
        return source[:self.start] + self.text + source[self.end:]

    def lines(self, source):
        """The line before and after, as equivalent.txt names it."""
        first = source.rfind("\n", 0, self.start) + 1
        last = source.find("\n", self.end)
        before = source[first:last]
        after = source[first:self.start] + self.text + source[self.end:last]
        return " ".join(before.split()), " ".join(after.split())

    def line_above(self, source):
        first = source.rfind("\n", 0, self.start)
        return " ".join(source[source.rfind("\n", 0, first) + 1:first].split())

    def line_number(self, source):
        return source.count("\n", 0, self.start) + 1


def tokens_of(source):
    found = [Token(m.lastgroup, m.group(), m.start(), m.end()) for m in TOKEN.finditer(source)]
    return [t for t in found if t.kind not in ("space", "pp")]


def matching(tokens, i):
    """The index of the bracket that closes the one at i."""
    pairs = {"(": ")", "{": "}", "[": "]"}
    opening, closing, depth = tokens[i].text, pairs[tokens[i].text], 0
    for k in range(i, len(tokens)):
        depth += (tokens[k].text == opening) - (tokens[k].text == closing)
        if depth == 0:
            return k
    raise ValueError("a bracket is never closed")


def functions_of(tokens):
    """(name, tokens of the type, first and last index of the body) of every function."""
    i, head = 0, 0
    while i < len(tokens):
        text = tokens[i].text
        if text == "{":
            last = matching(tokens, i)
            if tokens[i - 1].text == ")":
                name = next(k for k in range(head, i) if tokens[k + 1].text == "(")
                yield tokens[name].text, [t.text for t in tokens[head:name]], i, last
                head = last + 1
            i = last
        elif text == ";":
            head = i + 1
        i += 1


def is_binary(tokens, i):
    before = tokens[i - 1]
    return before.kind in ("name", "number") and before.text not in KEYWORDS or \
        before.text in (")", "]")


def operators(tokens, i):
    token = tokens[i]
    if token.kind == "op":
        if token.text in ("+", "-") and is_binary(tokens, i):
            yield "-" if token.text == "+" else "+"
        elif token.text == "!" and tokens[i + 1].text != "=":
            yield ""
        elif token.text not in ("/", "%") or is_binary(tokens, i):
            yield from SWAPS.get(token.text, ())
    yield from constants(token)


def constants(token):
    if token.text in ("true", "false"):
        yield "false" if token.text == "true" else "true"
    elif token.kind == "number" and token.text.isdigit():
        number = int(token.text)
        yield str(number + 1 if number < 100 else 2 * number)
        if number == 1:
            yield "0"


def statement_end(tokens, i):
    while tokens[i].text != ";":
        i = matching(tokens, i) if tokens[i].text in "({[" else i
        i += 1
    return i


def is_declaration(tokens, i):
    if tokens[i].text in ("struct", "enum", "const", "static", "unsigned"):
        return True
    k = i + 1
    while tokens[k].text == "*":
        k += 1
    return tokens[i].kind == "name" and tokens[k].kind == "name"


def starts_statement(tokens, i, heads):
    """heads: index of the bracket after each if, for, ...: that of the one that closes it."""
    before = tokens[i - 1].text
    if any(first < i <= last for first, last in heads.items()):
        return False
    return before in (";", "{", "}", "else", "do") or i - 1 in heads.values() or before == ":" and \
        tokens[i - 2].kind == "name" and (tokens[i - 3].text == "case" or
                                          tokens[i - 2].text == "default")


def statement(tokens, i, returns):
    """What may stand instead of the statement that starts at i."""
    first = tokens[i]
    if first.text in ("break", "continue"):
        yield ";"
    elif first.text == "return":
        value = tokens[i + 1:statement_end(tokens, i)]
        if not value:
            yield ";"
        elif "bool" in returns and "*" not in returns:
            yield from (f"return {v};" for v in ("true", "false")
                        if not (len(value) == 1 and value[0].text in ("true", "false")))
        elif "*" in returns and value[0].text != "NULL":
            yield "return NULL;"
    elif first.text not in KEYWORDS and first.text not in ("{", "}", ";") and \
            not is_declaration(tokens, i) and not SPARED_CALLS.fullmatch(first.text) and \
            tokens[i + 1].text != ":":
        yield ";"


def negation(tokens, i):
    """if (x) -> if (!(x)), unless changing the only comparison in it says the same."""
    last = matching(tokens, i + 1)
    inside = {t.text for t in tokens[i + 2:last]}
    if inside & {"&&", "||"} or not inside & RELATIONS:
        if not (tokens[i + 2].text == "!" and not inside & {"&&", "||"}):
            yield tokens[i + 1].end, tokens[last].start


def spared_arguments(tokens, first, last):
    """Indexes inside calls whose arguments only a person or the sanitizers read, and assertions."""
    spared = set()
    for i in range(first, last):
        if tokens[i].text in SPARED_ARGUMENTS and tokens[i + 1].text == "(":
            spared.update(range(i, matching(tokens, i + 1) + 1))
    return spared


def heads_of(tokens, first, last):
    return {i + 1: matching(tokens, i + 1) for i in range(first, last)
            if tokens[i].text in HEADS and tokens[i + 1].text == "("}


def function_mutations(source, tokens, name, returns, first, last):
    spared, heads = spared_arguments(tokens, first, last), heads_of(tokens, first, last)
    if returns[-1:] == ["void"] and sum(t.text == ";" for t in tokens[first:last]) > 1:
        yield Mutation(name, tokens[first].end, tokens[first].end, " return;")
    for i in range(first + 1, last):
        if i in spared:
            continue
        for text in operators(tokens, i):
            yield Mutation(name, tokens[i].start, tokens[i].end, text)
        if tokens[i].text == "if":
            for start, end in negation(tokens, i):
                yield Mutation(name, start, end, f"!({source[start:end]})")
        if starts_statement(tokens, i, heads):
            for text in statement(tokens, i, returns):
                end = tokens[statement_end(tokens, i)].end
                yield Mutation(name, tokens[i].start, end, text)


def table_mutations(tokens, bodies):
    """Constants outside of functions: enumerations, and the flags in tables."""
    inside = {i for first, last in bodies for i in range(first, last + 1)}
    for i, token in enumerate(tokens):
        # not the size of an array
        if i not in inside and tokens[i - 1].text != "[":
            for text in constants(token):
                yield Mutation("", token.start, token.end, text)


def mutations(source):
    tokens = tokens_of(source)
    functions = list(functions_of(tokens))
    yield from table_mutations(tokens, [(first, last) for _, _, first, last in functions])
    for name, returns, first, last in functions:
        if not SPARED_FUNCTIONS.fullmatch(name):
            yield from function_mutations(source, tokens, name, returns, first, last)
