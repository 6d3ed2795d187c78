#!/usr/bin/env python3
"""Verifies a Countersign ledger without Countersign's code: Python 3.8 or later, standard library only.

It recomputes leaf hashes, the chain of previous hashes, payload, disclosure and evidence digests, and the RFC 6962
root, and checks the checkpoint's Ed25519 signature; of a bundle also the tiles, the consistency proof, the receipt in
the log of heads and the cosignatures. Written from docs/ledger-format.md; the codes are the same. Time stamps are not
judged here (openssl ts -verify does).

  verify-ledger.py --bundle acme-bundle --policy acme.policy [--known last-year.checkpoint]
  verify-ledger.py --vkey 'NAME+ID+KEY' --file ledger.jsonl
  verify-ledger.py --vkey 'NAME+ID+KEY' --url http://localhost:4000/graphql --token "$TOKEN"

Exit status: 0 verified, 1 tampered with, 2 incomplete or could not be verified, 3 wrong usage.
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
import unicodedata
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


def open_payload(data, disclosures, header, at):
    """Checks a payload's bytes, and its disclosures: (path, salt, value) each."""
    digest = "sha256:" + sha256(data).hex()
    if digest != header["payload"]:
        raise Fault("PAYLOAD_DIGEST_MISMATCH", at, "expected " + header["payload"])
    try:
        payload = parse_strict(data)
    except ValueError as error:
        raise Fault("PAYLOAD_MALFORMED", at, str(error)) from None
    if canonical(payload) != data:
        raise Fault("PAYLOAD_NOT_CANONICAL", at, "the bytes are not the RFC 8785 form")
    pending = {}
    for path, salt, value in disclosures:
        if path in pending:
            raise Fault("DISCLOSURE_DUPLICATE", at, path)
        pending[path] = (salt, value)
    mismatches = []
    for path, digest in commitments(payload, ""):
        if path in pending:
            salt, value = pending.pop(path)
            if len(salt) != 16 or sha256(salt, canonical(value)).hex() != digest:
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


def check_evidence(salt, data, header, at):
    if "evidence" not in header:
        raise Fault("EVIDENCE_UNEXPECTED", at, "the entry names no evidence")
    digest = "sha256:" + sha256(salt, data).hex()
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


def parse_vkey(vkey, kind=1):
    """(name, key id, 32 key bytes) of `name+hex id+base64(type || key)`; ValueError when malformed."""
    name, key_id, encoded = vkey.strip().split("+", 2)
    typed = from_base64(encoded)
    if len(typed) != 33 or typed[0] != kind:
        raise ValueError("expected an Ed25519 key of type 0x%02x" % kind)
    if not is_key_name(name) or sha256(name.encode("utf-8"), b"\n", typed)[:4].hex() != key_id:
        raise ValueError("the key id does not belong to name and key")
    return name, key_id, typed[1:]


def is_key_name(name):
    """Not empty, without +, and without a character of Unicode's categories C and Z."""
    return name != "" and not any(c == "+" or unicodedata.category(c)[0] in "CZ" for c in name)


def cosignature_verify(key, text, signature):
    """c2sp.org/tlog-cosignature: 8 bytes of time, then a signature over time and text."""
    seconds = int.from_bytes(signature[:8], "big")
    if len(signature) != 72 or seconds >= 2**63:
        return False
    return ed25519_verify(key, b"cosignature/v1\ntime %d\n" % seconds + text, signature[8:])


def open_note(note, logs, witnesses=()):
    """(text, verified keys) of a signed note. Keys are (name, key id, key bytes), of logs and of witnesses."""
    if len(note) > 1000000:
        raise Fault("NOTE_TOO_LARGE", None, "%d bytes" % len(note))
    try:
        note = note.decode("utf-8")
    except UnicodeDecodeError:
        raise Fault("NOTE_MALFORMED", None, "no UTF-8") from None
    text, gap, block = note.rpartition("\n\n")
    if not gap or not note.endswith("\n") or not block:
        raise Fault("NOTE_MALFORMED", None, "text, blank line and signature lines expected")
    if re.search("[\x00-\x09\x0b-\x1f]", note):
        raise Fault("NOTE_MALFORMED", None, "a control character")
    lines = block[:-1].split("\n")
    if len(lines) > 100:
        raise Fault("NOTE_TOO_MANY_SIGNATURES", None, "%d lines" % len(lines))
    data = (text + "\n").encode("utf-8")
    known = [(key, ed25519_verify) for key in logs] + [(key, cosignature_verify) for key in witnesses]
    verified = []
    for dash, name, encoded in map(signature_line, lines):
        body = from_base64(encoded, "NOTE_MALFORMED")
        if dash != "\u2014" or not is_key_name(name) or len(body) < 5:
            raise Fault("NOTE_MALFORMED", None, "a signature line is malformed")
        for key, verify in known:
            if key[:2] == (name, body[:4].hex()):
                if not verify(key[2], data, body[4:]):
                    raise Fault("NOTE_SIGNATURE_INVALID", None, name)
                verified.append(key)
                break
    return data, verified


def signature_line(line):
    words = line.split(" ")
    return words if len(words) == 3 else ("", "", "AAAA")


