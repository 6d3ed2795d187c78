#!/usr/bin/env python3
"""Verifies a Countersign ledger without Countersign's code: Python 3.8 or later, standard library only.

It recomputes leaf hashes, the chain of previous hashes, payload, disclosure and evidence digests, and the RFC 6962
root, and checks the checkpoint's Ed25519 signature. Written from docs/ledger-format.md; the codes are the same.

  verify-ledger.py --vkey 'NAME+ID+KEY' --file ledger.jsonl
  verify-ledger.py --vkey 'NAME+ID+KEY' --url http://localhost:4000/graphql --token "$TOKEN"

Exit status: 0 verified, 1 tampered with, 2 could not be verified, 3 wrong usage.
"""

import argparse
import base64
import binascii
import datetime
import hashlib
import json
import os
import re
import sys
import urllib.error
import urllib.request


class Fault(Exception):
    """What was found wrong: a code, the sequence (None: the checkpoint), and a sentence."""

    def __init__(self, code, sequence, detail):
        super().__init__(detail)
        self.code, self.sequence, self.detail = code, sequence, detail


class Unverifiable(Exception):
    """The ledger could not be read at all."""


def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


# ---------------------------------------------------------------- strict JSON and RFC 8785

SAFE_INTEGER = 2**53 - 1


def parse_strict(data, depth_max=256):
    """The value of JSON bytes; ValueError for anything two readers could take differently."""
    if data.startswith(b"\xef\xbb\xbf"):
        raise ValueError("BOM")
    try:
        value = json.loads(
            data.decode("utf-8"),
            object_pairs_hook=_object,
            parse_int=_integer,
            parse_float=_float,
            parse_constant=_constant,
        )
    except RecursionError:
        raise ValueError("TOO_DEEP") from None
    _check(value, 0, depth_max)
    return value


def _object(pairs):
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("DUPLICATE_KEY")
    return members


def _integer(text):
    number = float(text)
    if abs(number) <= SAFE_INTEGER:
        return int(text)
    # A double if it prints back to the same digits, and else text, which no canonical form holds.
    return number if abs(number) < 1e300 and es6_number(number) == text else text


def _float(text):
    number = float(text)
    if number in (float("inf"), float("-inf")):
        raise ValueError("NUMBER_OUT_OF_RANGE")
    return number


def _constant(text):
    raise ValueError("SYNTAX: " + text)


def _check(value, depth, depth_max):
    if isinstance(value, str):
        if "\0" in value:
            raise ValueError("NUL")
        value.encode("utf-8")  # UnicodeEncodeError, a ValueError, for a lone surrogate
    elif isinstance(value, (dict, list)):
        if depth >= depth_max:
            raise ValueError("TOO_DEEP")
        if isinstance(value, dict):
            for key in value:
                _check(key, depth + 1, depth_max)
                if key == "__proto__":
                    raise ValueError("FORBIDDEN_KEY")
        for member in value.values() if isinstance(value, dict) else value:
            _check(member, depth + 1, depth_max)


def canonical(value):
    """RFC 8785 bytes of a value."""
    return _print(value).encode("utf-8")


def _print(value):
    if value is None or value is True or value is False:
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, (int, float)):
        return es6_number(float(value))
    if isinstance(value, list):
        return "[" + ",".join(_print(item) for item in value) + "]"
    keys = sorted(value, key=lambda key: key.encode("utf-16-be"))
    return "{" + ",".join(_print(key) + ":" + _print(value[key]) for key in keys) + "}"


def es6_number(number):
    """ECMAScript's Number::toString; Python's repr gives the same shortest digits in another layout."""
    if number == 0:
        return "0"
    sign = "-" if number < 0 else ""
    mantissa, _, exponent = repr(abs(number)).partition("e")
    whole, _, fraction = mantissa.partition(".")
    point = len(whole) + int(exponent or 0)
    digits = whole + fraction
    point -= len(digits) - len(digits.lstrip("0"))
    digits = digits.strip("0")
    count = len(digits)
    if count <= point <= 21:
        return sign + digits + "0" * (point - count)
    if 0 < point <= 21:
        return sign + digits[:point] + "." + digits[point:]
    if -6 < point <= 0:
        return sign + "0." + "0" * -point + digits
    power = point - 1
    tail = "." + digits[1:] if count > 1 else ""
    return "%s%s%se%s%d" % (sign, digits[0], tail, "+" if power > 0 else "-", abs(power))


# ---------------------------------------------------------------- entry

