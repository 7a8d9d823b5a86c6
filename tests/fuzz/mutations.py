"""Seeded damage to valid content: bytes, JSON, CSV and archives of arrays."""

import csv
import io
import json
from random import Random

import numpy as np

ODD_VALUES = (
    *(None, True, False, 0, -1, 1, 2**31, 10**400, 0.5, -0.0, 1e-320, float("inf"), float("nan")),
    *("", " ", "nan", "1,5", "../..", "a\nb", "\x1b[31m", "Ł", "x" * 5000),
    *([], [0], [[]], {}, {"a": 1}),
)


def of_bytes(content: bytes, random: Random) -> bytes:
    """Cuts, flips, repeats, removes, inserts or blanks some of the bytes."""
    if not content:
        return bytes(random.randrange(256) for _ in range(random.randrange(64)))
    changed = bytearray(content)
    for _ in range(random.choice((1, 1, 2, 8))):
        start = random.choice(
            (random.randrange(len(changed) + 1), random.randrange(min(len(changed), 64) + 1))
        )
        length = random.choice((1, 2, 4, 16, 256))
        part = changed[start : start + length]
        kind = random.choice(("cut", "flip", "flip", "bits", "repeat", "remove", "insert", "blank", "fill"))
        if kind == "cut":
            del changed[start:]
        elif kind == "flip":
            changed[start : start + length] = bytes(random.randrange(256) for _ in part)
        elif kind == "bits":
            changed[start : start + length] = bytes(byte ^ (1 << random.randrange(8)) for byte in part)
        elif kind == "repeat":
            changed[start:start] = part * random.choice((1, 3))
        elif kind == "remove":
            del changed[start : start + length]
        elif kind == "insert":
            changed[start:start] = bytes(random.randrange(256) for _ in range(length))
        else:
            changed[start : start + length] = (b"\0" if kind == "blank" else b"\xff") * len(part)
        if not changed:
            break
    return bytes(changed)


def of_json(content: bytes, random: Random) -> bytes:
    """Replaces, removes, renames or adds a value somewhere, or damages the text."""
    if random.random() < 0.2:
        return of_bytes(content, random)
    value = json.loads(content)
    places = list(_places(value))
    for _ in range(random.choice((1, 1, 3))):
        holder, key = random.choice(places)
        kind = random.choice(("replace", "replace", "remove", "add", "whole"))
        try:
            if kind == "replace":
                holder[key] = random.choice(ODD_VALUES)
            elif kind == "remove":
                del holder[key]
            elif kind == "add" and isinstance(holder, dict):
                holder[f"new_{random.randrange(9)}"] = random.choice(ODD_VALUES)
            elif kind == "whole" and random.random() < 0.2:
                return json.dumps(random.choice(ODD_VALUES)).encode()
        except (KeyError, IndexError):
            continue
    return json.dumps(value).encode()


def _places(value):
    keys = value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for key in keys:
        yield value, key
        yield from _places(value[key])


def of_csv(content: bytes, random: Random) -> bytes:
    """Saves it as spreadsheets do, or removes, repeats or spoils rows, columns and cells."""
    if random.random() < 0.2:
        return of_bytes(content, random)
    rows = list(csv.reader(io.StringIO(content.decode())))
    for _ in range(random.choice((1, 1, 3))):
        row = random.randrange(len(rows))
        kind = random.choice(("cell", "cell", "row", "twice", "swap", "short"))
        if kind == "cell" and rows[row]:
            rows[row][random.randrange(len(rows[row]))] = str(random.choice(ODD_VALUES))
        elif kind == "row" and len(rows) > 1:
            del rows[row]
        elif kind == "twice":
            rows.insert(row, list(rows[row]))
        elif kind == "swap":
            random.shuffle(rows)
        elif rows[row]:
            rows[row].pop()
    text = io.StringIO()
    csv.writer(text, delimiter=random.choice((",", ";", "\t"))).writerows(rows)
    saved = text.getvalue()
    if random.random() < 0.3:
        saved = "\r\n".join(line.replace(".", ",") for line in saved.splitlines())
    return saved.encode(random.choice(("utf-8", "utf-8-sig", "utf-16")))


def of_arrays(content: bytes, random: Random) -> bytes:
    """Removes, renames, reshapes or spoils an array of an `.npz`, or damages its bytes."""
    if random.random() < 0.4:
        return of_bytes(content, random)
    with np.load(io.BytesIO(content), allow_pickle=False) as stored:
        arrays = {name: stored[name] for name in stored.files}
    name = random.choice(list(arrays))
    array = arrays.pop(name)
    kind = random.choice(("remove", "rename", "reshape", "type", "value", "add", "facts"))
    if kind == "rename":
        arrays[name + "_"] = array
    elif kind == "reshape":
        arrays[name] = array[..., None] if random.random() < 0.5 else array.reshape(-1)[:1]
    elif kind == "type":
        arrays[name] = array.astype(random.choice(("float16", "complex64", "U8", "bool")), copy=True)
    elif kind == "value":
        spoilt = np.full(array.shape, random.choice((np.nan, np.inf, -1e30, 0)))
        arrays[name] = (
            spoilt.astype(array.dtype)
            if array.dtype.kind == "f"
            else array * 0 - 1
            if array.dtype.kind == "i"
            else array
        )
    elif kind == "add":
        arrays |= {name: array, "another": np.zeros(3)}
    elif kind == "facts":
        arrays |= {name: array}
        if "facts" in arrays:
            arrays["facts"] = np.array(
                of_json(str(arrays["facts"]).encode(), random).decode(errors="replace")
            )
    file = io.BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()
