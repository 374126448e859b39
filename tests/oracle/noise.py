"""The same statement in other words: what may stand between tokens, other forms of constants, names in capitals."""
import re

from minimise import TOKEN
from wire import reworded

SPACES = ["\n", "\t ", "  ", " /* ) WHERE ( */ ", " /* it's FROM \" */ ", " -- ) ' $1 OR true\n", " /**/ ", "\r\n", "\f"]
PLAIN = re.compile(r"'[^'\\$]*'$")
ALIAS = re.compile(r"[a-z]+\d+$")


def one(r, token, behind):
    if token.isspace():
        return r.choice(SPACES) if r.random() < 0.15 else token
    if PLAIN.match(token) and not re.match(r"[\w'&\"]", behind[-1:]) and r.random() < 0.15:
        return r.choice([f"$q${token[1:-1]}$q$", f"E{token}", f"U&{token}"])
    if ALIAS.match(token) and r.random() < 0.1:
        return token.upper()
    return token


def noisy(r, sql):
    out, behind = [], " "
    for token in TOKEN.findall(sql):
        out.append(one(r, token, behind))
        behind = token
    return reworded(sql, "".join(out))
