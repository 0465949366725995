"""CloudTrail's digests in a package: signatures, chains, and the log files that they name."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import dataclass
from typing import Any

from trailscan.export.verifier.content import (
    INCLUDED,
    INDEX,
    LOG_FILES,
    PUBLIC_KEYS,
    Content,
    number,
)
from trailscan.export.verifier.files import inflate
from trailscan.export.verifier.report import RefusedError, Report, shown
from trailscan.export.verifier.rsa import RsaKey, is_rsa_signed, parse_rsa_key
from trailscan.export.verifier.tables import cell, comparable, parse_exact, parse_json

_MOST_DIGEST = 64 << 20
_DELIVERED = re.compile(r"_([0-9]{4})([0-9]{2})([0-9]{2})T([0-9]{2})([0-9]{2})Z_")
_QUOTED = (
    ("previous_bucket", "previousDigestS3Bucket"),
    ("previous_key", "previousDigestS3Object"),
    ("previous_sha256", "previousDigestHashValue"),
    ("previous_signature", "previousDigestSignature"),
)


@dataclass
class SignedDigest:
    """A digest: its row of the index, what it says, and whether AWS signed it."""

    path: str
    row: dict[str, str]
    said: dict[str, Any]
    sha256: str
    is_proved: bool = False


def parse_keys_of_aws(data: bytes) -> dict[str, RsaKey]:
    """AWS's public keys by fingerprint: of a package, or as `aws cloudtrail list-public-keys`.

    Raises:
        ValueError: they are neither, or one has not the fingerprint of its name.
    """
    found = parse_json(data)
    rows = found.get("PublicKeyList") if isinstance(found, dict) else found
    if not isinstance(rows, list):
        raise ValueError("not a list of public keys")  # noqa: TRY004  # a wrong value
    keys: dict[str, RsaKey] = {}
    for row in rows:
        if not isinstance(row, dict):
            raise ValueError("a public key is not an object")  # noqa: TRY004  # a wrong value
        name = str(row.get("fingerprint", row.get("Fingerprint")))
        der = base64.b64decode(str(row.get("der", row.get("Value"))), validate=True)
        if hashlib.md5(der, usedforsecurity=False).hexdigest() != name.lower():
            raise ValueError(f"{shown(name)} is not the MD5 of its key")
        keys[name] = parse_rsa_key(der)
    return keys


def check_digests(
    content: Content, outside: dict[str, RsaKey] | None, report: Report
) -> dict[str, SignedDigest]:
    """Check every digest of a package; gives them by path.

    Args:
        content: of the package.
        outside: AWS's public keys from elsewhere; None for those inside.
        report: collects what is found.
    """
    files = content.files
    try:
        inside = parse_keys_of_aws(files.read(PUBLIC_KEYS))
    except ValueError as error:
        raise RefusedError(content.place(PUBLIC_KEYS), shown(error)) from None
    for name in inside.keys() & (outside or {}).keys():
        if outside and inside[name] != outside[name]:
            report.refuse(content.place(PUBLIC_KEYS), f"{shown(name)} is not the key from outside")
    digests = _read(content, report)
    for one in digests.values():
        one.is_proved = _is_signed(one, inside if outside is None else outside)
    _prove_by_quotes(digests)
    for one in digests.values():
        if not one.is_proved and one.row.get("proof"):
            fingerprint = one.said.get("digestPublicKeyFingerprint")
            known = str(fingerprint) in (inside if outside is None else outside)
            why = "its signature does not hold" if known else "its public key is not given"
            report.refuse(content.place(one.path), f"{why}: {shown(fingerprint)}")
    _check_chains(content, digests, report)
    proved = sum(one.is_proved for one in digests.values())
    if digests:
        report.rest("AWS", "the digests, and the SHA-256 of the log files that they name")
    if proved and outside is None:
        report.is_alone("AWS's public keys come from the package: give --public-keys")
    return digests


def _read(content: Content, report: Report) -> dict[str, SignedDigest]:
    """The digests that the index names; one that the index does not name is refused."""
    found: dict[str, SignedDigest] = {}
    for at, row in enumerate(content.tables[INDEX]):
        path = cell(row, "path", INDEX)
        if path in found or not path.startswith("digests/"):
            report.refuse(content.place(INDEX, at), "its path stands there twice or leads astray")
            continue
        try:
            body = inflate(content.files.read(path), _MOST_DIGEST)
            said = parse_json(body)
        except ValueError as error:
            report.refuse(content.place(path), f"not a digest: {shown(error)}")
            continue
        if not isinstance(said, dict) or not isinstance(said.get("logFiles"), list):
            report.refuse(content.place(path), "not a digest: it names no log files")
            continue
        found[path] = SignedDigest(path, row, said, hashlib.sha256(body).hexdigest())
        _compare_index(content, found[path], at, report)
    listed = {row["path"] for row in content.tables[INDEX]}
    for path in content.files.sizes:
        is_digest = path.startswith("digests/") and path not in (INDEX, PUBLIC_KEYS)
        if is_digest and path not in listed:
            report.refuse(content.place(path), f"the digest is not in {INDEX}")
    return found


def _compare_index(content: Content, one: SignedDigest, at: int, report: Report) -> None:
    """Compare a row of the index with what its digest says."""
    expected = {
        "sha256": one.sha256,
        "bucket": one.said.get("digestS3Bucket"),
        "key": one.said.get("digestS3Object"),
        "end_text": one.said.get("digestEndTime"),
        "fingerprint": one.said.get("digestPublicKeyFingerprint"),
        "log_files": str(len(one.said["logFiles"])),
        **{column: one.said.get(member) for column, member in _QUOTED},
    }
    for column, value in expected.items():
        given = cell(one.row, column, content.place(INDEX, at))
        if comparable(given) != comparable("" if value is None else str(value)):
            report.refuse(content.place(INDEX, at), f"{column} is not what the digest says")


def _signed_text(one: SignedDigest) -> bytes:
    """The four lines that CloudTrail signs."""
    said, previous = one.said, one.said.get("previousDigestSignature")
    where = f"{said.get('digestS3Bucket')}/{said.get('digestS3Object')}"
    parts = (said.get("digestEndTime"), where, one.sha256, "null" if previous is None else previous)
    return "\n".join(str(part) for part in parts).encode("utf-8", "replace")


def _is_signed(one: SignedDigest, keys: dict[str, RsaKey]) -> bool:
    key = keys.get(str(one.said.get("digestPublicKeyFingerprint")))
    try:
        signature = bytes.fromhex(one.row.get("signature", ""))
    except ValueError:
        return False
    return key is not None and is_rsa_signed(key, _signed_text(one), signature)


def _prove_by_quotes(digests: dict[str, SignedDigest]) -> None:
    """A digest whose SHA-256 a signed digest quotes is AWS's too, back along the chain."""
    by_key = {_where(one.said, "digestS3Bucket", "digestS3Object"): one for one in digests.values()}
    waiting = [one for one in digests.values() if one.is_proved]
    while waiting:
        said = waiting.pop().said
        before = by_key.get(_where(said, "previousDigestS3Bucket", "previousDigestS3Object"))
        if before and not before.is_proved and said.get("previousDigestHashValue") == before.sha256:
            before.is_proved = True
            waiting.append(before)