def parse_checkpoint(data):
    """(origin, size, root) of a checkpoint's text."""
    lines = data.decode("utf-8")[:-1].split("\n")
    well_formed = len(lines) >= 3 and "" not in lines and parse_size(lines[1]) is not None
    root = from_base64(lines[2], "CHECKPOINT_MALFORMED") if well_formed else b""
    if len(root) != 32:
        raise Fault("CHECKPOINT_MALFORMED", None, "expected origin, size and root")
    return lines[0], int(lines[1]), root


def parse_size(text):
    """A decimal number below 2^63 without sign and leading zero; None for anything else."""
    well_formed = re.match(r"(0|[1-9][0-9]{0,18})\Z", text) is not None
    return int(text) if well_formed and int(text) < 2**63 else None


def open_checkpoint(shown, vkey, origin):
    """(size, root) out of a signed checkpoint; nothing but the note is believed."""
    text, verified = open_note(shown["note"].encode("utf-8"), [vkey])
    name = vkey[0]
    if not verified:
        raise Fault("NOTE_UNVERIFIED", None, "no signature of the given key")
    claimed, size, root = parse_checkpoint(text)
    if claimed != origin and not (origin is None and (claimed + "/").startswith(name + "/")):
        raise Fault("CHECKPOINT_ORIGIN", None, "of %s, expected %s" % (claimed, origin or name))
    if [shown["origin"], shown["size"], shown["rootHash"]] != [claimed, str(size), root.hex()]:
        raise Fault("CHECKPOINT_FIELDS_MISMATCH", None, "the fields beside the note differ from it")
    return size, root


def from_base64(text, code="LINE_MALFORMED"):
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        data = None
    if data is None or base64.b64encode(data).decode() != text:
        raise Fault(code, None, "malformed base64")
    return data


# ---------------------------------------------------------------- the ledger


class Chain:
    """The place of each entry: one tenant, no gap, every link, no time that goes back."""

    def __init__(self, sequence=0, previous="0" * 64, tenant=None):
        self.sequence, self.previous, self.tenant = sequence, previous, tenant
        self.recorded_at = ""

    def take(self, data):
        at = self.sequence
        header = decode_entry(data, at)
        if self.tenant is not None and header["tenant"] != self.tenant:
            raise Fault("TENANT_MISMATCH", at, "of tenant " + header["tenant"])
        if header["seq"] != at:
            raise Fault("SEQUENCE_MISMATCH", at, "seq %s, expected %d" % (header["seq"], at))
        if header["prev"] != self.previous:
            raise Fault("PREVIOUS_HASH_MISMATCH", at, "expected " + self.previous)
        if header["recordedAt"] < self.recorded_at:
            raise Fault("RECORDED_AT_DECREASED", at, header["recordedAt"])
        leaf = sha256(b"\x00", data)
        self.sequence, self.previous, self.tenant = at + 1, leaf.hex(), header["tenant"]
        self.recorded_at = header["recordedAt"]
        return header, leaf


class Verifier:
    def __init__(self, head, tenant=None):
        self.tree, self.head, self.chain = Tree(), head, Chain(tenant=tenant)
        self.opened = self.withheld = 0
        self.meet_head()

    def push(self, entry):
        at, previous = self.tree.size, self.chain.previous
        header, leaf = self.chain.take(from_base64(entry["canonical"]))
        if entry["previousHash"] != previous:
            raise Fault("PREVIOUS_HASH_MISMATCH", at, "expected " + previous)
        if entry["leafHash"] != leaf.hex():
            raise Fault("LEAF_HASH_MISMATCH", at, "expected " + leaf.hex())
        self.compare_columns(entry, header, at)
        self.check_contents(entry, header, at)
        self.tree.append(leaf)
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
            shown = [(d["path"], from_base64(d["salt"]), d["value"]) for d in entry["disclosures"]]
            open_payload(from_base64(entry["payloadCanonical"]), shown, header, at)
            self.opened += 1
        else:
            self.withheld += 1
        evidence = entry.get("evidence")
        if evidence is not None:
            check_evidence(from_base64(evidence["salt"]), from_base64(evidence["bytes"]), header, at)

    def meet_head(self):
        size, root = self.head
        if self.tree.size == size and self.tree.root() != root:
            raise Fault("ROOT_MISMATCH", size, "%s, expected %s" % (self.tree.root().hex(), root.hex()))

    def finish(self):
        if self.tree.size < self.head[0]:
            raise Fault("ENTRIES_MISSING", self.tree.size, "expected %d entries" % self.head[0])


def milliseconds(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))


# ---------------------------------------------------------------- the policy: what is trusted


