"""A statement made smaller while it still shows what it showed."""
import re

TOKEN = re.compile(r"""\s+|--[^\n]*|/\*.*?\*/|'(?:[^']|'')*'|"(?:[^"]|"")*"|\$\d+|[A-Za-z_][A-Za-z_0-9]*|\d+(?:\.\d+)?|::|[<>=!|~@?+*-]+|.""", re.S)
TRIES = 400


def brackets(tokens):
    """Spans of what stands between brackets, the widest first."""
    stack, spans = [], []
    for i, t in enumerate(tokens):
        if t == "(":
            stack.append(i)
        elif t == ")" and stack:
            spans.append((stack.pop(), i + 1))
    return sorted(spans, key=lambda s: s[0] - s[1])


def candidates(tokens):
    """Smaller texts: without a run of tokens, or with NULL or nothing for what a bracket holds."""
    n = len(tokens)
    size = n // 2
    while size >= 1:
        for at in range(0, n - size + 1, max(size // 2, 1)):
            yield tokens[:at] + tokens[at + size:]
        size //= 2
    for a, b in brackets(tokens):
        if b - a > 3:
            yield tokens[:a] + ["NULL"] + tokens[b:]
            yield tokens[:a] + ["(", "1", ")"] + tokens[b:]
            yield tokens[:a] + tokens[a + 1:b - 1] + tokens[b:]


def minimise(sqls, differs):
    """${differs} says whether a list of texts still shows it."""
    best, left = list(sqls), TRIES
    for i in range(len(best)):
        again = type(best[i]) is str  # not one with a stream
        while again and left > 0:
            again = False
            tokens = TOKEN.findall(best[i])
            for smaller in candidates(tokens):
                left -= 1
                text = "".join(smaller)
                if left <= 0:
                    break
                if text.strip() and differs(best[:i] + [text] + best[i + 1:]):
                    best[i] = text
                    again = True
                    break
    return best