def _where(said: dict[str, Any], bucket: str, key: str) -> tuple[str, str]:
    return str(said.get(bucket)), str(said.get(key))


def _check_chains(content: Content, digests: dict[str, SignedDigest], report: Report) -> None:
    """Each digest quotes the one before it, and a hole in a chain is among the gaps."""
    by_key = {_where(one.said, "digestS3Bucket", "digestS3Object"): one for one in digests.values()}
    places: dict[tuple[str, str], list[SignedDigest]] = {}
    for one in digests.values():
        before = by_key.get(_where(one.said, "previousDigestS3Bucket", "previousDigestS3Object"))
        if before and one.is_proved:
            quoted = (one.said.get("previousDigestHashValue"), before.sha256)
            if quoted[0] != quoted[1]:
                text = "the digest after it quotes another SHA-256"
                report.refuse(content.place(before.path), text)
        if one.is_proved and "_backfill" not in str(one.said.get("digestS3Object")):
            name = (one.row.get("account_id", ""), one.row.get("region", ""))
            places.setdefault(name, []).append(one)
    window = content.statement.get("window_of_delivery")
    bounds = window if isinstance(window, dict) else {}
    since, until = str(bounds.get("since") or "0"), str(bounds.get("until") or "9")
    said = [(row["account_id"], row["region"]) for row in content.tables["gaps.csv"]
            if row["kind"] == "no_digests"]  # fmt: skip
    for name, found in places.items():
        found.sort(key=lambda one: str(one.said.get("digestStartTime")))
        reached = since
        holes = []
        for one in found:
            start, end = (str(one.said.get(f"digest{word}Time")) for word in ("Start", "End"))
            if start > reached and reached < until:
                holes.append(reached)
            reached = max(reached, end)
        if reached < until:
            holes.append(reached)
        if len(holes) > said.count(name):
            where = f"{shown(name[0])} {shown(name[1])} from {shown(holes[0])}"
            report.refuse(content.place(INDEX), f"a digest is missing, and no gap says so: {where}")