class Policy:
    """c2sp.org/tlog-policy. ValueError for a malformed file."""

    def __init__(self, text):
        self.logs, self.witnesses, self.groups, self.quorum = [], {}, [], None
        for line in text.split("\n"):
            if re.search("[\x00-\x08\x0a-\x1f\x7f\ufffd]", line):
                raise ValueError("a control character in the policy")
            words = [word for word in re.split("[ \t]+", line) if word]
            if words and not words[0].startswith("#"):
                self.line(words[0], words[1:])
        if self.quorum is None:
            raise ValueError("the policy has no quorum line")

    def line(self, keyword, words):
        taken = {"none", *self.witnesses, *(name for name, _, _ in self.groups)}
        in_groups = {member for _, _, members in self.groups for member in members}
        if keyword == "log" and 1 <= len(words) <= 2:
            key = parse_vkey(words[0])
            if key in self.logs:
                raise ValueError("a log stands twice")
            self.logs.append(key)
        elif keyword == "witness" and 2 <= len(words) <= 3 and words[0] not in taken:
            key = parse_vkey(words[1], 4)
            if any(key[2] == other[2] for other in self.witnesses.values()):
                raise ValueError("a witness's key stands twice")
            self.witnesses[words[0]] = key
        elif keyword == "group" and len(words) >= 3 and words[0] not in taken:
            members = words[2:]
            count = {"all": len(members), "any": 1}.get(words[1], parse_size(words[1]) or 0)
            known = set(members) <= taken - {"none"} - in_groups and len(set(members)) == len(members)
            if not known or not 1 <= count <= len(members):
                raise ValueError("a group of unknown members, or of another number")
            self.groups.append((words[0], count, members))
        elif keyword == "quorum" and len(words) == 1 and self.quorum is None and words[0] in taken:
            self.quorum = words[0]
        else:
            raise ValueError("the policy line %s cannot be read" % keyword)

    def met(self, keys):
        """Whether these keys make up the quorum."""
        names = {name for name, key in self.witnesses.items() if key in keys}
        for name, count, members in self.groups:
            if len(names & set(members)) >= count:
                names.add(name)
        return self.quorum == "none" or self.quorum in names

    def pins(self, origin):
        return any(name == origin for name, _, _ in self.logs)

    def open(self, note, origin):
        """(size, root, quorum met) of a checkpoint of this log."""
        logs = [key for key in self.logs if key[0] == origin]
        text, verified = open_note(note, logs, self.witnesses.values())
        if not verified:
            raise Fault("NOTE_UNVERIFIED", None, "no signature of a pinned key")
        if not any(key in logs for key in verified):
            raise Fault("CHECKPOINT_LOG_KEY", None, "no signature of a key of the log")
        claimed, size, root = parse_checkpoint(text)
        if claimed != origin:
            raise Fault("CHECKPOINT_ORIGIN", None, "of %s, expected %s" % (claimed, origin))
        return size, root, self.met(verified)


def origin_of(note):
    """What an unverified note says it is of."""
    return note.split(b"\n")[0].decode("utf-8", "replace")


def is_heads(origin):
    return re.search(r"/heads/[^/]+\Z", origin) is not None


# ---------------------------------------------------------------- proofs (RFC 9162 §2.1.3.2, §2.1.4.2)


def climb(first, last, fold, proof):
    """Goes up from node `first` of a level whose last node is `last`; false when the proof has another length."""
    for node in proof:
        if last == 0:
            return False
        fold(node, first & 1 == 1 or first == last)
        if first == last:
            while first & 1 == 0 and first:
                first, last = first >> 1, last >> 1
        first, last = first >> 1, last >> 1
    return last == 0


def included(leaf, index, size, proof, root):
    found = [leaf]

    def fold(node, left):
        found[0] = sha256(b"\x01", node, found[0]) if left else sha256(b"\x01", found[0], node)

    return index < size and climb(index, size - 1, fold, proof) and found[0] == root


def consistent(old_size, old_root, size, root, proof):
    if old_size > size or old_size in (0, size):
        return not proof and old_root == (sha256() if old_size == 0 else root)
    if old_size & (old_size - 1) == 0:
        proof = [old_root] + proof
    if not proof:
        return False
    first, last, found = old_size - 1, size - 1, [proof[0], proof[0]]
    while first & 1:
        first, last = first >> 1, last >> 1

    def fold(node, left):
        found[1] = sha256(b"\x01", node, found[1]) if left else sha256(b"\x01", found[1], node)
        if left:
            found[0] = sha256(b"\x01", node, found[0])

    return climb(first, last, fold, proof[1:]) and found == [old_root, root]


def hash_lines(lines, code):
    hashes = [from_base64(line, code) for line in lines]
    if len(hashes) > 63 or any(len(item) != 32 for item in hashes):
        raise Fault(code, None, "expected up to 63 hashes of 32 bytes")
    return hashes


# ---------------------------------------------------------------- the bundle


class Missing(Exception):
    """Without this there is nothing to go on with: a code and a sentence. Not tampering."""


def tile_path(kind, index, width=256):
    text = "%03d" % (index % 1000)
    while index >= 1000:
        index //= 1000
        text = "x%03d/%s" % (index % 1000, text)
    return "tile/%s/%s%s" % (kind, text, "" if width == 256 else ".p/%d" % width)