FIELDS = "actor delivery id kind occurredAt payload prev recordedAt seq source subject tenant type v"
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\Z")
DIGEST = re.compile(r"sha256:[0-9a-f]{64}\Z")
HASH = re.compile(r"[0-9a-f]{64}\Z")
TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z\Z")


def decode_entry(data, at):
    """The header of an entry's bytes, after every check of the format."""
    if len(data) > 65535:
        raise Fault("ENTRY_TOO_LARGE", at, "%d bytes, at most 65535" % len(data))
    try:
        header = parse_strict(data, 1)
    except ValueError as error:
        raise Fault("ENTRY_MALFORMED", at, str(error)) from None
    if not isinstance(header, dict):
        raise Fault("ENTRY_MALFORMED", at, "expected a JSON object")
    version = header.get("v")
    if header.get("kind") != "audit/1" or version is True or version != 1:
        raise Fault("ENTRY_KIND_UNKNOWN", at, "expected kind audit/1 and v 1")
    if set(header) - {"evidence"} != set(FIELDS.split()):
        raise Fault("ENTRY_FIELDS", at, "a field is missing or unknown")
    for field, well_formed in RULES.items():
        if field in header and not well_formed(header[field]):
            raise Fault("ENTRY_FIELDS", at, "%s: %r" % (field, header[field]))
    if canonical(header) != data:
        raise Fault("ENTRY_NOT_CANONICAL", at, "the bytes are not the RFC 8785 form")
    return header


def _like(pattern):
    return lambda value: isinstance(value, str) and pattern.match(value) is not None


def _is_time(value):
    if not _like(TIME)(value):
        return False
    try:
        # Python's calendar starts with year 1; year 0 is a leap year, as 2000 is.
        datetime.datetime.strptime(
            "2000" + value[4:] if value.startswith("0000") else value, "%Y-%m-%dT%H:%M:%S.%fZ"
        )
    except ValueError:
        return False
    return value[17:19] != "60" and value[17:19] != "61"


RULES = {
    **dict.fromkeys(
        ["actor", "delivery", "source", "subject", "type"],
        lambda value: isinstance(value, str) and value != "",
    ),
    "id": _like(UUID),
    "tenant": _like(UUID),
    "payload": _like(DIGEST),
    "evidence": _like(DIGEST),
    "prev": _like(HASH),
    "occurredAt": _is_time,
    "recordedAt": _is_time,
    "seq": lambda value: type(value) in (int, float)
    and value == int(value)
    and 0 <= value <= SAFE_INTEGER,
}


# ---------------------------------------------------------------- payload, disclosures, evidence


def open_payload(data, disclosures, at):
    try:
        payload = parse_strict(data)
    except ValueError as error:
        raise Fault("PAYLOAD_MALFORMED", at, str(error)) from None
    if canonical(payload) != data:
        raise Fault("PAYLOAD_NOT_CANONICAL", at, "the bytes are not the RFC 8785 form")
    pending = {}
    for disclosure in disclosures:
        if disclosure["path"] in pending:
            raise Fault("DISCLOSURE_DUPLICATE", at, disclosure["path"])
        pending[disclosure["path"]] = disclosure
    mismatches = []
    for path, digest in commitments(payload, ""):
        disclosure = pending.pop(path, None)
        if disclosure is not None:
            salt = from_base64(disclosure["salt"])
            if len(salt) != 16 or sha256(salt, canonical(disclosure["value"])).hex() != digest:
                mismatches.append(path)
    if mismatches:
        raise Fault("DISCLOSURE_MISMATCH", at, mismatches[0])
    if pending:
        raise Fault("DISCLOSURE_PATH_UNKNOWN", at, next(iter(pending)))
    version = payload.get("v") if isinstance(payload, dict) else None
    if version is True or version != 1:
        raise Fault("PAYLOAD_VERSION_UNKNOWN", at, "expected an object with v 1")


def commitments(node, path):
    """JSON Pointers and digests of all {"sd": "<64 hex>"} in a payload."""
    if isinstance(node, dict):
        digest = node.get("sd")
        if len(node) == 1 and isinstance(digest, str) and HASH.match(digest):
            yield path, digest
            return
        steps = node.items()
    elif isinstance(node, list):
        steps = enumerate(node)
    else:
        return
    for step, member in steps:
        escaped = str(step).replace("~", "~0").replace("/", "~1")
        yield from commitments(member, path + "/" + escaped)


def check_evidence(evidence, header, at):
    if "evidence" not in header:
        raise Fault("EVIDENCE_UNEXPECTED", at, "the entry names no evidence")
    salt = from_base64(evidence["salt"])
    digest = "sha256:" + sha256(salt, from_base64(evidence["bytes"])).hex()
    if len(salt) != 16 or digest != header["evidence"]:
        raise Fault("EVIDENCE_DIGEST_MISMATCH", at, "%s, expected %s" % (digest, header["evidence"]))