def _why_not_attested(
    row: dict[str, str], digests: dict[str, SignedDigest], hashes: dict[str, str]
) -> str | None:
    """Why a row of a log file does not agree with the digest that it names."""
    digest, is_attested = row["digest"], row["attestation"] == "attested"
    if digest and digest not in digests:
        return f"its digest {shown(digest)} is not in the package"
    if digest and digests[digest].is_proved and digest not in hashes:
        return f"the digest {shown(digest)} does not name this log file"
    if is_attested and not digest:
        return "attested, and no digest is named"
    if (is_attested or row["sha256_from"] == "digest") and hashes.get(digest) != row["sha256"]:
        return "its SHA-256 is not the one that the digest names"
    return None


def check_attested(content: Content, digests: dict[str, SignedDigest], report: Report) -> None:
    """Compare each log file with the digest that names it, and the digests with the log files."""
    named: dict[str, dict[str, str]] = {}
    for path, one in digests.items():
        for entry in one.said["logFiles"]:
            if isinstance(entry, dict) and one.is_proved:
                name = comparable(log_file_name(str(entry.get("s3Object"))))
                named.setdefault(name, {})[path] = str(entry.get("hashValue"))
    attested = 0
    rows = content.tables[LOG_FILES]
    for at, row in enumerate(rows):
        for column in ("attestation", "digest", "sha256", "sha256_from", "log_file"):
            cell(row, column, content.place(LOG_FILES, at))
        why = _why_not_attested(row, digests, named.get(comparable(row["log_file"]), {}))
        if why is not None:
            report.refuse(content.place(LOG_FILES, at), why)
        attested += why is None and row["attestation"] == "attested"
    _check_all_there(content, {comparable(row["log_file"]) for row in rows}, named, report)
    done = sum(row["status"] == "done" for row in rows)
    name = shown(content.files.name)
    if attested < done:
        claim = f"{done - attested} of {done} log files are in no signed digest"
        report.is_alone(f"{name}: {claim}")
    elif not any(one.is_proved for one in digests.values()):
        report.is_alone(f"{name}: no signed digest says which log files there are")


def _check_all_there(
    content: Content, there: set[str], named: dict[str, dict[str, str]], report: Report
) -> None:
    """Every log file that signed digests name for the window of delivery has a row."""
    window = content.statement.get("window_of_delivery")
    bounds = window if isinstance(window, dict) else {}
    since, until = str(bounds.get("since") or "0"), str(bounds.get("until") or "9")
    for name in sorted(named.keys() - there):
        match = _DELIVERED.search(name)
        when = "{}-{}-{}T{}:{}:00Z".format(*match.groups()) if match else ""
        if match and since <= when < until:
            text = f"a signed digest names the log file {shown(name)}, and it is not there"
            report.refuse(content.place(LOG_FILES), text)


