"""One chain of digests: is each signed by AWS, where it was signed for, and linked to the next?

Every digest is judged by itself and by its quote in the next one, so the walk goes from the newest
to the oldest. A quoted hash counts if the digest that quotes it is proved to be from AWS. A quoted
signature proves the older digest whoever quotes it, since only AWS can sign.

If two digests in a row are missing, no digest names the older one. It shows in the pace: CloudTrail
writes one digest an hour, empty or not, so the missing ones between two others can be counted.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from trailscan.location import S3Location
from trailscan.trail.digest import parse_digest_key
from trailscan.validate.keys import PublicKey, is_signed, is_usable
from trailscan.validate.layout import delivered_name
from trailscan.validate.verdicts import ChainVerdicts, DigestVerdict, DigestWord, Gap
from trailscan.window import shifted

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from trailscan.trail.digest import Digest, DigestKey, Previous, Signature
    from trailscan.validate.layout import ArchiveLayout
    from trailscan.validate.verdicts import Proof
    from trailscan.window import Window

HOUR = timedelta(hours=1)
DUE = timedelta(hours=3)
"""When a digest is due: it usually comes within the hour after the one that it attests."""


_MOST_INFERRED = 48  # beyond that, logging was stopped rather than each digest deleted
_ONE_MEMBER = "one gzip member and nothing else"
UNPROVED = ("unsigned", "unknown_key", "unusable_key")
"""Verdicts on digests that nothing proves and nothing refutes."""


def in_question(end: datetime, window: Window) -> bool:
    """Whether a digest that ends then may attest what was delivered in a window.

    As in aws-cli, that is from the start of the window until an hour after its end.
    """
    after = window.start is None or end >= window.start
    return after and (window.end is None or end <= shifted(window.end, HOUR))


@dataclass(frozen=True, slots=True)
class DigestFile:
    """A digest file of the archive.

    Attributes:
        bucket: the bucket in which it is.
        key: its key in that bucket.
        name: the parts of its key.
        digest: its content; None if it could not be read or is not a digest.
        signature: from its metadata, or None.
        failure: why there is no content: a reason and words.
        unread: it could not be read.
        context: it is outside the window and only quotes the previous digest.
    """

    bucket: str
    key: str
    name: DigestKey
    digest: Digest | None
    signature: Signature | None = None
    failure: tuple[str, str] | None = None
    unread: bool = False
    context: bool = False


class Keys(NamedTuple):
    """The known public keys by fingerprint; `listed`: AWS listed all keys of the time."""

    known: Mapping[str, PublicKey]
    listed: bool = False


class _Seen(NamedTuple):
    """What the walk along a chain needs at each digest.

    Attributes:
        keys: of the digests that are present.
        pace: the time from one digest to the next.
        layout: of the archive.
        window: of delivery time.
    """

    keys: frozenset[str]
    pace: timedelta
    layout: ArchiveLayout
    window: Window

    def in_window(self, end: datetime) -> bool:
        """Whether a digest that ends then belongs to the window."""
        return in_question(end, self.window)


class _Quote(NamedTuple):
    """The quote of a digest in the next one; `proved`: the next one is from AWS."""

    sha256: str
    signature: str | None
    by: str
    proved: bool


def judge_chain(
    files: Iterable[DigestFile],
    keys: Keys,
    layout: ArchiveLayout,
    window: Window,
    now: datetime | None,
) -> ChainVerdicts:
    """The verdicts on all digests of one chain, present or missing, and the gaps between them.

    Args:
        files: the digests of one chain, in any order.
        keys: the public keys.
        layout: of the archive.
        window: of delivery time.
        now: the present, for a bucket that CloudTrail still delivers to; None for a copy, whose end
            says nothing.
    """
    newest_first = sorted(files, key=lambda file: (file.name.end, file.key), reverse=True)
    judged = _judge_each(newest_first, keys, layout)
    seen = _Seen(
        frozenset(_name_of(file, layout) for file in newest_first),
        _pace(newest_first),
        layout,
        window,
    )
    verdicts: list[DigestVerdict] = []
    gaps = list(_end_gap(newest_first, window, now))
    for file, verdict, older in zip(newest_first, judged, [*newest_first, None][1:], strict=True):
        if not file.context:
            verdicts.append(verdict)
        for found in _before(verdict, older, seen):
            if isinstance(found, Gap):
                gaps.append(found)
            else:
                verdicts.append(found)
    context = (verdict for file, verdict in zip(newest_first, judged, strict=True) if file.context)
    return ChainVerdicts(tuple(verdicts), tuple(gaps), tuple(context))


def _name_of(file: DigestFile, layout: ArchiveLayout) -> str:
    """The key of a digest as a quote names it in the archive."""
    return delivered_name(file.key) if layout.copy else file.key


def _judge_each(
    files: Sequence[DigestFile], keys: Keys, layout: ArchiveLayout
) -> list[DigestVerdict]:
    """The verdict on each digest that is present, from the newest to the oldest."""
    quotes: dict[str, _Quote] = {}
    judged = []
    for file in files:
        verdict = _verdict_for(file, quotes.get(_name_of(file, layout)), keys, layout)
        judged.append(verdict)
        previous = file.digest.previous if file.digest else None
        if previous and _is_believed(verdict) and layout.is_of(previous.bucket):
            found = layout.archive_key(previous.key)
            if found is not None:
                proved = verdict.proof is not None
                quotes[found] = _Quote(previous.sha256, previous.signature, file.key, proved)
    return judged


def _verdict_for(
    file: DigestFile, quote: _Quote | None, keys: Keys, layout: ArchiveLayout
) -> DigestVerdict:
    """The verdict on one digest."""
    if file.digest is None:
        reason, words = file.failure or ("unknown", "nothing")
        verdict: DigestWord = "unread" if file.unread else "malformed"
        return DigestVerdict(file.bucket, file.key, file.name, verdict, reason, "a digest", words)
    case = _Case(file, file.digest, quote)
    found = _misplaced(case, layout) or _mismatched(case, keys)
    return found or _by_signature(case, keys.known[file.digest.fingerprint], layout)


class _Case(NamedTuple):
    """A digest to judge, and its quote in the next one."""

    file: DigestFile
    digest: Digest
    quote: _Quote | None

    @property
    def is_as_quoted(self) -> bool:
        """Whether a proved digest quotes this very content."""
        quote = self.quote
        return quote is not None and quote.proved and quote.sha256 == self.digest.sha256

    def say(
        self,
        verdict: DigestWord,
        reason: str,
        expected: str | None = None,
        found: str | None = None,
        proof: Proof | None = None,
        signature: str | None = None,
    ) -> DigestVerdict:
        """A verdict; content that equals the quote is proved by the quote if by nothing else."""
        proof = proof or ("quoted_hash" if self.is_as_quoted else None)
        by = self.quote.by if self.quote and proof not in (None, "signature") else None
        file = self.file
        where = (file.bucket, file.key, file.name)
        return DigestVerdict(
            *where, verdict, reason, expected, found, proof, by, self.digest, signature
        )


def _misplaced(case: _Case, layout: ArchiveLayout) -> DigestVerdict | None:
    """The verdict on a digest that was signed for another bucket or key, or None."""
    file, digest = case.file, case.digest
    signed = layout.signed_key(file.key) or file.key
    if not layout.is_of(digest.bucket):
        expected = str(S3Location(digest.bucket, digest.key))
        found = case.say("moved", "bucket", expected, file.bucket)
    elif digest.key != signed:
        found = case.say("moved", "key", digest.key, signed)
    else:
        return None
    return replace(found, proof=None, proved_by=None)


def _mismatched(case: _Case, keys: Keys) -> DigestVerdict | None:
    """The verdict on a digest that differs from its quote or has no usable key, or None."""
    digest, quote = case.digest, case.quote
    if quote is not None and quote.proved and not case.is_as_quoted:
        return case.say("modified", "hash", quote.sha256, digest.sha256)
    key = keys.known.get(digest.fingerprint)
    if key is None:
        reason = "not_listed" if keys.listed and not case.is_as_quoted else "no_key"
        return case.say("unknown_key", reason, digest.fingerprint, _fingerprints(keys))
    if not is_usable(key):
        return case.say("unusable_key", "not_rsa", "an RSA key", digest.fingerprint)
    return None


def _by_signature(case: _Case, key: PublicKey, layout: ArchiveLayout) -> DigestVerdict:
    """The verdict by the signature in the metadata; in a copy, by the quoted signature."""
    digest, signed = case.digest, case.file.signature
    quoted = case.quote.signature if case.quote and layout.copy else None
    signature = signed.signature if signed else quoted
    if signature is None and layout.copy:
        return case.say("unsigned", "not_quoted", f"metadata, or a digest after {digest.end_text}")
    if signature is None:
        return case.say("unsigned", "no_metadata", "signature and signature-algorithm", "neither")
    if not is_signed(digest.signed_text, signature, key):
        reason = "metadata" if signed and case.is_as_quoted else "signature"
        expected = f"a signature by key {digest.fingerprint}"
        return case.say("modified", reason, expected, signature, signature=signature)
    proof: Proof = "signature" if signed else "quoted_signature"
    for how in digest.deviations:
        if how != "plain" or not layout.copy:
            return case.say("modified", how, _ONE_MEMBER, how, proof, signature)
    return case.say("valid", proof, proof=proof, signature=signature)


def _fingerprints(keys: Keys) -> str:
    """The known fingerprints, in words."""
    shown = sorted(keys.known)[:3]
    more = f" and {len(keys.known) - 3:,} more" if len(keys.known) > len(shown) else ""
    return (", ".join(shown) or "no keys") + more


def _pace(newest_first: Sequence[DigestFile]) -> timedelta:
    """The time that most digests of the chain cover; an hour if they do not say."""
    spans = Counter(
        file.digest.end - file.digest.start
        for file in newest_first
        if file.digest and not file.name.chain.backfill
    )
    found = max(sorted(spans), key=spans.__getitem__, default=HOUR)
    return found if found > timedelta(0) else HOUR


def _before(
    verdict: DigestVerdict, older: DigestFile | None, seen: _Seen
) -> Iterator[DigestVerdict | Gap]:
    """The verdicts and gaps between a digest and the next older one that is present."""
    believed = _is_believed(verdict)
    upper = verdict.name.end
    if verdict.digest is not None and believed:
        if verdict.digest.previous is None:
            yield from _start(verdict, verdict.digest, older, seen)
            return
        named = _named(verdict, verdict.digest.previous, older, seen)
        if named is None:
            return
        yield named
        upper = named.name.end
        if named.verdict != "missing":
            return
    if older is not None and not verdict.name.chain.backfill:
        yield from _inferred(verdict, upper, older, seen)


def _inferred(
    verdict: DigestVerdict, upper: datetime, older: DigestFile, seen: _Seen
) -> Iterator[DigestVerdict | Gap]:
    """Missing digests between two times that no digest names, by the pace of the chain."""
    last = older.name.end
    count = max(0, round((upper - last) / seen.pace) - 1)
    if count > _MOST_INFERRED:
        yield Gap("unexplained", chain_words(verdict.name), last, upper)
        return
    for number in range(1, count + 1):
        end = shifted(upper, -number * seen.pace)
        if seen.in_window(end):
            yield DigestVerdict(
                verdict.bucket, verdict.name.at(end), verdict.name._replace(end=end),
                "missing", "inferred", f"a digest every {_span(seen.pace)}", "none",
            )  # fmt: skip


def _is_believed(verdict: DigestVerdict) -> bool:
    """Whether the quote in a digest may be followed, if only to look for the previous one."""
    return verdict.proof is not None or verdict.verdict in UNPROVED


def _named(
    verdict: DigestVerdict, previous: Previous, older: DigestFile | None, seen: _Seen
) -> DigestVerdict | None:
    """The verdict on a digest that a later one names; None if it is present."""
    parsed = parse_digest_key(previous.key)
    end = parsed.end if parsed else shifted(verdict.name.end, -seen.pace)
    if not seen.in_window(end):
        return None
    is_of = seen.layout.is_of(previous.bucket)
    found = seen.layout.archive_key(previous.key) if is_of else None
    name = verdict.name._replace(end=end)
    if found is None:
        reason = "key" if is_of else "bucket"
        where = str(S3Location(previous.bucket, previous.key))
        return DigestVerdict(previous.bucket, previous.key, name, "outside", reason, where)
    if found in seen.keys:
        return None
    reason = "before_first" if older is None and seen.window.start is None else "quoted"
    expected = f"SHA-256 {previous.sha256}"
    return DigestVerdict(verdict.bucket, found, name, "missing", reason, expected, "none")


def _start(
    verdict: DigestVerdict, digest: Digest, older: DigestFile | None, seen: _Seen
) -> Iterator[Gap]:
    """The gap before a digest that says that it is the first of its chain."""
    chain, start = chain_words(verdict.name), seen.window.start
    if older is not None and digest.start > older.name.end:
        yield Gap("stopped", chain, older.name.end, digest.start)
    elif older is None and (start is None or digest.start > start):
        yield Gap("start", chain, start, digest.start)


def _end_gap(
    newest_first: Sequence[DigestFile], window: Window, now: datetime | None
) -> Iterator[Gap]:
    """The gap after the newest digest, in a bucket where more should have come.

    Whether the next one is due is decided by the clock; the window decides whether it is wanted.
    """
    if now is None or not newest_first or newest_first[0].name.chain.backfill:
        return
    newest = newest_first[0]
    in_window = window.end is None or shifted(newest.name.end, _pace(newest_first)) <= window.end
    if in_window and newest.name.end < shifted(now, -DUE):
        yield Gap("end", chain_words(newest.name), newest.name.end, window.end)


def chain_words(name: DigestKey) -> str:
    """A chain in words: its folder and trail."""
    chain = name.chain
    kind = " (backfill)" if chain.backfill else ""
    return f"{chain.folder}{f' {chain.trail}' if chain.trail else ''}{kind}"


def _span(pace: timedelta) -> str:
    """A pace in words."""
    minutes = round(pace.total_seconds() / 60)
    return "hour" if minutes == 60 else f"{minutes:,} minutes"  # noqa: PLR2004  # an hour's