# ---------------------------------------------------------------- tree


class Tree:
    """RFC 6962: the roots of the perfect subtrees, largest first, as (leaves, hash)."""

    def __init__(self):
        self.size, self.subtrees = 0, []

    def append(self, leaf):
        leaves = 1
        while self.subtrees and self.subtrees[-1][0] == leaves:
            leaf = sha256(b"\x01", self.subtrees.pop()[1], leaf)
            leaves *= 2
        self.subtrees.append((leaves, leaf))
        self.size += 1

    def root(self):
        if not self.subtrees:
            return sha256()
        root = self.subtrees[-1][1]
        for _, left in reversed(self.subtrees[:-1]):
            root = sha256(b"\x01", left, root)
        return root


# ---------------------------------------------------------------- Ed25519 (RFC 8032 §5.1.7) and signed notes

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
I = pow(2, (P - 1) // 4, P)


def _point(data):
    y = int.from_bytes(data, "little")
    sign, y = y >> 255, y & (2**255 - 1)
    if y >= P:
        return None
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * I % P
    if (x * x - square) % P or (x == 0 and sign):
        return None
    if x & 1 != sign:
        x = P - x
    return (x, y, 1, x * y % P)


def _add(p, q):
    a, b = (p[1] - p[0]) * (q[1] - q[0]) % P, (p[1] + p[0]) * (q[1] + q[0]) % P
    c, d = 2 * p[3] * q[3] * D % P, 2 * p[2] * q[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return (e * f % P, g * h % P, f * g % P, e * h % P)


def _times(scalar, point):
    total = (0, 1, 1, 0)
    while scalar:
        if scalar & 1:
            total = _add(total, point)
        point = _add(point, point)
        scalar >>= 1
    return total


BASE = _point((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))


def ed25519_verify(key, message, signature):
    if len(signature) != 64:
        return False
    a, r = _point(key), _point(signature[:32])
    s = int.from_bytes(signature[32:], "little")
    if a is None or r is None or s >= L:
        return False
    challenge = int.from_bytes(hashlib.sha512(signature[:32] + key + message).digest(), "little") % L
    left, right = _times(s, BASE), _add(r, _times(challenge, a))
    return (left[0] * right[2] - right[0] * left[2]) % P == 0 and (
        left[1] * right[2] - right[1] * left[2]
    ) % P == 0


def parse_vkey(vkey):
    """(name, key id, 32 key bytes) of `name+hex id+base64(0x01 || key)`; ValueError when malformed."""
    name, key_id, encoded = vkey.strip().split("+", 2)
    typed = from_base64(encoded)
    if len(typed) != 33 or typed[0] != 1:
        raise ValueError("expected an Ed25519 key of type 0x01")
    if sha256(name.encode("utf-8"), b"\n", typed)[:4].hex() != key_id:
        raise ValueError("the key id does not belong to name and key")
    return name, key_id, typed[1:]


def open_checkpoint(shown, vkey, origin):
    """(size, root) out of a signed checkpoint; nothing but the note is believed."""
    note = shown["note"]
    text, gap, block = note.rpartition("\n\n")
    if not gap or not note.endswith("\n") or not block:
        raise Fault("NOTE_MALFORMED", None, "text, blank line and signature lines expected")
    if re.search("[\x00-\x09\x0b-\x1f]", note):
        raise Fault("NOTE_MALFORMED", None, "a control character")
    text += "\n"
    name, key_id, key = vkey
    verified = False
    for line in block[:-1].split("\n"):
        match = re.match("\u2014 ([^\\s+]+) ([A-Za-z0-9+/=]+)\\Z", line)
        if match is None:
            raise Fault("NOTE_MALFORMED", None, "a signature line is malformed")
        body = from_base64(match.group(2), "NOTE_MALFORMED")
        if match.group(1) == name and body[:4].hex() == key_id:
            if not ed25519_verify(key, text.encode("utf-8"), body[4:]):
                raise Fault("NOTE_SIGNATURE_INVALID", None, name)
            verified = True
    if not verified:
        raise Fault("NOTE_UNVERIFIED", None, "no signature of the given key")
    lines = text[:-1].split("\n")
    well_formed = len(lines) >= 3 and "" not in lines and re.match(r"(0|[1-9][0-9]{0,18})\Z", lines[1])
    root = from_base64(lines[2], "CHECKPOINT_MALFORMED") if well_formed else b""
    if len(root) != 32:
        raise Fault("CHECKPOINT_MALFORMED", None, "expected origin, size and root")
    if lines[0] != origin and not (origin is None and (lines[0] + "/").startswith(name + "/")):
        raise Fault("CHECKPOINT_ORIGIN", None, "of %s, expected %s" % (lines[0], origin or name))
    if [shown["origin"], shown["size"], shown["rootHash"]] != [lines[0], lines[1], root.hex()]:
        raise Fault("CHECKPOINT_FIELDS_MISMATCH", None, "the fields beside the note differ from it")
    return int(lines[1]), root


def from_base64(text, code="LINE_MALFORMED"):
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        data = None
    if data is None or base64.b64encode(data).decode() != text:
        raise Fault(code, None, "malformed base64")
    return data


# ---------------------------------------------------------------- the ledger


class Verifier:
    def __init__(self, head, tenant=None):
        self.tree, self.head, self.tenant = Tree(), head, tenant
        self.previous, self.recorded_at = "0" * 64, ""
        self.opened = self.withheld = 0
        self.meet_head()

    def push(self, entry):
        at = self.tree.size
        data = from_base64(entry["canonical"])
        header = decode_entry(data, at)
        if self.tenant is not None and header["tenant"] != self.tenant:
            raise Fault("TENANT_MISMATCH", at, "of tenant " + header["tenant"])
        if header["seq"] != at:
            raise Fault("SEQUENCE_MISMATCH", at, "seq %s, expected %d" % (header["seq"], at))
        if header["prev"] != self.previous or entry["previousHash"] != self.previous:
            raise Fault("PREVIOUS_HASH_MISMATCH", at, "expected " + self.previous)
        if header["recordedAt"] < self.recorded_at:
            raise Fault("RECORDED_AT_DECREASED", at, header["recordedAt"])
        leaf = sha256(b"\x00", data)
        if entry["leafHash"] != leaf.hex():
            raise Fault("LEAF_HASH_MISMATCH", at, "expected " + leaf.hex())
        self.compare_columns(entry, header, at)
        self.check_contents(entry, header, at)
        self.tree.append(leaf)
        self.previous, self.recorded_at = leaf.hex(), header["recordedAt"]
        self.tenant = header["tenant"]
        self.meet_head()

    def compare_columns(self, entry, header, at):
        shown = {name: entry[name] for name in ("id", "type", "source", "subject")}
        shown.update(actor=entry["actor"]["id"], seq=entry["sequence"])
        shown["payload"] = "sha256:" + entry["payloadDigest"]
        for name, value in shown.items():
            expected = "%d" % header[name] if name == "seq" else header[name]
            if value != expected:
                raise Fault("COLUMN_MISMATCH", at, "%s %r, expected %r" % (name, value, expected))
        for name in ("occurredAt", "recordedAt"):
            if milliseconds(entry[name]) != milliseconds(header[name]):
                raise Fault("COLUMN_MISMATCH", at, "%s %s" % (name, entry[name]))
        evidence = entry["evidenceDigest"]
        if header.get("evidence") != (None if evidence is None else "sha256:" + evidence):
            raise Fault("COLUMN_MISMATCH", at, "evidence digest %s" % evidence)

    def check_contents(self, entry, header, at):
        if entry["payloadCanonical"] is not None:
            payload = from_base64(entry["payloadCanonical"])
            digest = "sha256:" + sha256(payload).hex()
            if digest != header["payload"]:
                raise Fault("PAYLOAD_DIGEST_MISMATCH", at, "expected " + header["payload"])
            open_payload(payload, entry["disclosures"], at)
            self.opened += 1
        else:
            self.withheld += 1
        if entry.get("evidence") is not None:
            check_evidence(entry["evidence"], header, at)

    def meet_head(self):
        size, root = self.head
        if self.tree.size == size and self.tree.root() != root:
            raise Fault("ROOT_MISMATCH", size, "%s, expected %s" % (self.tree.root().hex(), root.hex()))

    def finish(self):
        if self.tree.size < self.head[0]:
            raise Fault("ENTRIES_MISSING", self.tree.size, "expected %d entries" % self.head[0])


def milliseconds(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))


# ---------------------------------------------------------------- sources


def lines_of(path):
    with open(path, "rb") as file:
        for number, line in enumerate(file):
            try:
                yield parse_strict(line)
            except ValueError as error:
                raise Fault("LINE_MALFORMED", max(0, number - 1), str(error)) from None


ENTRIES = """query Verify($from: Sequence!, $to: Sequence!, $first: Int!) {
  entries(filter: { fromSequence: $from, toSequence: $to }, first: $first) { edges { node {
    sequence id type source subject actor { id } occurredAt recordedAt previousHash leafHash canonical
    payloadCanonical payloadDigest evidenceDigest
    disclosures { path salt value dataSubject } %s } } } }"""


def pages_of(url, token, page, with_evidence):
    """The checkpoint, then every entry it covers, as the lines of a file would be."""
    checkpoint = ask(url, token, "{ checkpoint { origin size rootHash note } }", {})["checkpoint"]
    if checkpoint is None:
        raise Unverifiable("the ledger has no checkpoint yet")
    yield {"checkpoint": checkpoint}
    query = ENTRIES % ("evidence { salt mediaType bytes }" if with_evidence else "")
    at, size = 0, int(checkpoint["size"])
    while at < size:
        last = min(size, at + page) - 1
        variables = {"from": str(at), "to": str(last), "first": last - at + 1}
        edges = ask(url, token, query, variables)["entries"]["edges"]
        if not edges:
            return
        for edge in edges:
            yield edge["node"]
        at += len(edges)


def ask(url, token, query, variables):
    body = json.dumps({"query": query, "variables": variables}).encode("utf-8")
    headers = {"content-type": "application/json", "authorization": "Bearer " + token}
    try:
        with urllib.request.urlopen(urllib.request.Request(url, body, headers), timeout=60) as answer:
            data = answer.read()
    except urllib.error.HTTPError as error:
        raise Unverifiable("%s answered %d: %s" % (url, error.code, error.read(500))) from None
    except OSError as error:
        raise Unverifiable("%s: %s" % (url, error)) from None
    try:
        answer = parse_strict(data)
    except ValueError as error:
        raise Unverifiable("the answer is no strict JSON: %s" % error) from None
    if answer.get("errors"):
        raise Unverifiable("GraphQL: %s" % answer["errors"][0].get("message"))
    return answer["data"]


def verify(lines, vkey, origin, tenant):
    verifier = None
    for line in lines:
        try:
            if verifier is None:
                if "checkpoint" not in line:
                    raise Fault("CHECKPOINT_MISSING", None, "the first line holds no checkpoint")
                verifier = Verifier(open_checkpoint(line["checkpoint"], vkey, origin), tenant)
            else:
                verifier.push(line)
        except (KeyError, TypeError, AttributeError) as error:
            at = None if verifier is None else verifier.tree.size
            raise Fault("LINE_MALFORMED", at, "field %s" % error) from None
    if verifier is None:
        raise Fault("CHECKPOINT_MISSING", None, "there is no line")
    verifier.finish()
    return verifier


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--vkey", required=True, help="verifier key of the log: name+id+base64")
    parser.add_argument("--origin", help="of the checkpoint; default: the vkey's name, or below it")
    parser.add_argument("--tenant", help="UUID that every entry must carry")
    parser.add_argument("--file", help="JSON lines: the checkpoint, then an entry a line")
    parser.add_argument("--url", help="GraphQL endpoint")
    parser.add_argument("--token", default=os.environ.get("COUNTERSIGN_TOKEN"))
    parser.add_argument("--page", type=int, default=50, help="entries per request")
    parser.add_argument("--no-evidence", action="store_true", help="leave received bytes out")
    try:
        options = parser.parse_args()
        vkey = parse_vkey(options.vkey)
        if (options.file is None) == (options.url is None):
            raise ValueError("give either --file or --url")
        if options.url is not None and not options.token:
            raise ValueError("give --token or set COUNTERSIGN_TOKEN")
    except SystemExit as error:
        return 3 if error.code else 0
    except (ValueError, Fault) as error:
        print("usage: %s" % error, file=sys.stderr)
        return 3
    try:
        if options.file is not None:
            lines = lines_of(options.file)
        else:
            lines = pages_of(options.url, options.token, options.page, not options.no_evidence)
        done = verify(lines, vkey, options.origin, options.tenant)
    except Fault as fault:
        where = "checkpoint" if fault.sequence is None else "sequence %d" % fault.sequence
        print("FAILED %s %s: %s" % (fault.code, where, fault.detail))
        return 1
    except (Unverifiable, OSError) as error:
        print("UNVERIFIED %s" % error, file=sys.stderr)
        return 2
    size, root = done.head
    print("OK %d entries, root %s" % (done.tree.size, done.tree.root().hex()))
    print("checkpoint of %d entries signed by %s, root %s" % (size, vkey[0], root.hex()))
    print("payloads checked: %d, withheld: %d" % (done.opened, done.withheld))
    return 0


if __name__ == "__main__":
    sys.exit(main())