def log_file_name(key: str) -> str:
    """The name of a log file: its key from `AWSLogs/` on, or the whole key."""
    at = f"/{key}".find("/AWSLogs/")
    return key[at:] if at >= 0 else key


def check_included(content: Content, report: Report) -> None:
    """Compare the log files that are included with their hashes, and records with their place."""
    by_name: dict[str, list[dict[str, str]]] = {}
    for listed in content.tables[LOG_FILES]:
        by_name.setdefault(comparable(listed["log_file"]), []).append(listed)
    by_hash = {row[one]: row for row in content.tables[LOG_FILES]
               for one in ("sha256", "stored_sha256") if row[one]}  # fmt: skip
    lines: dict[str, dict[Any, str]] = {}
    ids: set[str] = set()
    for where, text in content.lines:
        spot = lines.setdefault(comparable(str(where.get("log_file"))), {})
        spot[where.get("position")] = text
        ids.add(str(_members_of(text).get("eventID")))
    included: set[str] = set()
    for path in content.files.sizes:
        if not path.startswith(INCLUDED):
            continue
        data = content.files.read(path)
        try:
            body = inflate(data) if data[:2] == b"\x1f\x8b" else data
        except ValueError as error:
            report.refuse(content.place(path), shown(error))
            continue
        hashes = {hashlib.sha256(body).hexdigest(), hashlib.sha256(data).hexdigest()}
        rows = by_name.get(comparable(path[len(INCLUDED) :])) or []
        rows += [by_hash[one] for one in hashes if one in by_hash]
        row: dict[str, str] | None = next(
            (one for one in rows if {one["sha256"], one["stored_sha256"]} & hashes), None
        )
        if row is None:
            report.refuse(content.place(path), f"it is not a log file of {LOG_FILES}")
            continue
        name = comparable(row["log_file"])
        included.add(name)
        _compare_records(content, path, body, row, (lines.get(name, {}), ids), report)
    if content.has_pseudonyms:
        report.rest("keeper", "people and addresses in records.jsonl were replaced by the signer")
    if lines.keys() - included:
        report.rest("signer", "that records.jsonl is what its log files hold (not all included)")


def _members_of(text: str) -> dict[str, Any]:
    try:
        found = parse_exact(text)
    except ValueError:
        return {}
    return dict(found) if isinstance(found, tuple) else {}


def _compare_records(
    content: Content,
    path: str,
    body: bytes,
    row: dict[str, str],
    lines: tuple[dict[Any, str], set[str]],
    report: Report,
) -> None:
    """Compare the records of a log file with the lines that say they are from it."""
    try:
        records = dict(parse_exact(body.decode("utf-8-sig", "surrogatepass")))["Records"]
    except (ValueError, TypeError, KeyError):
        records = None
    if not isinstance(records, list):
        if row["status"] == "done":
            report.refuse(content.place(path), "it has no list of records")
        return
    if row["status"] == "done" and len(records) != number(row, "records"):
        report.refuse(content.place(path), f"it has {len(records)} records, not {row['records']}")
    spots, ids = lines
    for at, text in spots.items():
        there = isinstance(at, int) and 0 <= at < len(records)
        if not there or (not content.has_pseudonyms and records[at] != parse_exact(text)):
            report.refuse(content.place(path), f"record {shown(at)} is not what records.jsonl has")
    window = content.statement.get("window_of_event_time")
    bounds = window if isinstance(window, dict) else {}
    since, until = str(bounds.get("since")), str(bounds.get("until"))
    source = content.statement.get("event_source")
    for at, record in enumerate(records):
        members = dict(record) if isinstance(record, tuple) else {}
        is_asked = members.get("eventSource") == source
        is_asked = is_asked and since <= str(members.get("eventTime")) < until
        if is_asked and str(members.get("eventID")) not in ids and not number(row, "rejects"):
            report.refuse(content.place(path), f"record {at} of the day is not in records.jsonl")