def tree_files(size, start, end):
    """(kind, index, width) of each file below tile/ and payload/, in the order of the bundle."""
    top = 0
    while 256 ** (top + 1) <= size:
        top += 1
    for level in range(top, -1, -1):
        if size // 256**level % 256:
            yield level, size // 256 ** (level + 1), size // 256**level % 256

    def below(level, index):
        first, span = index * 256 ** (level + 1), 256 ** (level + 1)
        if first >= size:
            return
        if level > 0:
            if first + span <= size:
                yield level, index, 256
            for child in range(256 * index, 256 * (index + 1)):
                yield from below(level - 1, child)
        elif start < end and max(start - 1, 0) // 256 <= index < (end + 255) // 256:
            width = min(256, size - first)
            if width == 256:
                yield 0, index, 256
            if index >= start // 256:
                yield "entries", index, width
                yield "payload", index, width

    yield from below(top, 0)


def root_of(hashes):
    """The root over hashes that stand one behind the other; their number is a power of two."""
    row = [hashes[i : i + 32] for i in range(0, len(hashes), 32)]
    while len(row) > 1:
        row = [sha256(b"\x01", row[i], row[i + 1]) for i in range(0, len(row), 2)]
    return row[0]


def edge_root(edge):
    """The root of the tree whose partial tiles these are, by level: folded from the right, the lowest level first."""
    root = None
    for level in sorted(edge):
        hashes, count = edge[level], len(edge[level]) // 32
        for bit in range(8):
            if count >> bit & 1:
                cut = len(hashes) - (32 << bit)
                left, hashes = root_of(hashes[cut:]), hashes[:cut]
                root = left if root is None else sha256(b"\x01", left, root)
    return sha256() if root is None else root


class Bundle:
    def __init__(self, folder, policy, known):
        self.folder, self.policy, self.known = folder, policy, known
        self.lacking, self.opened, self.witnessed, self.stamps = [], 0, False, 0
        self.full, self.edge, self.earlier, self.covered = {}, {}, {}, []
        self.logs, self.key = {}, None

    def lacks(self, code, detail):
        self.lacking.append((code, detail))

    # -- files

    def path(self, name):
        """Of a file that is there; no symbolic link is followed."""
        place = self.folder
        for part in name.split("/"):
            place = os.path.join(place, part)
            if os.path.islink(place):
                raise Missing("FILE_MISSING", name)
        if not os.path.isfile(place):
            raise Missing("FILE_MISSING", name)
        return place

    def read_index(self):
        line = re.compile(rb"([0-9a-f]{64})  ([!-~]{1,400})\n\Z")
        with open(self.path("files.sha256"), "rb") as file:
            for text in iter(lambda: file.readline(600), b""):
                match = line.match(text)
                if match is None:
                    raise Fault("INDEX_MALFORMED", None, repr(text[:120]))
                yield match.group(1).decode(), match.group(2).decode()

    def start(self):
        self.index, self.count = self.read_index(), 0
        self.next = next(self.index, None)

    def has(self, name):
        return self.next is not None and self.next[1] == name

    def take(self, name, limit):
        """The bytes of the next file, which must be this one."""
        if not self.has(name):
            raise Missing("FILE_UNLISTED", "%s, expected %s" % (self.next and self.next[1], name))
        digest, path = self.next[0], self.path(name)
        if os.path.getsize(path) > limit:
            raise Fault("FILE_TOO_LARGE", None, name)
        with open(path, "rb") as file:
            data = file.read(limit + 1)
        if sha256(data).hex() != digest:
            raise Fault("FILE_DIGEST", None, name)
        self.count, self.next = self.count + 1, next(self.index, None)
        return data

    def finish_files(self):
        if self.next is not None:
            raise Missing("FILE_UNLISTED", self.next[1])
        there = 0
        for place, folders, files in os.walk(self.folder):
            there += len(files) + sum(os.path.islink(os.path.join(place, name)) for name in folders)
        if there != self.count + 1:
            self.lacks("FILE_EXTRA", "%d files, %d are listed" % (there, self.count + 1))

    # -- the parts, in the order of files.sha256

    def verify(self):
        self.start()
        self.read_manifest()
        self.read_checkpoint()
        self.read_old()
        heads = (self.note, self.size, self.root, self.quorum) if self.is_heads else self.read_heads()
        self.check_known(heads)
        self.witnessed = heads is not None and heads[3]
        if not self.witnessed and self.policy.quorum != "none":
            self.lacks("QUORUM_NOT_MET", "expected the quorum " + self.policy.quorum)
        last = ""
        while self.next and re.match(r"heads/anchors/[A-Za-z0-9][A-Za-z0-9._-]{0,99}\.tsr\Z", self.next[1]):
            if self.next[1] <= last or self.stamps >= 32:
                raise Missing("FILE_UNLISTED", self.next[1])
            last, self.stamps = self.next[1], self.stamps + 1
            self.take(last, 131072)
        if self.has("policy"):
            self.take("policy", 1000000)
        self.read_tree()
        self.finish_known()
        self.finish_files()

    def read_manifest(self):
        data = self.take("bundle.json", 1048576)
        try:
            self.manifest = parse_strict(data)
            good = is_manifest(self.manifest) and canonical(self.manifest) == data
        except ValueError:
            good = False
        if not good:
            raise Fault("MANIFEST_MALFORMED", None, "bundle.json")
        self.is_heads = self.manifest["kind"] == "heads"

    def read_checkpoint(self):
        origin = self.manifest["origin"]
        self.note = self.take("checkpoint", 1000000)
        if not self.policy.pins(origin):
            raise Missing("LOG_NOT_PINNED", origin)
        try:
            self.size, self.root, self.quorum = self.policy.open(self.note, origin)
        except Fault as fault:
            if fault.code == "NOTE_UNVERIFIED":
                raise Missing(fault.code, fault.detail) from None
            raise
        if is_heads(origin) != self.is_heads:
            raise Fault("LOG_KIND", None, origin)
        if self.size > SAFE_INTEGER:
            raise Missing("SIZE_TOO_LARGE", str(self.size))
        if self.size != self.manifest["size"]:
            raise Fault("MANIFEST_SIZE", None, "expected %d" % self.size)

    def read_old(self):
        if not self.has("checkpoint.old"):
            return
        old, lines = self.take("checkpoint.old", 1000000), self.take("consistency", 8192)
        try:
            size, root, _ = self.policy.open(old, self.manifest["origin"])
        except Fault as fault:
            raise Fault("OLD_CHECKPOINT_INVALID", None, fault.code) from None
        text = lines.decode("latin-1")
        if text and not text.endswith("\n"):
            raise Fault("CONSISTENCY_MALFORMED", None, "no line feed at the end")
        proof = hash_lines(text.split("\n")[:-1], "CONSISTENCY_MALFORMED")
        if not consistent(size, root, self.size, self.root, proof):
            raise Fault("CONSISTENCY_BROKEN", None, "from size %d" % size)

    def read_heads(self):
        """(note, size, root, quorum met) of the log of heads, in which the checkpoint's head is."""
        pinned = any(is_heads(name) for name, _, _ in self.policy.logs)
        if not self.has("heads/checkpoint"):
            if pinned:
                self.lacks("HEADS_MISSING", "no heads/checkpoint")
            return None
        note, proof = self.take("heads/checkpoint", 1000000), self.take("heads/head.tlog-proof", 2000000)
        origin = origin_of(note)
        if not pinned:
            return None
        if not self.policy.pins(origin):
            self.lacks("HEADS_NOT_PINNED", origin)
            return None
        try:
            size, root, quorum = self.policy.open(note, origin)
        except Fault as fault:
            raise Fault("HEADS_CHECKPOINT_INVALID", None, fault.code) from None
        if not is_heads(origin):
            raise Fault("HEADS_CHECKPOINT_INVALID", None, origin)
        text, gap, checkpoint = proof.decode("utf-8", "replace").partition("\n\n")
        lines = text.split("\n")
        if len(lines) > 1 and lines[1].startswith("extra "):
            from_base64(lines.pop(1)[6:], "HEAD_PROOF_MALFORMED")
        index = parse_size(lines[1][6:]) if len(lines) > 1 and lines[1].startswith("index ") else None
        if not gap or lines[0] != "c2sp.org/tlog-proof@v1" or index is None:
            raise Fault("HEAD_PROOF_MALFORMED", None, "heads/head.tlog-proof")
        hashes = hash_lines(lines[2:], "HEAD_PROOF_MALFORMED")
        if checkpoint.encode("utf-8") != note:
            raise Fault("HEAD_PROOF_CHECKPOINT", None, "of another checkpoint")
        head = {"kind": "head/1", "origin": self.manifest["origin"], "size": self.size, "v": 1}
        head["root"] = base64.b64encode(self.root).decode()
        if not included(sha256(b"\x00", canonical(head)), index, size, hashes, root):
            raise Fault("HEAD_NOT_INCLUDED", None, "leaf %d of size %d" % (index, size))
        return note, size, root, quorum

    def check_known(self, heads):
        """Measures the bundle by a checkpoint that was kept: of its own log, or of the log of heads."""
        self.wanted = None
        if self.known is None:
            return
        origin = origin_of(self.known)
        own = origin == self.manifest["origin"]
        measured = (self.note, self.size, self.root) if own else heads
        try:
            size, root, _ = self.policy.open(self.known, origin)
            if measured is None or origin_of(measured[0]) != origin:
                raise Fault("KNOWN_UNVERIFIED", None, origin)
        except Fault as fault:
            self.lacks("KNOWN_UNVERIFIED", fault.code)
            return
        if size > measured[1]:
            raise Fault("ROLLED_BACK", measured[1], "expected at least %d" % size)
        if size == measured[1] and root != measured[2]:
            raise Fault("KNOWN_ROOT_MISMATCH", size, root.hex())
        if size < measured[1]:
            self.wanted = (size if own else None, root)

    def finish_known(self):
        if self.wanted is None:
            return
        size, root = self.wanted
        levels = [level for level in range(8) if size is not None and size // 256**level % 256]
        if size is None or set(levels) != set(self.earlier):
            self.lacks("KNOWN_UNPROVEN", "the bundle does not show the tree of that size")
        elif edge_root(self.earlier) != root:
            raise Fault("KNOWN_ROOT_MISMATCH", size, "expected " + root.hex())

    # -- the tree

    def read_tree(self):
        start, end = self.manifest["from"], self.manifest["to"]
        chain, edge_open = None, True
        for kind, index, width in tree_files(self.size, start, end):
            if edge_open and (kind in ("entries", "payload") or width == 256):
                edge_open = self.close_edge()
            if kind == "entries":
                if chain is None:
                    before = None if start == 0 else self.leaves((start - 1) // 256)
                    at = 32 * ((start - 1) % 256)
                    previous = "0" * 64 if before is None else before[at : at + 32].hex()
                    chain = Chain(start, previous, self.manifest["tenant"])
                self.read_entries(index, width, chain)
            elif kind == "payload":
                covered, self.covered = self.covered, []
                if covered:
                    self.read_payloads(tile_path("entries", index)[13:], covered)
            else:
                self.read_tile(kind, index, width)
        if edge_open:
            self.close_edge()
        if self.is_heads and (start > 0 or end < self.size):
            self.lacks("HEADS_NOT_WHOLE", "%d to %d" % (start, end))

    def read_tile(self, level, index, width):
        data = self.take(tile_path(level, index, width), 8192)
        if len(data) != 32 * width:
            raise Fault("TILE_LENGTH", None, "tile %d of level %d" % (index, level))
        if width < 256:
            self.edge[level] = (index, data)
            return
        above = self.tile(level + 1, index // 256)
        at = 32 * (index % 256)
        if above is None or above[at : at + 32] != root_of(data):
            raise Fault("TILE_MISMATCH", index * 256 ** (level + 1), "level %d" % level)
        if level == 0 and 0 in self.full:
            self.before = self.full[0]
        self.full[level] = (index, data)
        self.show(level, index, data)

    def close_edge(self):
        found = edge_root({level: data for level, (_, data) in self.edge.items()})
        if found != self.root:
            raise Fault("ROOT_MISMATCH", None, "%s, expected %s" % (found.hex(), self.root.hex()))
        for level, (index, data) in self.edge.items():
            self.show(level, index, data)
        return False

    def show(self, level, index, data):
        """Keeps the edge of the tree as it was at the size of the kept checkpoint."""
        if self.wanted is None or self.wanted[0] is None:
            return
        count = self.wanted[0] // 256**level
        if count % 256 and count // 256 == index and len(data) >= 32 * (count % 256):
            self.earlier[level] = data[: 32 * (count % 256)]

    def tile(self, level, index):
        for tile in (self.full.get(level), self.edge.get(level)):
            if tile is not None and tile[0] == index:
                return tile[1]
        return None

    def leaves(self, block):
        """The leaf hashes of a block that was read last, or before it."""
        before = getattr(self, "before", None)
        return before[1] if before is not None and before[0] == block else self.tile(0, block) or b""

    def read_entries(self, block, width, chain):
        data = self.take(tile_path("entries", block, width), 16777472)
        entries, at, hashes = [], 0, self.leaves(block)
        while at + 2 <= len(data):
            end = at + 2 + int.from_bytes(data[at : at + 2], "big")
            entries.append(data[at + 2 : end])
            at = end
        if at != len(data) or len(entries) != width or len(hashes) != 32 * width:
            raise Fault("ENTRY_COUNT", 256 * block, "expected %d entries" % width)
        for i, entry in enumerate(entries):
            sequence, leaf = 256 * block + i, sha256(b"\x00", entry)
            if leaf != hashes[32 * i : 32 * i + 32]:
                raise Fault("LEAF_HASH_MISMATCH", sequence, leaf.hex())
            if not self.manifest["from"] <= sequence < self.manifest["to"]:
                continue
            if self.is_heads:
                self.read_head_leaf(sequence, entry)
                continue
            header, _ = chain.take(entry)
            if self.manifest["payloads"] != "none" and matches(self.manifest["filter"], header):
                self.covered.append(header)

    # -- payloads

    def read_payloads(self, name, covered):
        name = "payload/%s.jsonl" % name
        if not self.has(name):
            self.lacks("PAYLOAD_MISSING", "of entry %d" % covered[0]["seq"])
            return
        digest = hashlib.sha256()
        with open(self.path(name), "rb") as file:
            for line in iter(lambda: file.readline(33554433), b""):
                if len(line) > 33554432:
                    raise Fault("FILE_TOO_LARGE", None, name)
                digest.update(line)
                shown = payload_line(line[:-1] if line.endswith(b"\n") else line, covered)
                while covered and covered[0]["seq"] < shown["seq"]:
                    self.lacks("PAYLOAD_MISSING", "of entry %d" % covered.pop(0)["seq"])
                if not covered or shown["seq"] < covered[0]["seq"]:
                    raise Fault("PAYLOAD_UNASKED", shown["seq"], name)
                self.check_payload(shown, covered.pop(0))
        if covered:
            self.lacks("PAYLOAD_MISSING", "of entry %d" % covered[0]["seq"])
        if digest.hexdigest() != self.next[0]:
            raise Fault("FILE_DIGEST", None, name)
        self.count, self.next = self.count + 1, next(self.index, None)

    def check_payload(self, shown, header):
        at = shown["seq"]
        if ("evidence" in shown) != self.manifest["evidence"]:
            raise Fault("EVIDENCE_UNASKED", at, "bundle.json says otherwise")
        values = [(d["path"], bytes.fromhex(d["salt"]), d["value"]) for d in shown["disclosures"]]
        open_payload(canonical(shown["payload"]), values, header, at)
        evidence = shown.get("evidence")
        if evidence is not None:
            check_evidence(bytes.fromhex(evidence["salt"]), from_base64(evidence["bytes"]), header, at)
        self.opened += 1

    # -- the log of heads

    def read_head_leaf(self, at, data):
        leaf = head_leaf(data, at)
        kind, origin = leaf["kind"], leaf["origin"]
        if kind == "key.rotated/1":
            statement = {name: value for name, value in leaf.items() if name != "signature"}
            try:
                old, new = parse_vkey(leaf["oldKey"]), parse_vkey(leaf["newKey"])
            except (ValueError, Fault):
                raise Fault("ROTATION_UNSIGNED", at, "a malformed key") from None
            signed = ed25519_verify(old[2], canonical(statement), from_base64(leaf["signature"]))
            if not signed or old[0] != origin or new[0] != origin:
                raise Fault("ROTATION_UNSIGNED", at, origin)
            if self.key not in (None, leaf["oldKey"]):
                raise Fault("ROTATION_OF_UNKNOWN_KEY", at, leaf["oldKey"])
            self.key = leaf["newKey"]
            return
        if kind == "log.opened/1":
            if origin in self.logs:
                raise Fault("LOG_OPENED_TWICE", at, origin)
            if len(self.logs) >= 500000:
                raise Missing("HEADS_TOO_MANY_LOGS", "one more log")
            self.logs[origin] = (0, None, 0)
            return
        if origin not in self.logs:
            raise Fault("HEAD_BEFORE_OPENING", at, origin)
        size, root, low = self.logs[origin]
        if kind == "log.pruned/1":
            if not low <= leaf["minIndex"] <= size:
                raise Fault("PRUNED_BEYOND_HEAD", at, origin)
            self.logs[origin] = (size, root, leaf["minIndex"])
            return
        if leaf["size"] < size:
            raise Fault("HEAD_SHRANK", at, origin)
        if leaf["size"] == size and root not in (None, leaf["root"]):
            raise Fault("HEAD_FORKED", at, origin)
        self.logs[origin] = (leaf["size"], leaf["root"], low)


HEAD_MEMBERS = {
    "log.opened/1": "openedAt origin",
    "head/1": "origin root size",
    "log.pruned/1": "bundle minIndex origin",
    "key.rotated/1": "newKey oldKey origin rotatedAt signature",
}


def head_leaf(data, at):
    try:
        leaf = parse_strict(data, 1)
        members = HEAD_MEMBERS.get(leaf["kind"], "") + " kind v"
        good = len(data) <= 8192 and set(leaf) == set(members.split()) and canonical(leaf) == data
        good = good and leaf["kind"] in HEAD_MEMBERS and is_count(leaf["v"]) and leaf["v"] == 1
        good = good and all(HEAD_RULES[name](leaf[name]) for name in members.split()[:-2])
    except (ValueError, KeyError, TypeError):
        good = False
    if not good:
        raise Fault("HEAD_LEAF_KIND", at, "not a leaf of the log of heads")
    return leaf


def is_count(value):
    return type(value) in (int, float) and value == int(value) and 0 <= value <= SAFE_INTEGER


def is_base64(value, length):
    try:
        return isinstance(value, str) and len(from_base64(value)) == length
    except Fault:
        return False


def _is_vkey(value):
    return len(value) <= 2048 and re.match(r"[^+\s]+\+[0-9a-f]{8}\+[A-Za-z0-9+/=]+\Z", value) is not None


HEAD_RULES = {
    "origin": lambda value: isinstance(value, str) and len(value) <= 1024 and is_key_name(value),
    "openedAt": _is_time,
    "rotatedAt": _is_time,
    "root": lambda value: is_base64(value, 32),
    "signature": lambda value: is_base64(value, 64),
    "size": is_count,
    "minIndex": is_count,
    "bundle": _like(DIGEST),
    "newKey": _is_vkey,
    "oldKey": _is_vkey,
}


def is_manifest(value):
    names = "created evidence filter format from kind origin payloads size tenant to tool"
    if not isinstance(value, dict) or set(value) != set(names.split()):
        return False
    heads, chosen = value["kind"] == "heads", value["filter"]
    return (
        value["format"] == "countersign-bundle/1"
        and all(isinstance(value[name], str) for name in ("created", "tool", "origin"))
        and value["origin"] != ""
        and isinstance(value["evidence"], bool)
        and value["kind"] in ("tenant", "heads")
        and value["payloads"] in ("all", "filter", "none")
        and (chosen is not None) == (value["payloads"] == "filter")
        and (chosen is None or is_filter(chosen))
        and (value["tenant"] is None if heads else _like(UUID)(value["tenant"]))
        and not (heads and (value["payloads"] != "none" or value["evidence"]))
        and all(is_count(value[name]) for name in ("from", "to", "size"))
        and value["from"] <= value["to"] <= value["size"]
    )


def is_filter(value):
    if not isinstance(value, dict) or not value:
        return False
    for name, member in value.items():
        if name in ("sources", "subjects", "types"):
            if not isinstance(member, list) or not 1 <= len(member) <= 1000:
                return False
            if not all(isinstance(item, str) for item in member):
                return False
        elif name in ("occurredFrom", "occurredTo", "recordedFrom", "recordedTo"):
            if not _like(TIME)(member):
                return False
        elif name != "actor" or not isinstance(member, str):
            return False
    return True


def matches(chosen, header):
    """Whether a filter asks for the payload of this entry; without a filter every one is asked for."""
    if chosen is None:
        return True

    def named(patterns, wildcard, name):
        return patterns is None or any(
            name.startswith(p[:-1]) if p.endswith(wildcard) else name == p for p in patterns
        )

    return (
        chosen.get("actor", header["actor"]) == header["actor"]
        and header["source"] in chosen.get("sources", [header["source"]])
        and named(chosen.get("subjects"), "/*", header["subject"])
        and named(chosen.get("types"), ".*", header["type"])
        and chosen.get("occurredFrom", "") <= header["occurredAt"] <= chosen.get("occurredTo", "~")
        and chosen.get("recordedFrom", "") <= header["recordedAt"] <= chosen.get("recordedTo", "~")
    )


def payload_line(data, covered):
    """The members of a payload line, after their forms."""
    hexes = re.compile(r"([0-9a-f]{2})*\Z")
    try:
        line = parse_strict(data, 260)
        good = set(line) - {"evidence"} == {"disclosures", "payload", "seq"} and is_count(line["seq"])
        for shown in line["disclosures"]:
            good = good and set(shown) == {"dataSubject", "path", "salt", "value"}
            good = good and (shown["dataSubject"] is None or isinstance(shown["dataSubject"], str))
            good = good and isinstance(shown["path"], str) and hexes.match(shown["salt"]) is not None
        evidence = line.get("evidence")
        if evidence is not None:
            good = good and set(evidence) == {"bytes", "mediaType", "salt"}
            good = good and isinstance(evidence["mediaType"], str)
            good = good and hexes.match(evidence["salt"]) is not None
            from_base64(evidence["bytes"])
        good = good and isinstance(line["disclosures"], list) and canonical(line) == data
    except (ValueError, KeyError, TypeError, AttributeError, Fault):
        good = False
    if not good:
        raise Fault("PAYLOAD_LINE_MALFORMED", covered[0]["seq"] if covered else None, "a payload line")
    return line


def verify_bundle(folder, policy, known):
    """Prints the verdict on a bundle and returns the exit status."""
    bundle = Bundle(folder, policy, known)
    try:
        bundle.verify()
    except Missing as missing:
        bundle.lacks(*missing.args)
    if bundle.lacking:
        for code, detail in bundle.lacking:
            print("INCOMPLETE %s: %s" % (code, detail))
        return 2
    start, end = bundle.manifest["from"], bundle.manifest["to"]
    print("OK entries %d to %d of %d, root %s" % (start, end, bundle.size, bundle.root.hex()))
    print("of %s, payloads checked: %d" % (bundle.manifest["origin"], bundle.opened))
    print("witnesses: %s, quorum %s" % ("met" if bundle.witnessed else "none asked", policy.quorum))
    if bundle.stamps:
        print("time stamps not judged: %d; see openssl ts -verify" % bundle.stamps)
    return 0


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
    parser.add_argument("--bundle", help="a folder that countersign export wrote")
    parser.add_argument("--policy", help="for a bundle: the tlog-policy file with what you trust")
    parser.add_argument("--known", help="for a bundle: a checkpoint that you kept")
    parser.add_argument("--vkey", help="verifier key of the log: name+id+base64")
    parser.add_argument("--origin", help="of the checkpoint; default: the vkey's name, or below it")
    parser.add_argument("--tenant", help="UUID that every entry must carry")
    parser.add_argument("--file", help="JSON lines: the checkpoint, then an entry a line")
    parser.add_argument("--url", help="GraphQL endpoint")
    parser.add_argument("--token", default=os.environ.get("COUNTERSIGN_TOKEN"))
    parser.add_argument("--page", type=int, default=50, help="entries per request")
    parser.add_argument("--no-evidence", action="store_true", help="leave received bytes out")
    try:
        options = parser.parse_args()
        if [options.file, options.url, options.bundle].count(None) != 2:
            raise ValueError("give one of --bundle, --file and --url")
        if options.bundle is not None:
            if options.policy is None:
                raise ValueError("give --policy: keys are never taken from a bundle")
            with open(options.policy, encoding="utf-8", errors="replace", newline="") as file:
                policy = Policy(file.read(4194305))
            known = None if options.known is None else open(options.known, "rb").read(4194305)
        else:
            vkey = parse_vkey(options.vkey or "")
        if options.url is not None and not options.token:
            raise ValueError("give --token or set COUNTERSIGN_TOKEN")
    except SystemExit as error:
        return 3 if error.code else 0
    except (ValueError, Fault, OSError) as error:
        print("usage: %s" % error, file=sys.stderr)
        return 3
    try:
        if options.bundle is not None:
            return verify_bundle(options.bundle, policy, known)
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
